"""The only writers of the facts: bring those of some receipts up to date, and work through all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from django.db import transaction

from analytics.models import FactsProgress, FirstCheckType, ReceiptFact, StatusTime
from analytics.receipt_facts import locks
from analytics.receipt_facts.derived import Derived
from analytics.receipt_facts.loading import CHUNK, derived
from receipts.models import Receipt
from receipts.services.calendars import current_calendar
from receipts.worktime import Calendar

COLUMNS: Final = (
    "received_at",
    "void",
    "last_at",
    "refused_at",
    "ready_at",
    "issued_at",
    "first_deadline",
    "deadline",
    "first_check_at",
    "first_passed",
    "returns",
)
STORED: Final = (
    *COLUMNS,
    "ready_seconds",
    "ready_working",
    "issued_seconds",
    "issued_working",
)


def refresh(receipt_ids: Collection[int], *, calendar: Calendar | None = None) -> int:
    """Store the facts of these receipts as their rows and events say now; how many there were.

    Reads after it has locked, so that of two at once the later one stores what is newer. Belongs
    into the transaction that deletes the marks of these receipts.
    """
    ids = sorted(set(receipt_ids))
    measured_by = calendar or current_calendar()
    return sum(
        _refresh(ids[first : first + CHUNK], measured_by) for first in range(0, len(ids), CHUNK)
    )


@transaction.atomic
def _refresh(ids: Collection[int], calendar: Calendar) -> int:
    _make_rows(ids)
    locks.facts(ids)
    found = list(derived(ids, calendar=calendar))
    rows = [row_of(one) for one in found]
    # One statement of plain values: bulk_update writes a CASE with a branch per row.
    ReceiptFact.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["receipt"],
        update_fields=STORED,
    )
    _replace(StatusTime, ids, (row for one in found for row in times_of(one)))
    _replace(FirstCheckType, ids, (row for one in found for row in types_of(one)))
    return len(found)


def _make_rows(ids: Collection[int]) -> None:
    """Rows that can be locked, for those who have none; nobody sees them before they are filled."""
    missing = Receipt.objects.filter(pk__in=ids, fact__isnull=True).order_by("pk")
    ReceiptFact.objects.bulk_create(
        [
            ReceiptFact(receipt_id=pk, received_at=received_at, last_at=received_at, void=True)
            for pk, received_at in missing.values_list("pk", "received_at")
        ],
        ignore_conflicts=True,
    )


def row_of(one: Derived) -> ReceiptFact:
    return ReceiptFact(
        receipt_id=one.id,
        ready_seconds=one.ready.seconds if one.ready else None,
        ready_working=one.ready.working if one.ready else None,
        issued_seconds=one.issued.seconds if one.issued else None,
        issued_working=one.issued.working if one.issued else None,
        **{name: getattr(one, name) for name in COLUMNS},
    )


def times_of(one: Derived) -> Iterator[StatusTime]:
    for number, ((status, reason), length) in enumerate(one.times.items()):
        yield StatusTime(
            fact_id=one.id,
            number=number,
            status=status,
            hold_reason_id=reason,
            seconds=length.seconds,
            working=length.working,
        )


def types_of(one: Derived) -> Iterator[FirstCheckType]:
    for kind, hit in one.types.items():
        yield FirstCheckType(fact_id=one.id, type_id=kind, hit=hit)


def _replace(model: Any, ids: Collection[int], rows: Iterable[Any]) -> None:
    model.objects.filter(fact__in=ids).delete()
    model.objects.bulk_create(rows, batch_size=CHUNK)


@dataclass(frozen=True)
class Healed:
    """What healing did: receipts that had no facts, receipts measured again; is something left?"""

    added: int
    measured: int
    left: bool = field(default=False, compare=False)


def heal_for(time: timedelta) -> Healed:
    """Step by step until nothing is left or the time is over; what is left waits for the next."""
    end = monotonic() + time.total_seconds()
    added = measured = 0
    while True:
        done = heal()
        added, measured = added + done.added, measured + done.measured
        if not done.left or monotonic() >= end:
            return Healed(added, measured, done.left)


@transaction.atomic
def heal(*, most: int = 2000) -> Healed:
    """Give receipts without facts theirs, then measure those again whose calendar has changed.

    Bounded: ``most`` receipts a step, from where the last one ended. A receipt that is registered
    while this runs carries a mark, so that nobody depends on finding it here.
    """
    progress = _progress()
    calendar = current_calendar()
    _notice_calendar(progress, calendar)
    new = list(
        Receipt.objects.filter(pk__gt=progress.position)
        .order_by("pk")
        .values_list("pk", flat=True)[:most]
    )
    lacking = set(new) - set(ReceiptFact.objects.filter(pk__in=new).values_list("pk", flat=True))
    added = refresh(lacking, calendar=calendar)
    progress.position = max([progress.position, *new])
    measured = _measure(progress, calendar, most - len(new))
    progress.save()
    left = len(new) == most or progress.measured is not None
    return Healed(added, measured, left)


def _progress() -> FactsProgress:
    """The locked row; whoever begins at the same moment waits, and finds it."""
    found = locks.progress()
    if found is None:
        FactsProgress.objects.bulk_create([FactsProgress()], ignore_conflicts=True)
        found = locks.progress()
    if found is None:
        raise RuntimeError("the progress of the facts cannot be begun")
    return found


def _notice_calendar(progress: FactsProgress, calendar: Calendar) -> None:
    """Working time is measured by the calendar of today, also that of the past: one rule, and a
    count that is repeated comes to the same.
    """
    text = calendar_text(calendar)
    if progress.calendar != text:
        progress.measured = 0 if progress.calendar else None
        progress.calendar = text


def calendar_text(calendar: Calendar) -> str:
    """Everything that decides about working time, in one order."""
    weekly = [(day, hours) for day, hours in sorted(calendar.weekly.items())]
    special = [(f"{day}", hours) for day, hours in sorted(calendar.special.items())]
    closed = [f"{day}" for day in sorted(calendar.days_off)]
    return repr(_plain([weekly, special, closed]))


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else str(value)


def _measure(progress: FactsProgress, calendar: Calendar, most: int) -> int:
    if progress.measured is None or most <= 0:
        return 0
    ids = list(
        ReceiptFact.objects.filter(pk__gt=progress.measured, ready_at__isnull=False)
        .order_by("pk")
        .values_list("pk", flat=True)[:most]
    )
    progress.measured = ids[-1] if len(ids) == most else None
    return refresh(ids, calendar=calendar)
