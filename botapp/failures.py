"""Inputs that were given up: kept with their reason, told to the office once an hour at most."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from botapp import inbox
from botapp.events import STREAM, InputFailed
from botapp.models import InboundUpdate
from history import locks
from history.commands import CommandRef, Outcome, Run, verb
from history.selectors import last_event
from staff.selectors import by_telegram_id
from workshop.lib.actor import Actor, system_actor

QUIET: Final = timedelta(hours=1)

logger = logging.getLogger(__name__)


def give_up(row: InboundUpdate, token: str, error: Exception) -> None:
    """Mark the row while the claim holds (else ClaimLost); the chat goes on behind it."""
    with transaction.atomic():
        inbox.finish(row, token, state=InboundUpdate.FAILED)
        reason = type(error).__name__
        InboundUpdate.objects.filter(pk=row.pk).update(attempts=row.attempts, error=reason)
        try:
            with transaction.atomic():
                tell_failure(update_id=row.pk, actor=system_actor("bot"))
        except Exception:  # telling must not keep the chat from going on
            logger.exception("a failed input could not be told")


@verb("bot.tell_failure", "botapp.InboundUpdate")
def tell_failure(
    *, update_id: int, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[InboundUpdate]:
    """Write the event that the managers are told of, unless there was one within the hour."""
    run = Run.of(actor, command, at)
    row = InboundUpdate.objects.get(pk=update_id)
    locks.stream(STREAM)  # of two processes one tells
    told = last_event(STREAM, InputFailed.kind)
    if told is None or run.at >= told.occurred_at + QUIET:
        failed = InboundUpdate.objects.filter(state=InboundUpdate.FAILED)
        if told is not None:
            failed = failed.filter(done_at__gt=told.occurred_at)
        payload = InputFailed(person=_person(row), error=row.error, count=max(1, failed.count()))
        run.record(STREAM, payload)
    return Outcome(row)


def _person(row: InboundUpdate) -> str:
    employee = by_telegram_id(row.person_id) if row.person_id else None
    return employee.short_name if employee else f"id {row.person_id or row.chat_id}"
