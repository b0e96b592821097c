"""The outbox relay: expands events into the rows of each consumer, in order, without network."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from history import lease
from history.models import Outbox
from history.registry import consumers
from workshop.lib import clock, telemetry, tracing
from workshop.lib.correlation import caused_by
from workshop.lib.process import own_name

LEASE = "outbox-relay"
BATCH = 200
SECONDS = 12.0  # of one run: below the limit of the sweep, which is cut off in the middle else
TERM = lease.HOLD.total_seconds() / 3  # a slow batch ends early, so that the lease is renewed
BACKOFF = (5, 30, 120, 600, 3600)  # seconds; the last one repeats: an event is never given up

logger = logging.getLogger(__name__)


def relay_outbox(*, limit: int = 10_000, seconds: float = SECONDS) -> int:
    """Expand waiting rows, oldest first; returns how many were done. One process at a time.

    After ``limit`` rows or ``seconds`` it stops: the next sweep goes on.
    """
    token = lease.acquire(LEASE, own_name())
    if token is None:
        return 0
    done, until = 0, time.monotonic() + seconds
    try:
        while done < limit and time.monotonic() < until:
            tried, expanded = _relay_batch(min(until, time.monotonic() + TERM))
            done += expanded
            if not tried or not lease.renew(LEASE, token):
                break
    finally:
        lease.release(LEASE, token)
    return done


def _relay_batch(until: float) -> tuple[int, int]:
    """One pass over due rows: how many were tried, and how many done.

    A row that failed holds back the later ones of its own stream only.
    """
    now = clock.now()
    earlier_failed = Outbox.objects.filter(
        stream=OuterRef("stream"),
        event_id__lt=OuterRef("event_id"),
        done_at__isnull=True,
        next_attempt_at__gt=now,
    )
    due = Outbox.objects.filter(
        ~Q(Exists(earlier_failed)), done_at__isnull=True, next_attempt_at__lte=now
    ).order_by("event_id")
    tried = done = 0
    held: set[str] = set()
    for row in due.select_related("event")[:BATCH]:
        if row.stream in held:
            continue
        tried += 1
        if _expand(row):
            done += 1
        else:
            held.add(row.stream)
        if time.monotonic() > until:
            break
    return tried, done


def _expand(row: Outbox) -> bool:
    """What is derived from an event belongs to its cause."""
    event = row.event
    cause = caused_by(event.correlation_id, channel=event.channel, event_id=event.pk)
    with cause, tracing.door("relay"):
        return _expand_now(row)


def _expand_now(row: Outbox) -> bool:
    try:
        with transaction.atomic():
            claimed = Outbox.objects.filter(pk=row.pk, done_at__isnull=True)
            if not claimed.update(done_at=clock.now()):
                return True
            for consume in consumers().values():
                consume(row.event)
    except Exception as error:  # any consumer's bug: keep the row, tell it, try again later
        logger.exception("an event could not be expanded", extra={"kind": row.event.kind})
        _postpone(row, error)
        telemetry.relayed.add("failed")
        return False
    telemetry.relayed.add("done")
    return True


def _postpone(row: Outbox, error: Exception) -> None:
    wait = BACKOFF[min(row.attempts, len(BACKOFF) - 1)]
    # Meanwhile another relay may have done it.
    Outbox.objects.filter(pk=row.pk, done_at__isnull=True).update(
        attempts=row.attempts + 1,
        next_attempt_at=clock.now() + timedelta(seconds=wait),
        last_error=type(error).__name__,
    )


def waiting() -> int:
    """How many events still wait for the relay."""
    return Outbox.objects.filter(done_at__isnull=True).count()
