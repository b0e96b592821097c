"""Running a job: claim its slot, do the work within its time, write down how it went."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import InterfaceError, OperationalError, connection

from history import lease
from history.jobs import claims
from history.jobs.rows import periodic_row, schedule_of
from history.jobs.schedules import Schedule, gap
from history.jobs.turn import Declared, JobFailed, Result, Turn
from history.models import Job
from workshop.lib import clock, stopping, telemetry, tracing
from workshop.lib.actor import SYSTEM
from workshop.lib.correlation import caused_by
from workshop.lib.describing import title
from workshop.lib.errors import WorkshopError
from workshop.lib.process import own_name

LONG: Final = timedelta(minutes=15)
"""Runs of jobs with this much between two slots are kept, and a failed slot is tried again."""

BACKOFF: Final = (60, 300, 900, 3600)  # seconds before the second, third … attempt
EACH_BACKOFF: Final = (1, 5, 30, 120)  # the same for a frequent job that must not skip a slot
PAUSE: Final = 0.5
INSIST: Final = 30.0  # seconds; so long a run that is over waits for a database that went away
MOST_IN_ONE_GO: Final = 50  # slots that one message works off
WORKER: Final = "jobs-worker"
ALIVE: Final = timedelta(seconds=90)
AT_ONCE: Final = timedelta(seconds=20)  # for a run that a person waits for in the browser

logger = logging.getLogger(__name__)


class OutOfTime(Exception):
    """The job used up its time; raised at its next query."""


def run_due(declared: Declared) -> int:
    """Run what is due; how many slots were run. Twice at once, or too early, does nothing."""
    lease.beat(WORKER, own_name(), hold=ALIVE)
    until = time.monotonic() + declared.limit.total_seconds()
    ran = 0
    # A process that is to end begins no further slot: they are due for another one.
    while not stopping.is_asked() and _run_next(declared):
        ran += 1
        # One message is one turn of a worker; the sweep goes on with the slots that are left.
        if not declared.each or ran >= MOST_IN_ONE_GO or time.monotonic() > until:
            break
    return ran


def _run_next(declared: Declared) -> bool:
    row = Job.objects.filter(name=declared.name).first()
    if row is not None and row.asked_at is not None:
        return run_by_hand(declared) is not None
    periodic = periodic_row(declared.name)
    schedule = schedule_of(periodic) if periodic and periodic.enabled else None
    if schedule is None or row is None:
        return False
    now = clock.now()
    slot = claims.due_slot(schedule, row.done_slot, now, each=declared.each)
    if slot is None:
        return False
    found = claims.claim(declared, row, slot, now=now, owner=own_name(), by_hand=False)
    if found is None:
        return False
    if declared.late is not None and now - slot > declared.late:
        _end(declared, found, schedule, outcome=Job.MISSED, done=True)
    elif found.attempt > len(BACKOFF) + 1:
        error = "its process was killed again and again"
        _end(declared, found, schedule, outcome=Job.FAILED, done=True, error=error)
    else:
        _work(declared, found, schedule, limit=declared.limit)
    return True


def run_by_hand(declared: Declared, *, limit: timedelta | None = None) -> str | None:
    """Run now, whatever the schedule says; the outcome, or None when it is running already.

    A slot that is due is thereby done; else the run stands for this moment.
    """
    periodic = periodic_row(declared.name)
    schedule = (schedule_of(periodic) if periodic else None) or declared.when
    row = Job.objects.get(name=declared.name)
    now = clock.now()
    slot = claims.due_slot(schedule, row.done_slot, now, each=declared.each)
    stands_for = slot or now
    found = claims.claim(declared, row, stands_for, now=now, owner=own_name(), by_hand=True)
    if found is None:
        return None
    if slot is None:
        found = claims.apart_from_slots(found)
    return _work(declared, found, schedule, limit=min(limit or declared.limit, declared.limit))


def _work(declared: Declared, found: claims.Claim, schedule: Schedule, *, limit: timedelta) -> str:
    turn = Turn(declared.name, found.slot, found.started_at)
    with caused_by(turn.correlation_id, channel=SYSTEM, job=declared.name), tracing.door("job"):
        return _work_in(turn, declared, found, schedule, limit=limit)


def _work_in(
    turn: Turn, declared: Declared, found: claims.Claim, schedule: Schedule, *, limit: timedelta
) -> str:
    try:
        with _within(limit):
            result = declared.work(turn)
    except stopping.Stopping:
        logger.warning("a job is left to another worker", extra={"job": declared.name})
        _end(declared, found, schedule, outcome=Job.LOST, done=False)
        return Job.LOST
    except Exception as error:  # any bug of a job: told, recorded, tried again
        logger.exception("a job failed")
        _failed(declared, found, schedule, error)
        return Job.FAILED
    _end(declared, found, schedule, outcome=Job.DONE, done=True, result=_plain(result))
    return Job.DONE


def _failed(declared: Declared, found: claims.Claim, schedule: Schedule, error: Exception) -> None:
    """A frequent job goes on with its next slot, unless it wants each; others try again."""
    backoff: tuple[int, ...] = ()
    if _is_long(schedule, found.started_at):
        backoff = BACKOFF
    elif declared.each:
        backoff = EACH_BACKOFF
    again = found.counts_as_done and found.attempt <= len(backoff)
    wait = timedelta(seconds=backoff[found.attempt - 1]) if again else None
    _end(
        declared,
        found,
        schedule,
        outcome=Job.FAILED,
        done=wait is None,
        error=_told(error),
        retry_at=clock.now() + wait if wait else None,
    )


def _end(
    declared: Declared,
    found: claims.Claim,
    schedule: Schedule,
    *,
    outcome: str,
    done: bool,
    **told: Any,
) -> None:
    keep = _is_long(schedule, found.started_at)
    ended_at = clock.now()

    def write_down() -> bool:
        return claims.end(found, done=done, keep=keep, ended_at=ended_at, outcome=outcome, **told)

    took = max(0.0, (ended_at - found.started_at).total_seconds())
    telemetry.job_runs.add(declared.name, outcome)
    telemetry.job_seconds.note(took, declared.name)
    if keep:
        told_of = {"job": declared.name, "outcome": outcome, "duration_ms": round(1000 * took)}
        logger.info("a job has ended", extra=told_of)
    if not _insist(write_down):
        logger.warning("a job had lost its claim", extra={"job": declared.name})


def _insist(write_down: Callable[[], bool]) -> bool:
    """A database that went away comes back; else the slot would wait until its claim runs out."""
    until = time.monotonic() + INSIST
    while True:
        try:
            return write_down()
        except (InterfaceError, OperationalError):
            if connection.in_atomic_block or time.monotonic() > until:
                raise
            connection.close()
            time.sleep(PAUSE)


def _is_long(schedule: Schedule, now: datetime) -> bool:
    return gap(schedule, now) >= LONG


def _plain(result: Result) -> dict[str, int]:
    if result is None:
        return {}
    return {"count": result} if isinstance(result, int) else dict(result)


def _told(error: Exception) -> str:
    """What may be shown: never the values a database error quotes."""
    if isinstance(error, JobFailed):
        return str(error)[:300]
    text = error.text() if isinstance(error, WorkshopError) else title(error)
    return text[:300]


@contextmanager
def _within(limit: timedelta) -> Iterator[None]:
    """Every query of the block after ``limit`` is refused: no thread can be stopped from outside.
    The same when the process is to end and has waited long enough.

    A single query is bounded by the database itself (``DATABASE_STATEMENT_TIMEOUT``).
    """
    until = time.monotonic() + limit.total_seconds()

    def guard(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if time.monotonic() > until:
            raise OutOfTime(f"longer than {limit}")
        stopping.ensure_time()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(guard):
        yield
