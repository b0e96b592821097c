"""Judging the numbers as a worker does it each minute, and whether anybody still does it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django_celery_beat.models import PeriodicTask

from analytics.models import AlertCheck
from analytics.monitoring import alert_mailing
from analytics.monitoring.reading import latest
from analytics.monitoring.sources import Reading, read_all
from analytics.services import alerts
from history.models import Job
from workshop.lib.actor import Actor

OLDEST: Final = timedelta(minutes=30)
"""A snapshot that is older than two of its periods tells of another time."""

JOB: Final = "analytics.check_alerts"
LATE: Final = timedelta(seconds=150)
"""Two slots of the job and a half."""

SILENT: Final = timedelta(minutes=3)
"""So long after the last check nobody seems to look at the numbers any more."""


def check(*, actor: Actor, at: datetime) -> dict[str, int]:
    """What the job does: judge, then send the e-mails that are due."""
    return {**judge(actor=actor, at=at), "mailed": alert_mailing.send_due(at=at)}


def judge(*, actor: Actor, at: datetime) -> dict[str, int]:
    """The newest snapshot, if it was not judged yet, then the minutely numbers.

    Whoever calls it, and however many do: each reading is judged once.
    """
    readings = [(reading, False) for reading in _unjudged(at)]
    readings.append((read_all(at=at, minutely=True), True))
    found = [
        alerts.evaluate(reading, minutely=minutely, actor=actor) for reading, minutely in readings
    ]
    return {
        "fired": sum(one.fired for one in found),
        "resolved": sum(one.resolved for one in found),
        "told": sum(one.told for one in found),
    }


def _unjudged(at: datetime) -> list[Reading]:
    newest = latest()
    judged = AlertCheck.objects.values_list("all_at", flat=True).first()
    if newest is None or at - newest.taken_at > OLDEST or newest.taken_at == judged:
        return []
    return [Reading(newest.taken_at, newest.numbers, tuple(newest.failed))]


def unchecked_since(at: datetime) -> datetime | None:
    """When the numbers were judged last, if that is too long ago; None while somebody does it.

    None also where nobody ever did: nothing has been started there yet.
    """
    last = AlertCheck.objects.values_list("minutely_at", flat=True).first()
    return last if last is not None and at - last > SILENT else None


def is_left_alone(at: datetime) -> bool:
    """Has the job stopped although it is switched on: is there no worker, or no schedule?"""
    rows = Job.objects.filter(name=JOB, last_started_at__isnull=False)
    started = rows.values_list("last_started_at", flat=True).first()
    late = started is not None and at - started > LATE
    return late and PeriodicTask.objects.filter(name=JOB, enabled=True).exists()
