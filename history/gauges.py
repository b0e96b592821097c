"""What Prometheus is told of the ground floor: queues, signs of life, jobs. Three bounded reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.db.models.functions import Now

from history.jobs.rows import schedule_of, schedules
from history.models import Job, Lease, Outbox
from workshop.lib import clock
from workshop.lib.telemetry import (
    HEARTBEAT_AGE,
    JOB_FAILURES,
    JOB_OVERDUE,
    QUEUE_AGE,
    QUEUE_DEPTH,
    Reading,
)

MOST: Final = 10_000


def read() -> Iterator[Reading]:
    now = clock.now()
    waiting = Outbox.objects.filter(done_at__isnull=True)
    yield from queue("outbox", waiting, "event__recorded_at", at=now, order="event_id")
    yield from _heartbeats()
    yield from _jobs(now)


def queue(
    name: str, rows: QuerySet[Any], since: str, *, at: datetime, order: str = ""
) -> Iterator[Reading]:
    """How many of ``rows`` wait, counted to :data:`MOST`, and the oldest by its ``since``.

    ``order``: the column by which the database finds the oldest without reading all of them.
    """
    depth = rows.order_by()[:MOST].count()
    oldest = rows.order_by(order or since).values_list(since, flat=True).first()
    age = max(0.0, (at - oldest).total_seconds()) if oldest else 0.0
    yield QUEUE_DEPTH.of(depth, name)
    yield QUEUE_AGE.of(age, name)


def _heartbeats() -> Iterator[Reading]:
    """By the clock of the database, as leases are. A lease of one bot is that of the bot."""
    ages: dict[str, float] = {}
    seen = Lease.objects.filter(seen_at__isnull=False).annotate(now=Now())
    for name, seen_at, now in seen.values_list("name", "seen_at", "now"):
        program = name.partition(":")[0]
        age = max(0.0, (now - seen_at).total_seconds()) if seen_at else 0.0
        ages[program] = min(age, ages.get(program, age))
    yield from (HEARTBEAT_AGE.of(age, program) for program, age in sorted(ages.items()))


def _jobs(now: datetime) -> Iterator[Reading]:
    """Of the jobs that the office has not switched off. One that is being run waits for nothing."""
    planned = {name: row for name, row in schedules().items() if row.enabled}
    for job in Job.objects.filter(name__in=planned):
        yield JOB_FAILURES.of(job.failures, job.name)
        schedule = schedule_of(planned[job.name])
        if schedule is None or job.done_slot is None:
            continue
        runs = job.running_until is not None and job.running_until > now
        slot = schedule.after(job.done_slot)
        waits = (now - slot).total_seconds() if slot and not runs else 0.0
        yield JOB_OVERDUE.of(max(0.0, waits), job.name)
