"""The technical side of making reports: claimed by one maker, ready or failed.

Each write is conditional on the token: whoever was taken over changes nothing any more, so a report
is made, and told, once.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, Final

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q
from django.db.models.functions import Now

from analytics import locks
from analytics.models import Report, ReportFile
from analytics.reports.events import ReportFailed, ReportReady
from analytics.services.report_sending import hand_out, recipients_of
from history.commands import CommandRef, Outcome, Run, verb
from workshop.lib.actor import Actor, system_actor
from workshop.lib.process import is_gone, own_name

LEASE: Final = timedelta(minutes=10)
"""A maker that did not end within it is taken over; of this machine, as soon as it is gone."""

BACKOFF: Final = tuple(timedelta(minutes=n) for n in (1, 5, 15, 60))
MAKER: Final = "analytics.reports"
FOLDER: Final = "reports"

State = Report.State


class LostClaim(Exception):
    """Another maker has taken over: nothing more may be written."""


@dataclass(frozen=True)
class Made:
    """One file as it was written."""

    language: str
    form: str
    file: str
    name: str
    size: int


def claim(*, at: datetime) -> Report | None:
    """Take the report that has waited longest, or whose maker is gone; None when there is none."""
    rows = Report.objects.filter(state__in=[State.WAITING, State.MAKING], due_at__lte=at)
    silent = set(rows.filter(Q(lease_until__lt=Now())).values_list("pk", flat=True))
    for row in rows.order_by("due_at", "pk")[:50]:
        if row.state == State.MAKING and row.pk not in silent and not is_gone(row.owner):
            continue
        token = secrets.token_hex(16)
        # The row is still as it was read: of two makers one takes it.
        same = Report.objects.filter(pk=row.pk, state=row.state, token=row.token)
        taken = same.filter(attempts=row.attempts).update(
            state=State.MAKING,
            token=token,
            owner=own_name(),
            lease_until=Now() + LEASE,
            attempts=row.attempts + 1,
        )
        if taken:
            return Report.objects.get(pk=row.pk)
    return None


def store(report: Report, language: str, form: str, content: IO[bytes]) -> str:
    """Keep a file under a name that a second attempt overwrites: a kill leaves nothing behind."""
    place = f"{FOLDER}/{report.pk}/{language}.{form}"
    default_storage.delete(place)
    return default_storage.save(place, File(content))


@verb("report.finish", "analytics.Report")
def finish(
    *,
    report_id: int,
    token: str,
    files: Iterable[Made],
    summary: Mapping[str, Any],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Report]:
    """It is ready: files, e-mails and the event that the bot tells of, all or nothing.

    Raises LostClaim.
    """
    run = Run.of(actor, command, at)
    row = _held(report_id, token)
    row.state, row.made_at, row.summary, row.error = State.READY, run.at, dict(summary), ""
    _let_go(row, "made_at", "summary")
    ReportFile.objects.bulk_create(ReportFile(report=row, **vars(made)) for made in files)
    run.record(row.stream, hand_out(row, recipients_of(row), run.at, ReportReady))
    return Outcome(row)


@verb("report.fail", "analytics.Report")
def fail(
    *,
    report_id: int,
    token: str,
    error: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Report]:
    """It could not be made: tried again later, and after the last time the managers are told.

    Raises LostClaim.
    """
    run = Run.of(actor, command, at)
    row = _held(report_id, token)
    row.error = error[:200]
    if row.attempts <= len(BACKOFF):
        row.state, row.due_at = State.WAITING, run.at + BACKOFF[row.attempts - 1]
        _let_go(row, "due_at")
        return Outcome(row)
    row.state = State.FAILED
    _let_go(row)
    run.record(row.stream, ReportFailed(row.pk, row.days, row.error))
    return Outcome(row)


def maker() -> Actor:
    return system_actor(MAKER)


def _held(report_id: int, token: str) -> Report:
    row = locks.report(report_id)
    if row.token != token or row.state != State.MAKING:
        raise LostClaim
    return row


def _let_go(row: Report, *fields: str) -> None:
    row.token = row.owner = ""
    row.lease_until = None
    row.save(update_fields=["state", "error", "token", "owner", "lease_until", *fields])
