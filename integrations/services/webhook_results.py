"""What came of an attempt, written down: the delivery, its endpoint, and what follows for both."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from integrations import locks
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.services import webhooks
from integrations.services.webhook_queue import Claimed, hold_back
from integrations.webhooks import schedule
from integrations.webhooks.transport import Answer
from workshop.lib import clock
from workshop.lib.actor import system_actor
from workshop.lib.compiled import Change, Insertion, Rows

ACTOR: Final = "webhooks"
NOTED_EVERY: Final = timedelta(minutes=1)
State = WebhookDelivery

_delivery: Rows[WebhookDelivery] = Rows(lambda slot: WebhookDelivery.objects.filter(pk=slot("pk")))
_attempts = Insertion(WebhookAttempt)
_moving = Change(
    lambda slot: (
        WebhookDelivery.objects.filter(pk=slot("pk")),
        {
            "state": slot("state"),
            "attempts": slot("attempts"),
            "next_attempt_at": slot("next_attempt_at"),
            "ended_at": slot("ended_at"),
            "token": "",
            "owner": "",
            "lease_until": None,
        },
    )
)


def record(claimed: Claimed, answer: Answer, jitter: float) -> bool:
    """Write an attempt down and what follows from it; False when the claim was lost meanwhile."""
    now = clock.now()
    with transaction.atomic():
        endpoint = locks.webhook(claimed.endpoint_id)
        row = _delivery.first(pk=claimed.pk)
        if row is None:  # cleaned up: it was over long ago
            return False
        _note_attempt(row, answer, now)
        if row.state != State.SENDING or row.token != claimed.token:
            return False
        row.attempts += 1
        verdict = schedule.judge(answer, row.attempts, jitter)
        if not endpoint.active:  # switched off meanwhile: there is no next attempt
            verdict = replace(verdict, wait=None)
        _move(row, verdict, now)
        _note_endpoint(endpoint, verdict, now)
        if verdict.gone:
            webhooks.receiver_gone(endpoint_id=endpoint.pk, actor=system_actor(ACTOR), at=now)
        elif _fails_too_long(endpoint, now):
            webhooks.pause_failing(endpoint_id=endpoint.pk, actor=system_actor(ACTOR), at=now)
    return True


def _note_attempt(row: WebhookDelivery, answer: Answer, now: datetime) -> None:
    attempt = WebhookAttempt(
        delivery=row,
        at=now,
        status=answer.status,
        milliseconds=answer.milliseconds,
        answer=answer.text,
        error=answer.error,
    )
    _attempts.save(attempt)


def _move(row: WebhookDelivery, verdict: schedule.Verdict, now: datetime) -> None:
    if verdict.wait is not None:
        row.state, row.next_attempt_at = State.WAITING, now + verdict.wait
        hold_back(row)
    else:
        row.state = State.DONE if verdict.done else State.DEAD
        row.ended_at = now
    _moving.run(
        pk=row.pk,
        state=row.state,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        ended_at=row.ended_at,
    )


def _note_endpoint(endpoint: WebhookEndpoint, verdict: schedule.Verdict, now: datetime) -> None:
    new: dict[str, datetime | None] = {}
    if verdict.done:
        if endpoint.failing_since is not None:
            new["failing_since"] = None
        if endpoint.last_success_at is None or endpoint.last_success_at <= now - NOTED_EVERY:
            new["last_success_at"] = now
    elif endpoint.failing_since is None:
        new["failing_since"] = now
    if verdict.closed:
        new["closed_until"] = now + verdict.closed
    for field, value in new.items():
        setattr(endpoint, field, value)
    if new:
        endpoint.save(update_fields=list(new))


def _fails_too_long(endpoint: WebhookEndpoint, now: datetime) -> bool:
    since = endpoint.failing_since
    running = endpoint.is_running and since is not None
    return running and now - (since or now) >= schedule.PAUSED_AFTER
