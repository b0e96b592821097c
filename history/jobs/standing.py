"""How a job stands, for the office: running, late, failed, off, fine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _
from django_celery_beat.models import PeriodicTask

from history.jobs.claims import due_slot
from history.jobs.declaring import declared_jobs
from history.jobs.rows import schedule_of
from history.jobs.schedules import Schedule
from history.models import Job
from workshop.lib import clock

LATE: Final = timedelta(minutes=2)
"""A slot that waits longer than this is worth a word."""


@dataclass(frozen=True)
class Standing:
    """``tone`` is a colour of the office: plain, info, success, warning, danger."""

    text: str
    tone: str
    schedule: Schedule | None
    next_at: datetime | None


def standing(row: Job, periodic: PeriodicTask | None, *, at: datetime) -> Standing:
    """The state as it is at ``at``, the most important word first."""
    schedule = schedule_of(periodic) if periodic is not None else None
    enabled = periodic is not None and periodic.enabled
    following = schedule.after(at) if schedule is not None and enabled else None
    if enabled and row.retry_at is not None and following is not None:
        following = min(following, row.retry_at)
    text, tone = _state(row, schedule, at=at, enabled=enabled)
    return Standing(text, tone, schedule, following)


def _state(row: Job, schedule: Schedule | None, *, at: datetime, enabled: bool) -> tuple[str, str]:
    if row.token:
        if row.running_until is not None and row.running_until > at:
            return _("running since %(time)s") % {"time": _time(row.running_since)}, "info"
        return _("broken off"), "warning"
    if row.asked_at is not None:
        return _("asked for by hand, waits for a worker"), "info"
    if schedule is None:
        return _("does not exist any more"), "plain"
    if not enabled:
        return _("switched off"), "plain"
    if row.last_outcome == Job.FAILED:
        return _failed(row), "danger"
    if _is_late(row, schedule, at):
        return _("late"), "warning"
    if row.last_outcome == Job.MISSED:
        return _("not run: too late"), "warning"
    return (_("fine"), "success") if row.last_outcome else (_("has not run yet"), "plain")


def _failed(row: Job) -> str:
    if row.retry_at is not None:
        return _("failed, again at %(time)s") % {"time": _time(row.retry_at)}
    return _("failed, %(count)s in a row") % {"count": row.failures}


def _is_late(row: Job, schedule: Schedule, at: datetime) -> bool:
    declared = declared_jobs().get(row.name)
    slot = due_slot(schedule, row.done_slot, at, each=declared.each if declared else False)
    return slot is not None and at - slot > LATE


def _time(moment: datetime | None) -> str:
    return f"{clock.local(moment):%H:%M:%S}" if moment else "–"
