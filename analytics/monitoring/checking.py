"""Judging the numbers as a worker does it each minute, and whether anybody still does it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django_celery_beat.models import PeriodicTask

from analytics.models import AlertCheck
from analytics.monitoring import alert_mailing, anew
from analytics.monitoring.reading import latest, slot_of
from analytics.monitoring.sources import Reading, read_all
from analytics.services import alerts, snapshots
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
    """What the job does: measure if need be, judge, then send the e-mails that are due."""
    minutes = read_all(at=at, minutely=True)
    _measure(minutes)
    told = _judge(minutes, actor)
    return {**told, "mailed": alert_mailing.send_due(at=at)}


def judge(*, actor: Actor, at: datetime) -> dict[str, int]:
    """The newest snapshot, if it was not judged yet, then the minutely numbers.

    Whoever calls it, and however many do: each reading is judged once.
    """
    return _judge(read_all(at=at, minutely=True), actor)


def _measure(minutes: Reading) -> None:
    """A snapshot between the slots, where the newest one misleads or there is none."""
    newest = latest()
    if anew.is_first(newest):
        snapshots.take(slot=slot_of(minutes.at), at=minutes.at)
    elif anew.has_recovered(newest, minutes):
        snapshots.take_between(at=minutes.at)


def _judge(minutes: Reading, actor: Actor) -> dict[str, int]:
    readings = [(reading, False) for reading in _unjudged(minutes.at)]
    readings.append((minutes, True))
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
