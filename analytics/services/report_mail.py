"""E-mails with reports as rows: claimed by one sender, tried again, given up.

A claim has a lease; a row whose sender is gone may have arrived, so it is marked when it is sent
again. What is sent is decided by ``analytics.reports.mailing``.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from analytics.models import ReportMail
from analytics.reports.events import MailFailed
from analytics.services.report_making import maker
from history.commands import CommandRef, Outcome, Run, verb
from workshop.lib.actor import Actor

LEASE: Final = timedelta(minutes=3)
BACKOFF: Final = tuple(timedelta(minutes=n) for n in (1, 5, 15, 60))
GIVE_UP: Final = timedelta(days=1)

State = ReportMail.State


def claim(*, at: datetime) -> ReportMail | None:
    """Take the e-mail that is due longest; None when there is none."""
    lapsed = Q(state=State.SENDING, lease_until__lt=Now())
    due = ReportMail.objects.filter(Q(state=State.WAITING) | lapsed, due_at__lte=at)
    for pk in due.order_by("due_at", "pk").values_list("pk", flat=True)[:20]:
        token = secrets.token_hex(16)
        taken = due.filter(pk=pk).update(
            possible_duplicate=Case(
                When(lapsed, then=Value(True)), default=F("possible_duplicate")
            ),
            state=State.SENDING,
            token=token,
            lease_until=Now() + LEASE,
            attempts=F("attempts") + 1,
        )
        if taken:
            return ReportMail.objects.select_related("report", "employee").get(pk=pk)
    return None


def sent(row: ReportMail, *, at: datetime) -> None:
    """It left."""
    _end(row, State.SENT, sent_at=at, error="")


def unsent(row: ReportMail, reason: str) -> None:
    """Nobody is to get it any more; nothing went wrong."""
    _end(row, State.UNSENT, error=reason[:200])


def later(row: ReportMail, error: str, *, at: datetime) -> bool:
    """Try again, ever more rarely, for a day; False when the day is over."""
    wait = BACKOFF[min(row.attempts, len(BACKOFF)) - 1]
    if at + wait - row.created_at > GIVE_UP:
        return False
    _end(row, State.WAITING, due_at=at + wait, error=error[:200])
    return True


@verb("report.give_up_mail", "analytics.ReportMail")
def give_up(
    *,
    mail_id: int,
    token: str,
    error: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ReportMail]:
    """It cannot be sent: the managers are told. Whoever was taken over changes nothing."""
    run = Run.of(actor, command, at)
    row = ReportMail.objects.select_related("report", "employee").get(pk=mail_id)
    if _end(row, State.FAILED, token=token, error=error[:200]):
        person = {"id": row.employee_id, "name": str(row.employee)}
        run.record(
            row.report.stream, MailFailed(row.report_id, row.report.days, person, error[:200])
        )
    return Outcome(row)


def fail(row: ReportMail, error: str, *, at: datetime) -> None:
    give_up(mail_id=row.pk, token=row.token, error=error, actor=maker(), at=at)


def _end(row: ReportMail, state: str, *, token: str = "", **columns: object) -> bool:
    held = ReportMail.objects.filter(pk=row.pk, token=token or row.token, state=State.SENDING)
    return bool(held.update(state=state, token="", lease_until=None, **columns))
