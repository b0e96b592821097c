"""The rows behind the jobs: the schedule (django-celery-beat) and what has been done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.db import connections, transaction
from django_celery_beat.models import (
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
)

from history.jobs.schedules import Cron, Every, Schedule, gap
from history.jobs.turn import Declared
from history.models import Job
from workshop.lib import clock

SHORTEST_LIFE: Final = timedelta(seconds=30)
LONGEST_LIFE: Final = timedelta(hours=1)


def schedule_of(row: PeriodicTask) -> Schedule | None:
    """The schedule of a row; None for kinds that no job of ours has."""
    if row.interval is not None:
        return Every(timedelta(**{row.interval.period: row.interval.every}))
    if row.crontab is not None:
        cron = row.crontab
        return Cron(cron.minute, cron.hour, cron.day_of_week, cron.day_of_month, cron.month_of_year)
    return None


def columns_of(schedule: Schedule, now: datetime) -> dict[str, Any]:
    """The columns of a row with this schedule.

    A message lives as long as a slot, within bounds: nobody works off a heap of old ones.
    """
    interval = crontab = None
    if isinstance(schedule, Every):
        interval, _is_new = IntervalSchedule.objects.get_or_create(
            every=int(schedule.period.total_seconds()), period=IntervalSchedule.SECONDS
        )
    elif isinstance(schedule, Cron):
        crontab, _is_new = CrontabSchedule.objects.get_or_create(
            minute=schedule.minute,
            hour=schedule.hour,
            day_of_week=schedule.day_of_week,
            day_of_month=schedule.day_of_month,
            month_of_year=schedule.month_of_year,
            timezone=settings.WORKSHOP_TIME_ZONE,
        )
    life = min(max(gap(schedule, now), SHORTEST_LIFE), LONGEST_LIFE)
    return {
        "interval": interval,
        "crontab": crontab,
        "expire_seconds": int(life.total_seconds()),
    }


def periodic_row(name: str) -> PeriodicTask | None:
    rows = PeriodicTask.objects.select_related("interval", "crontab")
    return rows.filter(name=name).first()


def schedules() -> dict[str, PeriodicTask]:
    """Every row of the schedule by its name, in one query."""
    rows = PeriodicTask.objects.select_related("interval", "crontab")
    return {row.name: row for row in rows}


def seed(declared: Mapping[str, Declared], *, at: datetime | None = None) -> None:
    """A row for every new job; what the office has changed stays. Jobs that are gone are not sent.

    A new job begins with its next slot: it has missed nothing.
    """
    now = at or clock.now()
    for name, entry in declared.items():
        with transaction.atomic():
            Job.objects.get_or_create(name=name, defaults={"done_slot": entry.when.latest(now)})
            if not PeriodicTask.objects.filter(name=name).exists():
                columns = columns_of(entry.when, now)
                PeriodicTask.objects.create(name=name, task=name, **columns)
    gone = PeriodicTask.objects.exclude(name__in=declared)
    if gone.exists():
        gone.delete()
        PeriodicTasks.update_changed()


def seed_after_migrate(app_config: AppConfig, using: str, **_: Any) -> None:
    """Receiver of ``post_migrate``; does nothing while the tables are not there yet."""
    from history.jobs.declaring import declared_jobs  # needs every app to be ready

    wanted = {Job._meta.db_table, PeriodicTask._meta.db_table}
    if wanted <= set(connections[using].introspection.table_names()):
        seed(declared_jobs())
