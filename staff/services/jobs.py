"""What the office does to periodic jobs: switches them, re-times them, starts them by hand."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask

from history import locks
from history.commands import CommandRef, Outcome, Run, verb
from history.jobs.events import JobAsked, JobRescheduled, JobSwitched
from history.jobs.rows import columns_of, periodic_row, schedule_of
from history.jobs.schedules import WEEKDAYS, Cron, Every, Schedule, as_text
from history.jobs.sending import send
from history.models import Job
from staff import roles
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

SHORTEST: Final = 5  # seconds
LONGEST: Final = int(timedelta(days=7).total_seconds())
LAST_DAY: Final = 28
"""A later day of the month is missing in some of them."""


@verb("job.switch", "history.Job")
def switch_job(
    *,
    job_id: int,
    enabled: bool,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Job]:
    """On or off. What a job missed while it was off, it does not make good for."""
    run = Run.of(actor, command, at)
    _ensure_may(actor)
    job = locks.job(job_id)
    periodic = _periodic(job)
    if periodic.enabled == enabled:
        return Outcome(job)
    periodic.enabled = enabled
    periodic.save()
    if enabled:
        _begin_with_next(job, schedule_of(periodic), run.at)
    run.record(job.stream, JobSwitched(job.name, enabled))
    return Outcome(job)


@verb("job.reschedule", "history.Job")
def reschedule_job(
    *,
    job_id: int,
    every: int | None = None,
    clock_time: time | None = None,
    weekday: str = "",
    month_day: int | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Job]:
    """Another schedule: ``every`` so many seconds, or a time of the day, of a weekday or of a day
    of the month. The job goes on with the next slot of it.

    Raises RuleViolation ``job.bad_schedule``.
    """
    run = Run.of(actor, command, at)
    _ensure_may(actor)
    new = _schedule(every, clock_time, weekday, month_day)
    job = locks.job(job_id)
    periodic = _periodic(job)
    old = schedule_of(periodic)
    if old == new:
        return Outcome(job)
    for name, value in columns_of(new, run.at).items():
        setattr(periodic, name, value)
    periodic.save()
    _begin_with_next(job, new, run.at)
    run.record(job.stream, JobRescheduled(job.name, as_text(old), as_text(new)))
    return Outcome(job)


@verb("job.ask", "history.Job")
def ask_for_job(
    *,
    job_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Job]:
    """Start it now, also one that is switched off. A worker takes it; one that is away, when it is
    back: the wish stands in the row.
    """
    run = Run.of(actor, command, at)
    _ensure_may(actor)
    job = locks.job(job_id)
    _periodic(job)
    job.asked_at = run.at
    job.save(update_fields=["asked_at"])
    run.record(job.stream, JobAsked(job.name))
    name = job.name
    transaction.on_commit(lambda: send(name), robust=True)
    return Outcome(job)


def _ensure_may(actor: Actor) -> None:
    if not (actor.is_system or actor.has(roles.MANAGER, roles.ADMINISTRATOR)):
        raise NotAllowed


def _periodic(job: Job) -> PeriodicTask:
    periodic = periodic_row(job.name)
    if periodic is None:
        raise NotFound("job.gone", _("This job does not exist any more."))
    return periodic


def _begin_with_next(job: Job, schedule: Schedule | None, at: datetime) -> None:
    job.done_slot = schedule.latest(at) if schedule else None
    job.retry_at = None
    job.save(update_fields=["done_slot", "retry_at"])


def _schedule(
    every: int | None, clock_time: time | None, weekday: str, month_day: int | None
) -> Schedule:
    if every is not None and clock_time is None and SHORTEST <= every <= LONGEST:
        return Every(timedelta(seconds=every))
    day_is_good = month_day is None or 1 <= month_day <= LAST_DAY
    if every is None and clock_time is not None and weekday in {"", *WEEKDAYS} and day_is_good:
        return Cron(
            str(clock_time.minute),
            str(clock_time.hour),
            weekday or "*",
            str(month_day) if month_day else "*",
        )
    raise RuleViolation(
        "job.bad_schedule",
        _("From every 5 seconds to every 7 days, or a time of the day, up to day 28 of a month."),
        field="how",
    )
