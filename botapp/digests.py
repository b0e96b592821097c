"""Digests: one message a person and slot about the deadlines that are near or have passed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from botapp.dialogs import Markup, b, fmt, lines
from botapp.models import OutgoingMessage
from botapp.notices import Addressed, Notice, NoticeButton, on_event, template
from botapp.screens import words
from botapp.transport.port import Message
from history.models import Event
from receipts import digests
from receipts.digests import Digest
from receipts.events.reminders import RemindersFired, RemindersRepeated
from receipts.models import Receipt, ReminderAnswer
from receipts.reminding import for_inspectors, for_managers
from staff import roles, selectors
from staff.models import Employee
from staff.notice_kinds import NoticeKind
from workshop.lib import clock

TEMPLATE: Final = "digest"  # for inspectors, who cannot switch it off
MANAGERS: Final = "digest_overdue"  # for managers who are no inspectors
LISTED: Final = 50  # lines in the message
BUTTONS: Final = 8
UNSENT: Final = (OutgoingMessage.WAITING, OutgoingMessage.CLAIMED, OutgoingMessage.FAILED)


@on_event(RemindersFired.kind)
def to_inspectors_and_managers(event: Event) -> Iterator[Addressed]:
    """Those who are active now; who leaves before it is sent is left out then."""
    numbers = _numbers(event)
    people: list[Employee] = []
    if any(for_inspectors(number) for number in numbers):
        people += selectors.active_inspectors()
    if any(for_managers(number) for number in numbers):
        people += selectors.active_with_role(roles.MANAGER)
    yield from _addressed(people, event)


@on_event(RemindersRepeated.kind)
def to_those_who_put_it_off(event: Event) -> Iterator[Addressed]:
    people = Employee.objects.active().filter(pk__in=[int(pk) for pk in event.payload["people"]])
    yield from _addressed(people, event)


@on_event(
    "employee.added",
    "employee.roles_changed",
    "employee.activity_changed",
    "employee.telegram_bound",
)
def to_who_joined_meanwhile(event: Event) -> Iterator[Addressed]:
    """Who became an inspector while a digest was still on its way gets it like the others."""
    person = Employee.objects.active().filter(pk=event.stream.removeprefix("employee:")).first()
    if person is None or not person.roles & {roles.INSPECTOR, roles.MANAGER}:
        return
    waiting = OutgoingMessage.objects.filter(
        state__in=UNSENT, template__in=(TEMPLATE, MANAGERS), event__kind=RemindersFired.kind
    )
    known = OutgoingMessage.objects.filter(employee=person, template__in=(TEMPLATE, MANAGERS))
    ids = set(waiting.values_list("event_id", flat=True)) - set(
        known.filter(event__in=waiting.values("event")).values_list("event_id", flat=True)
    )
    for digest in Event.objects.filter(pk__in=ids).order_by("pk"):
        yield from _addressed([person], digest)


def _numbers(event: Event) -> set[int]:
    payload = RemindersFired.from_json(event.payload)
    return payload.days_overdue() if isinstance(payload, RemindersFired) else set()


def _addressed(people: Iterable[Employee], event: Event) -> Iterator[Addressed]:
    key = f"digest.{digests.lead_of(event)}"
    for one in dict.fromkeys(people):
        if one.telegram_id is not None:
            name = TEMPLATE if one.is_inspector else MANAGERS
            yield Addressed(one, name, {"event_id": event.pk}, replace_key=key)


@template(TEMPLATE, kind=NoticeKind.DEADLINE_REMINDER)
def digest(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    return notice_of(params["event_id"], employee)


@template(MANAGERS, kind=NoticeKind.OVERDUE)
def digest_overdue(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    return notice_of(params["event_id"], employee)


def notice_of(event_id: int, employee: Employee | None) -> Notice | None:
    """None when everything in it was finished or moved meanwhile."""
    if employee is None:
        return None
    now = clock.now()
    found = digests.read(Event.objects.get(pk=event_id), employee, now)
    receipts = found.receipts
    if not receipts:
        return None
    rows: list[tuple[NoticeButton, ...]] = [
        (NoticeButton(words.label(one, now), "receipt", one.pk),) for one in receipts[:BUTTONS]
    ]
    if len(receipts) > BUTTONS:
        label = _("☰ Whole list: %(count)s") % {"count": len(receipts)}
        rows.append((NoticeButton(label, "digest", event_id),))
    noted = _noted_at(event_id, employee)
    if noted is None:
        return Notice(text_of(found), (*rows, answers(event_id)))
    told = fmt(_("✅ Noted: %(when)s"), when=clock.show(noted))
    return Notice(lines(text_of(found), "", told), tuple(rows))


def _noted_at(event_id: int, employee: Employee) -> datetime | None:
    answer = ReminderAnswer.objects.filter(
        event=event_id, employee=employee, receipt=None, kind=ReminderAnswer.Kind.NOTED
    ).first()
    return answer.answered_at if answer else None


def after_answer(event_id: int, employee: Employee) -> Message:
    """How the message looks now: what was noted is not asked again."""
    notice = notice_of(event_id, employee)
    return (notice or Notice(_("Nothing of this list is waiting any more."))).message()


def sent_to(event_id: int, employee: Employee) -> list[int]:
    """The messages of the digest that stand in the person's chat."""
    rows = OutgoingMessage.objects.filter(
        event=event_id, employee=employee, template__in=(TEMPLATE, MANAGERS)
    )
    return [pk for pk in rows.values_list("message_id", flat=True) if pk is not None]


def answers(event_id: int) -> tuple[NoticeButton, ...]:
    """Noted, or later: below every digest."""
    return (
        NoticeButton(_("✅ Noted"), "digest_noted", event_id),
        NoticeButton(_("⏰ Later"), "digest_later", event_id),
    )


def text_of(found: Digest) -> Markup:
    """Overdue first; what comes late says so."""
    told: list[Markup | str | None] = [b(_("🔔 Deadlines"))]
    if found.late:
        told.append(
            fmt(
                _("⏱ Late by %(span)s: it was planned for %(when)s"),
                span=words.span(found.late),
                when=clock.show(found.planned_for),
            )
        )
    sections = (
        (_("⚠ Overdue: %(count)s"), found.overdue),
        (_("⏳ Within the hour: %(count)s"), found.within_hour),
        (_("📅 Today: %(count)s"), found.today),
        (_("📅 Later: %(count)s"), found.later),
    )
    left = LISTED
    for title, receipts in sections:
        if receipts:
            told += ["", fmt(title, count=b(len(receipts)))]
            told += [_line(one) for one in receipts[: max(0, left)]]
            left -= len(receipts)
    if left < 0:
        told.append(fmt(_("and %(count)s more"), count=-left))
    if found.still:
        told += ["", fmt(_("Told before: %(numbers)s"), numbers=words.numbers([*found.still]))]
    return lines(*told)


def _line(receipt: Receipt) -> Markup:
    """«№101 · 25.11 18:00 · В работе · Максим М.»"""
    parts = [clock.show(receipt.deadline)[:5] + clock.show(receipt.deadline)[10:]]
    parts.append(words.status(receipt))
    if receipt.master is not None:
        parts.append(receipt.master.short_name)
    return fmt("%(number)s · %(told)s", number=b(words.number(receipt)), told=" · ".join(parts))
