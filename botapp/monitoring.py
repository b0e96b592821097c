"""Metrics of the bot: whether it is alive, what waits to be answered and to be sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from analytics.monitoring.catalogue import Category, Link, Metric, Unit
from analytics.monitoring.programs import MOST, silent, waited
from analytics.monitoring.sources import Measured, register_source
from analytics.system_state import BOT as BOT_LIFE
from botapp import reasons
from botapp.models import InboundUpdate, OutgoingMessage, PersonReach
from history import lease
from receipts.models import Reminder

LATELY: Final = timedelta(hours=24)
JUST_NOW: Final = timedelta(hours=1)
QUEUE: Final = (OutgoingMessage.WAITING, OutgoingMessage.CLAIMED, OutgoingMessage.FAILED)


def _list(page: str, query: str = "") -> Link:
    return lambda label: f"{reverse(f'admin:{page}_changelist')}{query}"


BOT: Final = (
    Metric(
        code="bot_silent",
        category=Category.PROGRAMS,
        label=_("Bot silent for"),
        about=_("Seconds since the bot gave its last sign of life. No data if it never ran."),
        unit=Unit.SECONDS,
        alert=True,
        status=True,
        minutely=True,
    ),
    Metric(
        code="inbound_waiting",
        category=Category.DELIVERY,
        label=_("Messages to the bot to be answered"),
        about=_("Messages and presses that the bot has not handled yet. Counted up to 10 000."),
        alert=True,
        minutely=True,
        link=_list("botapp_inboundupdate", "?state__exact=new"),
    ),
    Metric(
        code="inbound_lag",
        category=Category.DELIVERY,
        label=_("People wait for the bot for"),
        about=_("Seconds since the oldest message or press that is not handled yet arrived."),
        unit=Unit.SECONDS,
        alert=True,
        status=True,
        minutely=True,
        link=_list("botapp_inboundupdate", "?state__exact=new"),
    ),
    Metric(
        code="inbound_failed",
        category=Category.DELIVERY,
        label=_("Messages to the bot that failed"),
        about=_("Messages and presses that the bot gave up in the last hour."),
        alert=True,
        status=True,
        minutely=True,
        link=_list("botapp_inboundupdate", "?state__exact=failed"),
    ),
    Metric(
        code="outgoing_queue",
        category=Category.DELIVERY,
        label=_("Notices that are due"),
        about=_("Notices that are due and not sent yet, also those that will be tried again."),
        alert=True,
        minutely=True,
        link=_list("botapp_outgoingmessage", "?state=waiting"),
    ),
    Metric(
        code="outgoing_oldest",
        category=Category.DELIVERY,
        label=_("Notices wait for"),
        about=_("Seconds since the oldest notice that is not sent yet became due."),
        unit=Unit.SECONDS,
        alert=True,
        status=True,
        minutely=True,
        link=_list("botapp_outgoingmessage", "?state=waiting"),
    ),
    Metric(
        code="outgoing_dead",
        category=Category.DELIVERY,
        label=_("Notices given up"),
        about=_(
            "Notices that were given up in the last 24 hours although their recipient can be"
            " reached. Those that were not needed any more are not among them."
        ),
        alert=True,
        status=True,
        minutely=True,
        link=_list("botapp_outgoingmessage", "?state=stopped"),
    ),
    Metric(
        code="people_unreachable",
        category=Category.DELIVERY,
        label=_("People the bot cannot reach"),
        about=_("Employees who work here and have blocked the bot, or never opened it."),
        alert=True,
        minutely=True,
        link=_list("botapp_personreach", "?employee__active__exact=1"),
    ),
)

REMINDERS: Final = (
    Metric(
        code="reminders_pending",
        category=Category.DEADLINES,
        label=_("Reminders that are planned"),
        about=_("Reminders of deadlines whose time has not come, or came a moment ago."),
        alert=True,
    ),
    Metric(
        code="reminders_late",
        category=Category.DEADLINES,
        label=_("Reminders are late by"),
        about=_("Seconds since the oldest reminder became due that was not turned into a notice."),
        unit=Unit.SECONDS,
        alert=True,
        status=True,
    ),
    Metric(
        code="reminders_failed",
        category=Category.DEADLINES,
        label=_("Reminders that did not arrive"),
        about=_("Notices of deadlines that were tried in vain in the last 24 hours."),
        alert=True,
        status=True,
        link=_list("botapp_outgoingmessage", "?state=stopped"),
    ),
)


def bot(at: datetime) -> Measured:
    """The bot's sign of life, its inbox, the sending queue, whom it reaches; seven queries."""
    inbox = InboundUpdate.objects.filter(state=InboundUpdate.NEW).order_by()
    failed = InboundUpdate.objects.filter(state=InboundUpdate.FAILED, done_at__gt=at - JUST_NOW)
    reached = ~Q(last_error__startswith=reasons.UNREACHABLE) & ~Q(last_error=reasons.NO_ACCOUNT)
    first_due = Coalesce("planned_at", "due_at")
    due = OutgoingMessage.objects.filter(state__in=QUEUE).annotate(first_due=first_due)
    queue = due.filter(first_due__lte=at).aggregate(number=Count("pk"), oldest=Min("first_due"))
    return {
        "bot_silent": silent(lease.signs(BOT_LIFE).get(BOT_LIFE)),
        "inbound_waiting": inbox[:MOST].count(),
        "inbound_lag": waited(inbox.aggregate(oldest=Min("received_at"))["oldest"], at),
        "inbound_failed": failed.count(),
        "outgoing_queue": queue["number"],
        "outgoing_oldest": waited(queue["oldest"], at),
        "outgoing_dead": _in_vain(at).filter(reached, state=OutgoingMessage.DEAD).count(),
        "people_unreachable": PersonReach.objects.filter(employee__active=True).count(),
    }


def _in_vain(at: datetime) -> QuerySet[OutgoingMessage]:
    """Notices that should have arrived and did not when they were last tried."""
    rows = OutgoingMessage.objects.filter(tried_at__gt=at - LATELY)
    return rows.exclude(last_error__in=sorted(reasons.SETTLED))


def reminders(at: datetime) -> Measured:
    """Planned, late and undelivered reminders; two queries."""
    planned = Reminder.objects.filter(fate=Reminder.Fate.PLANNED).aggregate(
        number=Count("pk"), oldest=Min("due_at", filter=Q(due_at__lte=at))
    )
    told = Reminder.objects.filter(event=OuterRef("event"))
    # Two conditions: each has its partial index, a list of both would have none.
    stopped = Q(state=OutgoingMessage.FAILED) | Q(state=OutgoingMessage.DEAD)
    failed = _in_vain(at).filter(stopped, Exists(told))
    return {
        "reminders_pending": planned["number"],
        "reminders_late": waited(planned["oldest"], at),
        "reminders_failed": failed.count(),
    }


def register() -> None:
    """Called once, while the apps load."""
    register_source("bot", BOT, bot)
    register_source("reminders", REMINDERS, reminders)
