"""Telling of a quality that fell outside its limits: each drop once, of final works alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from analytics.events import QualityDropped, quality_stream
from analytics.quality import FINAL_AFTER
from analytics.trend import Point, Trend, trends
from history import locks as history_locks
from history.commands import CommandRef, Outcome, Run, verb
from history.models import Event
from history.registry import load
from receipts.events.base import ref
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import Actor

NEWS = timedelta(days=31)
"""A point that has been final for longer is history: a new workshop is not told its past."""


def tell_drops(*, actor: Actor, at: datetime | None = None) -> int:
    """Tell of every drop of those who work here that became final lately; how many were new."""
    at = at or clock.now()
    return sum(_tell_once(shown, point, actor, at) for shown, point in fresh(at))


def fresh(at: datetime) -> list[tuple[Trend, Point]]:
    """The drops of those who work here that became final within ``NEWS``."""
    return [
        (shown, point)
        for shown in trends(at=at)
        for point in shown.points
        if point.dropped and _is_news(point, at)
    ]


def _is_news(point: Point, at: datetime) -> bool:
    return at - (clock.day_start(point.after) + FINAL_AFTER) <= NEWS


@transaction.atomic
def _tell_once(shown: Trend, point: Point, actor: Actor, at: datetime) -> bool:
    """Unless some of its days were told before: a chart may go over from months to weeks."""
    stream = quality_stream(shown.employee_id)
    # Two runs at once: the second waits here and then knows what the first has told.
    history_locks.stream(stream)
    for event in Event.objects.filter(stream=stream, kind=QualityDropped.kind):
        told = load(event)
        if isinstance(told, QualityDropped) and told.overlaps(point.first, point.after):
            return False
    _tell(employee_id=shown.employee_id, point=point, actor=actor, at=at)
    return True


@verb("quality.tell", "history.Event", secret=("point",))
def _tell(
    *,
    employee_id: int,
    point: Point,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Event]:
    run = Run.of(actor, command, at)
    person = Employee.objects.get(pk=employee_id)
    payload = QualityDropped(
        employee=ref(person), first=point.first.isoformat(), after=point.after.isoformat()
    )
    return Outcome(run.record(quality_stream(employee_id), payload))
