"""Metrics of the machinery: who is alive, what waits to be passed on, jobs and backups."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask

from analytics.monitoring.catalogue import Category, Metric, Unit
from analytics.monitoring.sources import Measured
from history import lease, relay
from history.backups.events import STREAM as BACKUPS
from history.backups.events import BackupFailed, BackupMade
from history.jobs import running, scheduler
from history.models import Event, Job, Outbox

MOST: Final = 10_000
"""Waiting rows are counted no further."""

HOUR: Final = timedelta(hours=1)


def _jobs(label: str) -> str:
    return reverse("admin:history_job_changelist")


PROGRAMS: Final = (
    Metric(
        code="scheduler_silent",
        category=Category.PROGRAMS,
        label=_("Scheduler silent for"),
        about=_("Seconds since the leading scheduler of jobs gave its last sign of life."),
        unit=Unit.SECONDS,
        alert=True,
        status=True,
        minutely=True,
        link=_jobs,
    ),
    Metric(
        code="worker_silent",
        category=Category.PROGRAMS,
        label=_("Worker silent for"),
        about=_("Seconds since a worker last looked whether a job is due."),
        unit=Unit.SECONDS,
        alert=True,
        status=True,
        minutely=True,
        link=_jobs,
    ),
    Metric(
        code="relay_silent",
        category=Category.PROGRAMS,
        label=_("Relay of events silent for"),
        about=_("Seconds since the relay last looked for events to pass on."),
        unit=Unit.SECONDS,
        alert=True,
        status=True,
        minutely=True,
        link=_jobs,
    ),
    Metric(
        code="jobs_failed",
        category=Category.PROGRAMS,
        label=_("Jobs that failed"),
        about=_("Jobs that are switched on and whose last run failed."),
        alert=True,
        status=True,
        minutely=True,
        link=lambda label: f"{_jobs(label)}?failing=1",
    ),
    Metric(
        code="outbox_waiting",
        category=Category.DELIVERY,
        label=_("Events to be passed on"),
        about=_("Recorded events that nobody has been told of yet. Counted up to 10 000."),
        alert=True,
        minutely=True,
    ),
    Metric(
        code="outbox_lag",
        category=Category.DELIVERY,
        label=_("Events wait for"),
        about=_("Seconds since the oldest event that is to be passed on was recorded."),
        unit=Unit.SECONDS,
        alert=True,
        status=True,
        minutely=True,
    ),
)

BACKUP: Final = (
    Metric(
        code="backup_age",
        category=Category.BACKUP,
        label=_("Age of the backup"),
        about=_("Hours since the last backup that was made. No data before the first."),
        unit=Unit.HOURS,
        alert=True,
        status=True,
        link=_jobs,
    ),
    Metric(
        code="backup_missing",
        category=Category.BACKUP,
        label=_("No backup was ever made, for"),
        about=_("Hours since this installation began, as long as no backup has been made; then 0."),
        unit=Unit.HOURS,
        alert=True,
        status=True,
        link=_jobs,
    ),
    Metric(
        code="backups_failed",
        category=Category.BACKUP,
        label=_("Backups that failed"),
        about=_("Backups and trials of restoring that failed since the last backup was made."),
        alert=True,
        status=True,
        link=_jobs,
    ),
)


def programs(at: datetime) -> Measured:
    """Signs of life by the database's clock, failed jobs, the outbox; four queries."""
    signs = lease.signs(scheduler.LEASE, running.WORKER, relay.LEASE)
    on = PeriodicTask.objects.filter(enabled=True).values("name")
    waiting = Outbox.objects.filter(done_at__isnull=True).order_by("event_id")
    oldest = waiting.values_list("event__recorded_at", flat=True).first()
    return {
        "scheduler_silent": silent(signs.get(scheduler.LEASE)),
        "worker_silent": silent(signs.get(running.WORKER)),
        "relay_silent": silent(signs.get(relay.LEASE)),
        "jobs_failed": Job.objects.filter(failures__gt=0, name__in=on).count(),
        "outbox_waiting": waiting[:MOST].count(),
        "outbox_lag": waited(oldest, at),
    }


def silent(sign: lease.Sign | None) -> int | None:
    """Whole seconds; None for a program that has never run."""
    return None if sign is None else int(sign.silent.total_seconds())


def waited(since: datetime | None, at: datetime) -> int:
    """Whole seconds that the oldest of a queue has waited; 0 when nothing waits."""
    return 0 if since is None else max(0, int((at - since).total_seconds()))


def backup(at: datetime) -> Measured:
    """The last backup, and what went wrong since; two queries, three before the first backup."""
    events = Event.objects.filter(stream=BACKUPS).order_by("-sequence")
    made = events.filter(kind=BackupMade.kind).values_list("sequence", "occurred_at").first()
    number, moment = made or (0, None)
    failed = events.filter(kind=BackupFailed.kind, sequence__gt=number).count()
    return {
        "backup_age": None if moment is None else max(at - moment, timedelta()) / HOUR,
        "backup_missing": 0 if moment is not None else _age(at),
        "backups_failed": failed,
    }


def _age(at: datetime) -> float:
    """Hours of this installation: its first event is recorded when its tables are made."""
    began = Event.objects.order_by("pk").values_list("recorded_at", flat=True).first()
    return 0.0 if began is None else max(at - began, timedelta()) / HOUR
