"""Notices of watches that stay too long where they are, and the evening summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from botapp.dialogs import Markup, b, fmt, lines
from botapp.notices import Addressed, Notice, NoticeButton, on_event, template
from botapp.screens import words
from history.models import Event
from receipts import stays
from receipts.events.reminders import DaySummed, LimitsExceeded
from receipts.models import Hold, Overstay, Receipt
from receipts.services.limits import HOLD_EXPECTED, HOLD_UNKNOWN
from receipts.standing import stay_words
from receipts.states import URGENT_LIST, Status
from staff import roles, selectors
from staff.models import Employee
from staff.notice_kinds import NoticeKind
from workshop.lib import clock

LISTED: Final = 30
BUTTONS: Final = 8
# Which message tells of which limit: each can be switched off by itself.
OVER_LIMIT, NOT_COLLECTED, NOT_ACCEPTED = "over_limit", "not_collected", "not_accepted"
_OWN: Final = {stays.NOT_COLLECTED: NOT_COLLECTED, stays.NOT_ACCEPTED: NOT_ACCEPTED}


def template_of(limit: str) -> str:
    """The message that tells of a limit, by its code."""
    return _OWN.get(limit, OVER_LIMIT)


@on_event(LimitsExceeded.kind)
def to_inspectors_and_managers(event: Event) -> Iterator[Addressed]:
    names = {template_of(code) for code in event.payload["receipts"]}
    for person in selectors.active_with_role(roles.INSPECTOR, roles.MANAGER):
        if person.telegram_id is not None:
            for name in sorted(names):
                yield Addressed(person, name, {"event_id": event.pk})


@template(OVER_LIMIT, kind=NoticeKind.OVER_LIMIT)
def over_limit(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    return _notice(params, OVER_LIMIT, _("⌛ To look after: %(count)s"))


@template(NOT_COLLECTED, kind=NoticeKind.NOT_COLLECTED)
def not_collected(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    return _notice(params, NOT_COLLECTED, _("📦 Ready, not collected: %(count)s"))


@template(NOT_ACCEPTED, kind=NoticeKind.NOT_ACCEPTED)
def not_accepted(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    return _notice(params, NOT_ACCEPTED, _("👨‍🔧 Not accepted by the master: %(count)s"))


def _notice(params: Mapping[str, Any], name: str, title: str) -> Notice | None:
    """What of the event is still so; None when everything has gone on meanwhile."""
    now = clock.now()
    told = Overstay.objects.filter(event_id=params["event_id"])
    codes = {(row.receipt_id, row.limit) for row in told if template_of(row.limit) == name}
    here = Receipt.objects.in_workshop().filter(pk__in={pk for pk, _code in codes})
    found = [
        (stay.receipt, stay_words(stay))
        for stay in stays.over(here.select_related("master"), now)
        if (stay.receipt.pk, stay.limit.code) in codes
    ]
    found += _holds(here, {pk for pk, code in codes if code in (HOLD_EXPECTED, HOLD_UNKNOWN)})
    if not found:
        return None
    told_lines = [
        fmt("%(number)s · %(what)s", number=b(words.number(receipt)), what=what)
        for receipt, what in found[:LISTED]
    ]
    more = len(found) - LISTED
    text = lines(
        b(title % {"count": len(found)}),
        *told_lines,
        fmt(_("and %(count)s more"), count=more) if more > 0 else None,
    )
    unique = list({receipt.pk: receipt for receipt, _what in found}.values())
    rows = [(NoticeButton(words.label(one, now), "receipt", one.pk),) for one in unique[:BUTTONS]]
    return Notice(text, tuple(rows))


def _holds(here: QuerySet[Receipt], ids: set[int]) -> list[tuple[Receipt, str]]:
    waiting = {one.pk: one for one in here.filter(pk__in=ids, status=Status.ON_HOLD)}
    holds = Hold.objects.valid().filter(receipt__in=waiting, ended_at__isnull=True)
    return [
        (waiting[hold.receipt_id], _hold_words(hold))
        for hold in holds.select_related("reason").order_by("started_at")
    ]


def _hold_words(hold: Hold) -> str:
    if hold.expected_on is None:
        return _("on hold since %(day)s: %(reason)s. Is there a date?") % {
            "day": words.day(clock.local(hold.started_at).date()),
            "reason": hold.reason.name,
        }
    return _("on hold: %(reason)s, was expected on %(day)s") % {
        "reason": hold.reason.name,
        "day": words.day(hold.expected_on),
    }


# --- the evening ----------------------------------------------------------------------------------


@on_event(DaySummed.kind)
def of_the_day(event: Event) -> Iterator[Addressed]:
    people = selectors.active_with_role(roles.INSPECTOR, roles.MANAGER, roles.OWNER)
    for person in people:
        if person.telegram_id is not None:
            yield Addressed(person, "evening", {"event_id": event.pk}, replace_key="evening")


@template("evening", kind=NoticeKind.EVENING_SUMMARY)
def evening(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    """The figures as they were counted; nothing on a day without any."""
    event = Event.objects.get(pk=params["event_id"])
    figures = event.payload
    counts = [figures[name] for name in ("received", "passed", "returned", "issued")]
    if not any(counts) and not figures["overdue"] and not figures["due_tomorrow"]:
        return None
    day = date.fromisoformat(figures["day"])
    text = lines(
        b(fmt(_("🌙 The day: %(day)s"), day=words.day(day))),
        fmt(_("Received: %(count)s"), count=b(figures["received"])),
        fmt(_("Passed QC: %(count)s"), count=b(figures["passed"])),
        fmt(_("Returned from QC: %(count)s"), count=b(figures["returned"])),
        fmt(_("Handed out: %(count)s"), count=b(figures["issued"])),
        "",
        fmt(_("⚠ Overdue now: %(count)s"), count=b(figures["overdue"])),
        _due(day + timedelta(days=1), figures["due_tomorrow"]),
    )
    return Notice(text, ((NoticeButton(_("🔥 Urgent"), "urgent_list"),),))


def _due(day: date, count: int) -> Markup:
    told = fmt(_("📅 Due tomorrow: %(count)s"), count=b(count))
    first, last = clock.day_bounds(day)
    rows = Receipt.objects.valid().filter(
        status__in=URGENT_LIST, deadline__gte=first, deadline__lt=last
    )
    numbers = words.numbers(list(rows.order_by("deadline", "pk")[:LISTED]))
    return lines(told, numbers or None)
