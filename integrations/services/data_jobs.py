"""Imports and exports as jobs: asked for, claimed by one worker, told of, ended.

:func:`ask` and :func:`cancel` are what people do and are recorded; the rest is the technical side
of the one worker that holds the claim. Each of its writes is conditional on the token: whoever
was taken over changes nothing any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from history.commands import Already, CommandRef, Outcome, Run, verb
from history.jobs.sending import send
from integrations import locks, policies
from integrations.events import DataAsked, DataCancelled
from integrations.models import DataJob
from integrations.models.tasks import FOLDER
from workshop.lib import clock, stopping
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.process import is_gone, own_name
from workshop.lib.text import clip

TASK: Final = "integrations.run_data_jobs"
LEASE: Final = timedelta(seconds=60)
"""A worker that did not write for so long is taken over."""

MOST_ATTEMPTS: Final = 5
"""A job that kills its worker each time is given up."""

MOST_AT_ONCE: Final = 2  # of a workshop: the other places of the workers are for the periodic jobs
MOST_UNFINISHED: Final = 10  # of one person or program
KEPT: Final = timedelta(days=7)
ERROR_LENGTH: Final = 500

State = DataJob.State
Counts = Mapping[str, Any]


class LostClaim(Exception):
    """Another worker has taken over: stop at once, nothing more may be written."""


class CancelAsked(Exception):
    """Somebody asked to cancel: the work rolls back what is open and ends."""


@verb("data.ask", "integrations.DataJob")
def ask(
    *,
    kind: str,
    subject: str,
    options: Mapping[str, Any],
    content: bytes | None = None,
    file_name: str = "",
    total: int = 0,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[DataJob]:
    """Queue an import or export; a worker is woken after the commit.

    Who may is the question of the caller. ``content`` is kept as the file of the job. Raises
    RuleViolation ``data.too_many``.
    """
    run = Run.of(actor, command, at)
    mine = DataJob.objects.filter(asked_kind=actor.kind, asked_id=actor.id)
    if mine.filter(state__in=[State.WAITING, State.RUNNING]).count() >= MOST_UNFINISHED:
        raise RuleViolation(
            "data.too_many",
            _("You have %(most)s unfinished imports and exports: wait, or cancel one."),
            params={"most": MOST_UNFINISHED},
        )
    row = DataJob(
        kind=DataJob.Kind(kind).value,
        subject=subject,
        options=dict(options),
        asked_kind=actor.kind,
        asked_id=actor.id,
        asked_label=actor.label[:150],
        channel=actor.channel.name,
        language=(get_language() or "")[:2] or DataJob._meta.get_field("language").get_default(),
        file_name=clip(file_name, 150),
        total=total,
        created_at=run.at,
        expires_at=run.at + KEPT,
    )
    if content is not None:
        row.file.name = store(ContentFile(content))
    row.save(force_insert=True)
    dry = bool(row.options.get("dry"))
    run.record(row.stream, DataAsked(job_id=row.pk, data=row.kind, subject=row.subject, dry=dry))
    transaction.on_commit(wake, robust=True)
    return Outcome(row)


@verb("data.cancel", "integrations.DataJob")
def cancel(
    *,
    job_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[DataJob]:
    """Cancel: at once while it waits; a running one stops at its next step.

    One that ended is left as it is. Raises NotFound ``data.no_such_job``, NotAllowed.
    """
    run = Run.of(actor, command, at)
    row = locks.data_job(job_id)
    policies.ensure_may_touch_job(actor, row)
    if row.is_finished or row.cancel_asked_at is not None:
        return Outcome(row, already=Already(row.asked_label, row.ended_at or run.at))
    row.cancel_asked_at = run.at
    if row.state == State.WAITING:
        row.state, row.ended_at = State.CANCELLED, run.at
    row.save(update_fields=["cancel_asked_at", "state", "ended_at"])
    run.record(row.stream, DataCancelled(job_id=row.pk, data=row.kind, subject=row.subject))
    return Outcome(row)


def wake() -> None:
    """Ask a worker to look; the sweep finds what was not heard."""
    send(TASK, expires=60)


def waiting() -> bool:
    """Is there a job that a worker could take now?"""
    return next(_to_take(), None) is not None


def claim() -> DataJob | None:
    """Take the oldest job that waits, or whose worker fell silent; None when there is none."""
    for row in _to_take():
        token = secrets.token_hex(16)
        # The row is still as it was read: of two workers one takes it.
        same = DataJob.objects.filter(pk=row.pk, state=row.state, token=row.token)
        taken = same.filter(attempts=row.attempts).update(
            state=State.RUNNING,
            token=token,
            owner=own_name(),
            lease_until=Now() + LEASE,
            attempts=row.attempts + 1,
            started_at=row.started_at or clock.now(),
        )
        if taken:
            return DataJob.objects.get(pk=row.pk)
    return None


def _to_take() -> Any:
    unfinished = DataJob.objects.filter(state__in=[State.WAITING, State.RUNNING]).order_by("id")
    silent = set(
        unfinished.filter(Q(lease_until__lt=Now()), state=State.RUNNING).values_list(
            "pk", flat=True
        )
    )
    rows = list(unfinished)
    running = [row for row in rows if row.state == State.RUNNING]
    silent |= {row.pk for row in running if is_gone(row.owner)}
    free = MOST_AT_ONCE - sum(row.pk not in silent for row in running)
    if free > 0:
        yield from (row for row in rows if row.state == State.WAITING or row.pk in silent)


def progress(
    row: DataJob,
    *,
    done: int | None = None,
    total: int | None = None,
    checkpoint: Mapping[str, Any] | None = None,
) -> None:
    """Tell how far it got and hold the claim for another term.

    With ``checkpoint`` inside the transaction of what it stands for: both, or neither. Raises
    LostClaim, CancelAsked and Stopping; whichever, the transaction has to be rolled back.
    """
    stopping.ensure_time()
    columns: dict[str, Any] = {"lease_until": Now() + LEASE}
    told = {"done": done, "total": total, "checkpoint": checkpoint}
    columns |= {name: value for name, value in told.items() if value is not None}
    if checkpoint is not None:
        columns["attempts"] = 1  # it moves: only one that gets nowhere is given up
    _must_hold(_held(row).update(**columns))
    for name, value in told.items():
        if value is not None:
            setattr(row, name, value)
    if DataJob.objects.filter(pk=row.pk, cancel_asked_at__isnull=False).exists():
        raise CancelAsked


def progress_aside(row: DataJob, *, done: int) -> None:
    """Like :func:`progress`, visible while a transaction of the work is open.

    PostgreSQL: over a connection of its own. SQLite has one writer, who is busy with the work
    itself: nothing is told, and nobody else can take over or cancel meanwhile either.
    """
    stopping.ensure_time()
    if not connection.in_atomic_block:
        progress(row, done=done)
        return
    if connection.vendor != "postgresql":
        return
    aside = connections[connection.alias].copy()
    try:
        with aside.cursor() as cursor:
            cursor.execute(
                "UPDATE integrations_datajob"
                " SET done = %s, lease_until = now() + make_interval(secs => %s)"
                " WHERE id = %s AND token = %s RETURNING cancel_asked_at IS NOT NULL",
                [done, LEASE.total_seconds(), row.pk, row.token],
            )
            found = cursor.fetchone()
    finally:
        aside.close()
    if found is None:
        raise LostClaim
    row.done = done
    if found[0]:
        raise CancelAsked


def give_back(row: DataJob) -> None:
    """It waits again, for another worker; the attempt does not count. Raises LostClaim."""
    columns = {"state": State.WAITING, "token": "", "owner": "", "lease_until": None}
    _must_hold(_held(row).update(**columns, attempts=max(0, row.attempts - 1)))


def finish(
    row: DataJob, *, result: Counts, file: File[bytes] | None = None, file_name: str = ""
) -> None:
    """It is done; ``file`` is what the person fetches. Raises LostClaim."""
    columns = {"state": State.DONE, "error": "", "done": row.total}
    _end(row, columns, result, file, file_name)


def fail(
    row: DataJob,
    *,
    error: str,
    result: Counts | None = None,
    file: File[bytes] | None = None,
    file_name: str = "",
) -> None:
    """It cannot be done; ``error`` is shown to the person. Raises LostClaim."""
    columns = {"state": State.FAILED, "error": clip(error, ERROR_LENGTH)}
    _end(row, columns, result, file, file_name)


def end_cancelled(
    row: DataJob,
    *,
    result: Counts | None = None,
    file: File[bytes] | None = None,
    file_name: str = "",
) -> None:
    """The work has stopped after somebody asked for it. Raises LostClaim."""
    _end(row, {"state": State.CANCELLED}, result, file, file_name)


def forget_files(*, at: datetime, most: int = 200) -> int:
    """Remove the files of jobs whose time is over; the rows stay. How many jobs."""
    rows = DataJob.objects.filter(expires_at__lt=at).exclude(file="", result_file="")
    forgotten = list(rows.filter(state__in=[State.DONE, State.FAILED, State.CANCELLED])[:most])
    for row in forgotten:
        for name in (row.file.name, row.result_file.name):
            if name:
                default_storage.delete(name)
        DataJob.objects.filter(pk=row.pk).update(file="", result_file="")
    return len(forgotten)


def _held(row: DataJob) -> Any:
    return DataJob.objects.filter(pk=row.pk, token=row.token, state=State.RUNNING)


def _end(
    row: DataJob,
    columns: dict[str, Any],
    result: Counts | None,
    file: File[bytes] | None,
    file_name: str,
) -> None:
    ended = clock.now()
    columns |= {"ended_at": ended, "expires_at": ended + KEPT, "token": "", "owner": ""}
    columns["lease_until"] = None
    if result is not None:
        columns["result"] = dict(result)
    if file is not None:
        columns |= {"result_file": store(file), "result_name": clip(file_name, 150)}
    _must_hold(_held(row).update(**columns))
    row.refresh_from_db()


def _must_hold(changed: int) -> None:
    if not changed:
        raise LostClaim


def store(file: File[bytes]) -> str:
    """Under a name that says nothing; never served by its address."""
    return default_storage.save(f"{FOLDER}/{secrets.token_hex(16)}", file)
