"""Claiming a slot: one conditional UPDATE of the job's row, and its conditional end."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from history.jobs.schedules import Schedule
from history.jobs.turn import Declared
from history.models import Job, JobRun
from workshop.lib.process import is_gone

MARGIN: Final = timedelta(seconds=35)
"""Between the end of a run's time and that of its claim: its last query may take as long
(``DATABASE_STATEMENT_TIMEOUT``)."""

SOME_FAILURES: Final = 10
MANY_FAILURES: Final = 100

AHEAD: Final = timedelta(minutes=2)
"""A slot further ahead than this was run by a machine whose clock is wrong."""


@dataclass(frozen=True)
class Claim:
    """The right to run one slot, until the time is up."""

    job_id: int
    token: str
    slot: datetime
    attempt: int
    by_hand: bool
    owner: str
    started_at: datetime
    counts_as_done: bool = True  # the slot is the one that was due


def due_slot(
    schedule: Schedule, done: datetime | None, now: datetime, *, each: bool
) -> datetime | None:
    """The slot that waits to be run: the newest, or with ``each`` the oldest; None when none.

    A clock that was two hours ahead and is set right must not silence the jobs for two hours.
    """
    newest = schedule.latest(now)
    if newest is None or (done is not None and newest <= done <= now + AHEAD):
        return None
    if done is not None and done > newest:
        return newest
    return schedule.after(done) if each and done is not None else newest


def claim(
    declared: Declared, row: Job, slot: datetime, *, now: datetime, owner: str, by_hand: bool
) -> Claim | None:
    """Take the slot; None when another run has it or had it, or it waits for its next attempt.

    ``now`` is the moment by the clock of the program; how long a claim holds is measured by the
    database's own, so that two machines with different clocks agree.
    """
    done = row.done_slot
    free = Q(running_until__isnull=True) | Q(running_until__lt=Now())
    if row.token and is_gone(row.owner):
        free = Q()  # killed on this machine: nobody has to wait for its claim to run out
    waited = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
    same = Q(done_slot__isnull=True) if done is None else Q(done_slot=done)
    attempt = row.attempts + 1 if row.slot == slot else 1
    found = Claim(
        row.pk,
        secrets.token_hex(16),
        slot,
        attempt,
        by_hand,
        owner,
        now,
    )
    wanted = Job.objects.filter(free, same, pk=row.pk, token=row.token)
    if not by_hand:
        wanted = wanted.filter(waited)
    with transaction.atomic():
        taken = wanted.update(
            token=found.token,
            owner=owner,
            slot=slot,
            attempts=attempt,
            retry_at=None,
            asked_at=None if by_hand else F("asked_at"),
            running_since=now,
            running_until=Now() + declared.limit + MARGIN,
        )
        if taken and row.token:
            _note_broken_off(row, now)
    return found if taken else None


def _note_broken_off(row: Job, now: datetime) -> None:
    """The run before this one never ended: its process was killed, or lost the database."""
    JobRun.objects.create(
        job=row,
        slot=row.slot or now,
        attempt=row.attempts,
        owner=row.owner,
        started_at=row.running_since or now,
        outcome=Job.LOST,
    )


def end(found: Claim, *, done: bool, keep: bool, ended_at: datetime, **told: Any) -> bool:
    """Write down how it ended; False when the claim was lost meanwhile.

    ``done`` finishes the slot, also when it failed for good.
    """
    outcome, retry_at = told["outcome"], told.get("retry_at")
    duration = max(timedelta(), ended_at - found.started_at)
    columns: dict[str, Any] = {
        "token": "",
        "running_since": None,
        "running_until": None,
        "retry_at": retry_at,
        "last_started_at": found.started_at,
        "last_ms": int(duration.total_seconds() * 1000),
        "last_outcome": outcome,
        "last_result": told.get("result", {}),
        "last_error": told.get("error", ""),
    }
    if done and found.counts_as_done:
        columns["done_slot"] = found.slot
    with transaction.atomic():
        row = Job.objects.filter(pk=found.job_id, token=found.token)
        failures = row.values_list("failures", flat=True).first() or 0
        columns["failures"] = failures + 1 if outcome == Job.FAILED else 0
        if not row.update(**columns):
            return False
        if keep or found.by_hand or _is_news(outcome, columns["failures"]):
            JobRun.objects.create(
                job_id=found.job_id,
                slot=found.slot,
                by_hand=found.by_hand,
                attempt=found.attempt,
                owner=found.owner,
                started_at=found.started_at,
                ended_at=ended_at,
                outcome=outcome,
                result=columns["last_result"],
                error=columns["last_error"],
            )
    return True


def _is_news(outcome: str, failures: int) -> bool:
    """Of a frequent job: what went wrong, but not each of a thousand equal failures."""
    many = failures > SOME_FAILURES and failures % MANY_FAILURES
    return outcome != Job.DONE and not many


def apart_from_slots(found: Claim) -> Claim:
    """A run between two slots: it leaves the row's last slot as it is."""
    return replace(found, counts_as_done=False)
