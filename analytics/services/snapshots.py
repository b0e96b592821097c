"""Snapshots of the numbers: taken by slot or on demand, rolled up by day when they are old."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import transaction

from analytics import locks, policies
from analytics.models import DailyNumber, Snapshot
from analytics.monitoring.sources import Number, Reading, read_all
from history.commands import CommandRef, Outcome, verb
from workshop.lib import clock
from workshop.lib.actor import Actor

SCHEMA: Final = 1
"""Of the numbers in a snapshot: grows when a key changes its meaning, not when one is added."""

RAW_KEPT: Final = 30
"""Whole days of the workshop before the running one; older snapshots become daily numbers."""

DAILY_KEPT: Final = timedelta(days=5 * 365 + 1)
MOST_DAYS: Final = 40
CHUNK: Final = 5_000


@dataclass(frozen=True)
class Measured:
    """A reading and how long it took."""

    reading: Reading
    milliseconds: int


@dataclass(frozen=True)
class Forgotten:
    """What a clean-up did: days rolled up, snapshots and daily numbers removed."""

    days: int
    snapshots: int
    numbers: int


def take(*, slot: datetime, at: datetime) -> Snapshot:
    """The snapshot of a slot: that which was taken already, else a new one.

    Whoever comes second (another worker, the same slot run again) gets the row of the first.
    """
    found = Snapshot.objects.filter(slot=slot).first()
    if found is None:
        row = _row(_measured(at), slot=slot)
        Snapshot.objects.bulk_create([row], ignore_conflicts=True)
        found = Snapshot.objects.get(slot=slot)
    return found


def take_between(*, at: datetime) -> Snapshot:
    """A snapshot that stands for no slot: what the newest one says does not hold any more."""
    row = _row(_measured(at), slot=None)
    row.save(force_insert=True)
    return row


def capture(
    *, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Snapshot]:
    """A snapshot because somebody asked for it. The same command answers with the same snapshot.

    Raises NotAllowed. The numbers are read before the transaction of the command: inside, they
    would not be of one moment.
    """
    policies.ensure_may_capture(actor)
    at = at or clock.now()
    return _keep(measured=_measured(at), actor=actor, command=command, at=at)


@verb("monitoring.capture", "analytics.Snapshot", secret=("measured",))
def _keep(
    *, measured: Measured, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Snapshot]:
    row = _row(measured, slot=None)
    row.save(force_insert=True)
    return Outcome(row)


def _measured(at: datetime) -> Measured:
    began = time.monotonic()
    reading = read_all(at=at)
    return Measured(reading, int((time.monotonic() - began) * 1000))


def _row(measured: Measured, *, slot: datetime | None) -> Snapshot:
    reading = measured.reading
    return Snapshot(
        slot=slot,
        taken_at=reading.at,
        duration_ms=measured.milliseconds,
        schema=SCHEMA,
        build=settings.BUILD[:64],
        numbers=reading.numbers,
        failed=list(reading.failed),
    )


def forget(*, at: datetime) -> Forgotten:
    """Roll up and remove snapshots of days that are over for long, and daily numbers after 5 years.

    Each day in a transaction of its own, the oldest first, at most ``MOST_DAYS`` a run. Broken off
    or run twice, it changes nothing that it would not have changed at once.
    """
    today = clock.local(at).date()
    border = clock.day_start(today - timedelta(days=RAW_KEPT))
    days = removed = 0
    while days < MOST_DAYS:
        old = Snapshot.objects.filter(taken_at__lt=border).order_by("taken_at")
        oldest = old.values_list("taken_at", flat=True).first()
        if oldest is None:
            break
        removed += _roll_up(clock.local(oldest).date())
        days += 1
    return Forgotten(days, removed, _forget_numbers(today - DAILY_KEPT))


@transaction.atomic
def _roll_up(day: date) -> int:
    """Turn the snapshots of a day into its daily numbers; how many there were.

    A day that has daily numbers already (a clock was wrong) gets these added to them.
    """
    rows = locks.snapshots(*clock.day_bounds(day))
    found = _summed(day, (row.numbers for row in rows))
    for known in DailyNumber.objects.filter(day=day, key__in=found):
        _add(found[known.key], known)
    DailyNumber.objects.bulk_create(
        found.values(),
        batch_size=500,
        update_conflicts=True,
        unique_fields=["key", "day"],
        update_fields=["lowest", "highest", "total", "last", "count"],
    )
    deleted, _by_model = Snapshot.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return deleted


def _summed(day: date, readings: Iterable[Mapping[str, Number]]) -> dict[str, DailyNumber]:
    """What the readings of a day came to, key by key; what was never measured has no row."""
    found: dict[str, DailyNumber] = {}
    for numbers in readings:
        for key, number in numbers.items():
            if number is None:
                continue
            value = Decimal(str(number))
            one = DailyNumber(
                day=day, key=key, lowest=value, highest=value, total=value, last=value, count=1
            )
            if key in found:
                _add(one, found[key])
            found[key] = one
    return found


def _add(later: DailyNumber, earlier: DailyNumber) -> None:
    later.lowest = min(later.lowest, earlier.lowest)
    later.highest = max(later.highest, earlier.highest)
    later.total += earlier.total
    later.count += earlier.count


def _forget_numbers(border: date) -> int:
    rows = DailyNumber.objects.filter(day__lt=border)
    total = 0
    while ids := list(rows.order_by("day").values_list("pk", flat=True)[:CHUNK]):
        deleted, _by_model = DailyNumber.objects.filter(pk__in=ids).delete()
        total += deleted
    return total
