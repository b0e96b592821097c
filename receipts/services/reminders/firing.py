"""Firing: what is due becomes one event per slot, from which the bot makes one digest a person.

Claim, event and the next daily notices are one transaction: a kill leaves all of it or nothing,
and the next run makes good for it. Two runs at once never tell twice: each takes only the rows
that it could lock as still planned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction

from history.commands import CommandRef, Outcome, Run, verb
from history.models import Event
from receipts import locks
from receipts.events.reminders import RemindersFired, notices_stream
from receipts.models import Reminder
from receipts.reminding import (
    OVERDUE,
    day_number,
    is_overdue_kind,
    last_daily,
    next_daily,
)
from receipts.states import URGENT_LIST
from workshop.lib import clock
from workshop.lib.actor import Actor, system_actor

AT_ONCE: Final = 20_000  # reminders in one event, and so in one digest
CHUNK: Final = 2_000  # rows of one statement
ACTOR: Final = "reminders"


def fire_due(*, actor: Actor | None = None, at: datetime | None = None) -> int:
    """Tell everything that is due; how many reminders were told. Safe to run at any time, by any
    number of processes, late or twice.
    """
    at = at or clock.now()
    told = 0
    while Reminder.objects.filter(fate=Reminder.Fate.PLANNED, due_at__lte=at).exists():
        taken, fired = _fire_some(actor or system_actor(ACTOR), at)
        told += fired
        if not taken:
            break  # somebody else holds what is left
    return told


@dataclass
class Sorted:
    """What becomes of the rows that are due."""

    told: list[Reminder] = field(default_factory=list)
    missed: list[Reminder] = field(default_factory=list)
    cancelled: list[Reminder] = field(default_factory=list)
    # Daily notices whose own row was never planned: the workshop's machine was off.
    late_daily: list[Reminder] = field(default_factory=list)


@transaction.atomic
def _fire_some(actor: Actor, at: datetime) -> tuple[int, int]:
    """A digest full: how many rows were taken, and how many of them are told."""
    due = locks.due_reminders(at, AT_ONCE)
    if not due:
        return 0, 0
    found = _sorted(due, at)
    _settle(found.missed, Reminder.Fate.MISSED, at)
    _settle(found.cancelled, Reminder.Fate.CANCELLED, at)
    told = len(found.told) + len(found.late_daily)
    if told:
        _tell(found=found, actor=actor, at=at)
        _plan_next(found, at)
    return len(due), told


def _sorted(due: Sequence[Reminder], at: datetime) -> Sorted:
    by_receipt: dict[int, list[Reminder]] = defaultdict(list)
    found = Sorted()
    for row in due:
        if _stands(row):
            by_receipt[row.receipt_id].append(row)
        else:
            found.cancelled.append(row)
    for rows in by_receipt.values():
        _sort_one(sorted(rows, key=lambda row: row.due_at), at, found)
    return found


def _stands(row: Reminder) -> bool:
    """Still about the deadline that holds, of a watch that is still to be finished."""
    receipt = row.receipt
    return (
        receipt.voided_at is None
        and receipt.deadline is not None
        and receipt.deadline_version == row.deadline_version
        and receipt.status in URGENT_LIST
    )


def _sort_one(rows: Sequence[Reminder], at: datetime, found: Sorted) -> None:
    """Of one receipt only the latest is told; what it was too late for is missed."""
    *earlier, last = rows
    found.missed += earlier
    deadline = last.receipt.deadline
    if deadline is None:
        raise LookupError(f"reminder {last.pk} has no deadline")
    if not is_overdue_kind(last.kind):
        (found.told if at < deadline else found.missed).append(last)
        return
    today = last_daily(deadline, at)
    if today is None or today[1] <= last.due_at:
        found.told.append(last)
        return
    found.missed.append(last)
    kind, due_at = today
    found.late_daily.append(
        Reminder(
            receipt=last.receipt,
            deadline_version=last.deadline_version,
            kind=kind,
            due_at=due_at,
        )
    )


def _settle(rows: Sequence[Reminder], fate: str, at: datetime) -> None:
    for ids in _chunks([row.pk for row in rows]):
        Reminder.objects.filter(pk__in=ids).update(fate=fate, fate_at=at)


@verb("reminders.fire", "history.Event", secret=("found",))
def _tell(
    *, found: Sorted, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Event]:
    """The event, and the rows that point at it."""
    run = Run.of(actor, command, at)
    groups: dict[str, list[int]] = defaultdict(list)
    told = [*found.told, *found.late_daily]
    for row in told:
        groups[_group(row)].append(row.receipt_id)
    planned_for = min(row.due_at for row in told)
    event = run.record(
        notices_stream(run.at),
        RemindersFired(planned_for=clock.iso(planned_for) or "", receipts=dict(groups)),
    )
    fired = {"fate": Reminder.Fate.FIRED, "fate_at": run.at, "event": event}
    for ids in _chunks([row.pk for row in found.told]):
        Reminder.objects.filter(pk__in=ids).update(**fired)
    for row in found.late_daily:
        for name, value in fired.items():
            setattr(row, name, value)
    Reminder.objects.bulk_create(
        found.late_daily,
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["receipt", "deadline_version", "kind"],
        update_fields=["fate", "fate_at", "event"],
    )
    return Outcome(event)


def _group(row: Reminder) -> str:
    """The kind, a daily one under the number of its day: it decides who is told."""
    if row.receipt.deadline is None or ":" not in row.kind:
        return row.kind
    return f"{OVERDUE}:{day_number(row.kind, row.receipt.deadline)}"


def _plan_next(found: Sorted, at: datetime) -> None:
    """Daily at 10:00 until met or moved: each overdue notice plans the one after it."""
    rows = []
    for row in (*found.told, *found.late_daily):
        if row.receipt.deadline is None or not is_overdue_kind(row.kind):
            continue
        kind, due_at = next_daily(row.receipt.deadline, at)
        rows.append(
            Reminder(
                receipt=row.receipt,
                deadline_version=row.deadline_version,
                kind=kind,
                due_at=due_at,
            )
        )
    Reminder.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
