"""Catching up: a job whose slot has passed without a run is sent again, whatever became of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q
from django.db.models.functions import Now
from django_celery_beat.models import PeriodicTask

from history.jobs.claims import due_slot
from history.jobs.declaring import declared_jobs
from history.jobs.rows import schedule_of
from history.jobs.sending import send
from history.models import Job
from workshop.lib.process import is_gone

PATIENCE: Final = timedelta(seconds=30)
"""A slot younger than this is probably on its way."""

logger = logging.getLogger(__name__)


def missed(*, at: datetime) -> Iterator[str]:
    """Names of the jobs that are due and not running: after downtime, a lost message, a kill.

    And of those that a person asked for.
    """
    declared = declared_jobs()
    asked = Job.objects.filter(asked_at__lt=at - PATIENCE, name__in=declared)
    yield from asked.order_by("name").values_list("name", flat=True)
    waited = Q(retry_at__isnull=True) | Q(retry_at__lte=at)
    over = Q(running_until__isnull=True) | Q(running_until__lt=Now())
    rows = {
        row.name: row for row in Job.objects.filter(waited, asked_at=None).annotate(is_over=Q(over))
    }
    enabled = PeriodicTask.objects.filter(enabled=True, name__in=declared)
    for periodic in enabled.select_related("interval", "crontab").order_by("name"):
        row, schedule = rows.get(periodic.name), schedule_of(periodic)
        if row is None or schedule is None or not _is_free(row):
            continue
        each = declared[periodic.name].each
        slot = due_slot(schedule, row.done_slot, at, each=each)
        if slot is not None and at - slot >= PATIENCE:
            yield periodic.name


def _is_free(row: Any) -> bool:
    return row.is_over or is_gone(row.owner)


def send_missed(*, at: datetime) -> int:
    """Send a message for each; how many the broker took. The others come a minute later."""
    sent = 0
    for name in missed(at=at):
        logger.info("a late job is started", extra={"job": name})
        sent += send(name, expires=60)
    return sent
