"""E-mails about alerts as rows: planned with the event, claimed by one sender, tried again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q
from django.db.models.functions import Now

from analytics.models import AlertMail
from history.models import Event

LEASE: Final = timedelta(minutes=3)
BACKOFF: Final = tuple(timedelta(minutes=n) for n in (1, 5, 15, 60))
GIVE_UP: Final = timedelta(hours=12)
"""Older news of an alert is of no use to anybody."""

KEPT: Final = timedelta(days=30)

State = AlertMail.State


def plan_mail(event: Event, addresses: Iterable[str], *, at: datetime) -> None:
    """One e-mail to each address, in the transaction of the event."""
    rows = [
        AlertMail(event=event, address=address, due_at=at, created_at=at) for address in addresses
    ]
    AlertMail.objects.bulk_create(rows, ignore_conflicts=True)


def claim_mail(*, at: datetime) -> AlertMail | None:
    """Take the one that is due longest; None when there is none."""
    lapsed = Q(state=State.SENDING, lease_until__lt=Now())
    due = AlertMail.objects.filter(Q(state=State.WAITING) | lapsed, due_at__lte=at)
    for pk in due.order_by("due_at", "pk").values_list("pk", flat=True)[:20]:
        taken = due.filter(pk=pk).update(
            state=State.SENDING,
            token=secrets.token_hex(16),
            lease_until=Now() + LEASE,
            attempts=F("attempts") + 1,
        )
        if taken:
            return AlertMail.objects.select_related("event").get(pk=pk)
    return None


def note_sent(row: AlertMail, *, at: datetime) -> None:
    _end(row, state=State.SENT, sent_at=at, error="")


def note_unsent(row: AlertMail, error: str, *, final: bool, at: datetime) -> None:
    """Try again, ever more rarely, for half a day."""
    wait = BACKOFF[min(row.attempts, len(BACKOFF)) - 1]
    over = final or at + wait - row.created_at > GIVE_UP
    state = State.FAILED if over else State.WAITING
    _end(row, state=state, due_at=at + wait, error=error[:200])


def forget_mail(*, at: datetime) -> int:
    """Rows older than 30 days, with their addresses; bounded."""
    old = AlertMail.objects.filter(created_at__lt=at - KEPT).order_by("pk")[:1000]
    count, _by_model = AlertMail.objects.filter(
        pk__in=list(old.values_list("pk", flat=True))
    ).delete()
    return count


def _end(row: AlertMail, **columns: object) -> None:
    held = AlertMail.objects.filter(pk=row.pk, token=row.token, state=State.SENDING)
    held.update(token="", lease_until=None, **columns)
