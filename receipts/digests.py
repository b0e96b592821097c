"""What a digest of reminders says at the moment it is sent: read anew, never remembered.

Between firing and sending a watch may have passed or its deadline moved: then it is not in it.
What was ahead and has become overdue meanwhile stands there as overdue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, F, OuterRef

from history.models import Event
from receipts.events.reminders import RemindersRepeated
from receipts.models import Receipt, Reminder
from receipts.reminding import (
    AFTER,
    BEFORE,
    HOUR,
    OVERDUE,
    day_number,
    for_inspectors,
    for_managers,
)
from receipts.states import URGENT_LIST
from staff.models import Employee
from workshop.lib import clock

LATE: Final = timedelta(minutes=5)  # from then on a message says that it comes late
STILL: Final = 30  # told before, and still waiting

LEAD_DAY: Final = "day"
LEAD_OVERDUE: Final = "overdue"
LEAD_HOUR: Final = "hour"


@dataclass(frozen=True)
class Digest:
    """The receipts by how near their deadline is; ``late`` is how late the message comes."""

    overdue: tuple[Receipt, ...]
    within_hour: tuple[Receipt, ...]
    today: tuple[Receipt, ...]
    later: tuple[Receipt, ...]
    still: tuple[Receipt, ...]
    planned_for: datetime
    late: timedelta

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """All that this digest is about, overdue first."""
        return (*self.overdue, *self.within_hour, *self.today, *self.later)


def lead_of(event: Event) -> str:
    """Which former digest this one replaces: the newest of its kind stays in the chat."""
    if event.kind == RemindersRepeated.kind:
        return LEAD_DAY
    kinds = {kind for kind, ids in event.payload["receipts"].items() if ids}
    if kinds - {HOUR, OVERDUE}:
        return LEAD_DAY
    return LEAD_OVERDUE if OVERDUE in kinds else LEAD_HOUR


def read(event: Event, employee: Employee, at: datetime) -> Digest:
    """The digest of this event for this person, as it is at ``at``."""
    receipts = _receipts(event, employee)
    day = clock.local(at).date()
    overdue, within, today, later = [], [], [], []
    for receipt in receipts:
        deadline = receipt.deadline
        if deadline is None:
            continue
        if deadline <= at:
            overdue.append(receipt)
        elif deadline - at <= BEFORE:
            within.append(receipt)
        elif clock.local(deadline).date() == day:
            today.append(receipt)
        else:
            later.append(receipt)
    planned_for = clock.from_iso(event.payload["planned_for"]) or event.occurred_at
    late = at - planned_for
    return Digest(
        tuple(overdue),
        tuple(within),
        tuple(today),
        tuple(later),
        _still(event, employee, {row.pk for row in receipts}, at),
        planned_for,
        late if late >= LATE else timedelta(),
    )


def _receipts(event: Event, employee: Employee) -> list[Receipt]:
    """Those that are still to be finished, nearest deadline first."""
    standing = Receipt.objects.valid().filter(status__in=URGENT_LIST, deadline__isnull=False)
    rows = standing.select_related("master").order_by("deadline", "pk")
    if event.kind == RemindersRepeated.kind:
        return list(rows.filter(pk__in=event.payload["people"].get(str(employee.pk), [])))
    # Told by a later slot meanwhile: this one was held up, and need not say it a second time.
    again = Reminder.objects.filter(
        receipt=OuterRef("receipt"),
        deadline_version=OuterRef("deadline_version"),
        fate=Reminder.Fate.FIRED,
        due_at__gt=OuterRef("due_at"),
    )
    told = Reminder.objects.filter(
        ~Exists(again),
        event=event,
        fate=Reminder.Fate.FIRED,
        deadline_version=F("receipt__deadline_version"),
    )
    mine = [
        pk
        for pk, kind, deadline in told.values_list("receipt_id", "kind", "receipt__deadline")
        if deadline is not None and _concerns(employee, day_number(kind, deadline))
    ]
    return list(rows.filter(pk__in=mine))


def _concerns(employee: Employee, number: int) -> bool:
    return (employee.is_inspector and for_inspectors(number)) or (
        employee.is_manager and for_managers(number)
    )


def _still(event: Event, employee: Employee, shown: set[int], at: datetime) -> tuple[Receipt, ...]:
    """What the digest that this one replaces told of, and what waits still."""
    lead = lead_of(event)
    if lead == LEAD_DAY or not employee.is_inspector:
        return ()
    begin, end = at, at + BEFORE
    if lead == LEAD_OVERDUE:
        begin, end = clock.day_start(clock.local(at).date()), at - AFTER
    rows = Receipt.objects.valid().filter(
        status__in=URGENT_LIST, deadline__gt=begin, deadline__lte=end
    )
    return tuple(rows.exclude(pk__in=shown).order_by("deadline", "pk")[:STILL])
