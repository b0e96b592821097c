"""Jobs of the core: thin, the services know what is due and claim it themselves."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from history.jobs import Turn, daily, every, job, monthly
from receipts.services import reminders
from receipts.services.holidays import keep_holidays
from receipts.services.limits import tell_over_limits
from receipts.services.summary import sum_day
from workshop.lib import clock


@job(
    "receipts.fire_reminders",
    _("Fire due reminders"),
    _("Tells of deadlines that are near or have passed, and again to those who put it off."),
    when=every(minutes=1),
    limit=timedelta(seconds=30),
    counts={"told": _("reminders told"), "repeated": _("told again")},
)
def fire_reminders(turn: Turn) -> dict[str, int]:
    return {
        "told": reminders.fire_due(actor=turn.actor, at=turn.at),
        "repeated": reminders.repeat_due(actor=turn.actor, at=turn.at),
    }


@job(
    "receipts.check_limits",
    _("Check service limits"),
    _("Tells of watches that stay too long, and of holds whose date has come. Quiet 22:00–06:00."),
    when=every(minutes=15),
    limit=timedelta(minutes=2),
    counts={"told": _("over the limit")},
)
def check_limits(turn: Turn) -> dict[str, int]:
    return {"told": tell_over_limits(actor=turn.actor, at=turn.at)}


@job(
    "receipts.evening_summary",
    _("Evening summary"),
    _("What came in, passed, was returned and handed out today, and what is due tomorrow."),
    when=daily("21:30"),
    limit=timedelta(minutes=1),
    late=timedelta(hours=2),
)
def evening_summary(turn: Turn) -> None:
    sum_day(
        day=clock.local(turn.slot).date(), actor=turn.actor, command=turn.key("sum"), at=turn.at
    )


@job(
    "receipts.keep_holidays",
    _("Keep the public holidays"),
    _("Brings this and the next year's public holidays into the work calendar."),
    when=monthly(1, "02:00"),
    limit=timedelta(minutes=1),
    counts={"days": _("days added")},
)
def keep_public_holidays(turn: Turn) -> dict[str, int]:
    return {"days": keep_holidays(actor=turn.actor, at=turn.at)}
