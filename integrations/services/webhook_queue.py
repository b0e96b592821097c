"""The queue of webhook messages: lined up by the relay, claimed, sent elsewhere, written down.

Who changes the state of a delivery holds the lock of its endpoint: at most one message of a
receipt and eight of an endpoint are on their way, however many dispatchers there are. A claim ends
by itself (``lease_until``, by the clock of the database) and at once when its process was killed
on this machine; whoever lost it writes nothing but the attempt.
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from history.models import Event
from integrations import locks, policies
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.models.webhooks import LONGEST_TIMEOUT
from integrations.webhooks import kinds, messages, nudge, sealing
from workshop.lib import clock
from workshop.lib.compiled import Change, Columns, Count, Rows, Slots
from workshop.lib.process import is_gone

CONSUMER: Final = "integrations.webhooks"
WIDTH: Final = 8
"""Messages on their way to one endpoint."""

LEASE: Final = timedelta(seconds=LONGEST_TIMEOUT + 20)
"""Of a claim: the longest attempt, and the time that writing it down may take."""

State = WebhookDelivery

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A message that may leave now, with all that this takes: no further query."""

    pk: int
    endpoint_id: int
    token: str
    message_id: str
    body: str
    url: str
    timeout: int
    secrets: tuple[str, ...]
    correlation_id: str = ""
    kind: str = ""
    attempt: int = 1


@dataclass(frozen=True)
class Claims:
    """``again``: some endpoint was just being written to, ask soon."""

    found: list[Claimed]
    again: bool = False


# --- lining up ----------------------------------------------------------------------------------


_active: Rows[WebhookEndpoint] = Rows(
    lambda slot: WebhookEndpoint.objects.filter(active=True).select_related("client")
)


def expand(event: Event) -> None:
    """The outbox consumer: one row per endpoint that wants the kind, however often it runs."""
    now = clock.now()
    rows = [
        delivery_of(event, endpoint.pk, now)
        for endpoint in _active.all()
        if kinds.matches(endpoint.kinds, event.kind)
        and (endpoint.client is None or policies.may_be_told(endpoint.client))
    ]
    if rows:
        WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(nudge.wake, robust=True)


def delivery_of(event: Event, endpoint_id: int, now: datetime) -> WebhookDelivery:
    """The row of an event for an endpoint, not saved."""
    return WebhookDelivery(
        event=event,
        endpoint_id=endpoint_id,
        kind=event.kind,
        stream=event.stream,
        message_id=messages.message_id(event, endpoint_id),
        body=messages.body(event),
        next_attempt_at=now,
        created_at=now,
    )


# --- claiming -----------------------------------------------------------------------------------


def claim(owner: str, *, skip: Collection[int] = (), most: int = WIDTH) -> Claims:
    """Take what may leave now, of every endpoint but those in ``skip``, at most ``most`` in all."""
    found: list[Claimed] = []
    again = False
    for endpoint_id in _with_due(skip):
        if len(found) >= most:
            again = True
            break
        with transaction.atomic():
            endpoint = locks.webhook_if_free(endpoint_id)
            if endpoint is None:
                again = True
            else:
                found += _claim_of(endpoint, owner, most - len(found))
    return Claims(found, again)


def running(now: Any) -> QuerySet[WebhookEndpoint]:
    """Endpoints that messages may leave for."""
    return WebhookEndpoint.objects.filter(
        Q(closed_until__isnull=True) | Q(closed_until__lte=now),
        Q(client__isnull=True) | Q(client__active=True),
        active=True,
        paused_at__isnull=True,
    )


def due(now: Any) -> QuerySet[WebhookDelivery]:
    """Nobody is sending it, its time has come, and nothing earlier of its stream is unfinished."""
    free = Q(state=State.WAITING) | Q(state=State.SENDING, lease_until__lt=Now())
    of_stream = WebhookDelivery.objects.filter(
        endpoint=OuterRef("endpoint"), stream=OuterRef("stream"), state__in=State.OPEN
    )
    # One look into the index for each row. NOT EXISTS became a join of all with all, which took
    # half a minute for 10 000 that had just been lined up.
    first = Subquery(of_stream.order_by("event_id").values("event_id")[:1])
    rows = WebhookDelivery.objects.filter(free, state__in=State.OPEN, next_attempt_at__lte=now)
    return rows.filter(event_id=first)


_WHEN: Final = WebhookDelivery._meta.get_field("next_attempt_at")
_endpoints_with_due = Columns(
    lambda slot: (
        running(slot("now", _WHEN))
        .exclude(pk__in=slot.each("skip"))
        .filter(Exists(due(slot("now", _WHEN)).filter(endpoint=OuterRef("pk"))))
        .order_by()
        .values_list("pk")
    )
)
_due_of: Rows[WebhookDelivery] = Rows(
    lambda slot: (
        due(slot("now", _WHEN))
        .filter(endpoint_id=slot("endpoint"))
        .annotate(correlation_id=F("event__correlation_id"))
        .order_by("next_attempt_at")[:WIDTH]
    )
)
_on_their_way = Count(
    lambda slot: WebhookDelivery.objects.filter(
        endpoint_id=slot("endpoint"), state=State.SENDING, lease_until__gte=Now()
    )
)
_claiming = Change(
    lambda slot: (
        WebhookDelivery.objects.filter(pk__in=slot.each("pks")),
        {
            "state": State.SENDING,
            "owner": slot("owner"),
            "token": slot("token"),
            "lease_until": Now() + LEASE,
        },
    )
)


def _with_due(skip: Collection[int]) -> list[int]:
    """Endpoints with something due, in any order: none may stand behind another for ever."""
    rows = _endpoints_with_due.all(now=clock.now(), skip=(*skip, 0))
    found = [int(pk) for (pk,) in rows]
    random.shuffle(found)
    return found


def _claim_of(endpoint: WebhookEndpoint, owner: str, most: int) -> list[Claimed]:
    """With the endpoint locked: as many as its width leaves, those that wait longest first."""
    now = clock.now()
    places = min(most, WIDTH - _on_their_way.of(endpoint=endpoint.pk))
    if not endpoint.is_running or places <= 0:
        return []
    rows = _due_of.all(endpoint=endpoint.pk, now=now)[:places]
    if not rows:
        return []
    token = secrets.token_hex(16)
    _claiming.run(pks=tuple(row.pk for row in rows), owner=owner, token=token)
    known = _secrets(endpoint, now)
    return [
        Claimed(
            row.pk,
            endpoint.pk,
            token,
            row.message_id,
            row.body,
            endpoint.url,
            endpoint.timeout,
            known,
            getattr(row, "correlation_id", ""),  # of the event
            row.kind,
            row.attempts + 1,
        )
        for row in rows
    ]


def _secrets(endpoint: WebhookEndpoint, now: datetime) -> tuple[str, ...]:
    """The present one, and the former one while it counts; none when the key is lost."""
    try:
        known = [sealing.unseal(endpoint.secret)]
    except sealing.SecretLost:
        logger.error("the secret of a webhook cannot be read", extra={"webhook_id": endpoint.pk})
        return ()
    if endpoint.has_previous(now):
        try:
            known.append(sealing.unseal(endpoint.previous_secret))
        except sealing.SecretLost:
            logger.warning("a former secret cannot be read", extra={"webhook_id": endpoint.pk})
    return tuple(known)


# What every dispatcher asks every few seconds, also when there are no webhooks.
_owners = Columns(
    lambda slot: (
        WebhookDelivery.objects.filter(state=State.SENDING)
        .order_by()
        .values_list("owner")
        .distinct()
    )
)
_next_attempt = Columns(
    lambda slot: (
        WebhookDelivery.objects.filter(
            endpoint__in=running(slot("now", _WHEN)),
            state=State.WAITING,
            next_attempt_at__gt=slot("now", _WHEN),
        )
        .order_by("next_attempt_at")
        .values_list("next_attempt_at")[:1]
    )
)
_next_opening = Columns(
    lambda slot: (
        WebhookEndpoint.objects.filter(active=True, closed_until__gt=slot("now", _WHEN))
        .order_by("closed_until")
        .values_list("closed_until")[:1]
    )
)


def free_lapsed() -> int:
    """Claims of processes that were killed on this machine need not run out; how many.

    Of an endpoint that was switched off meanwhile they are claimed by nobody: given up.
    """
    owners = [owner for (owner,) in _owners.all()]
    if not owners:
        return 0
    sending = WebhookDelivery.objects.filter(state=State.SENDING)
    gone = [owner for owner in owners if is_gone(owner)]
    freed = sending.filter(owner__in=gone).update(lease_until=Now() - timedelta(seconds=1))
    over = sending.filter(lease_until__lt=Now(), endpoint__active=False)
    over.update(state=State.DEAD, ended_at=clock.now())
    return freed


def next_due(now: datetime) -> datetime | None:
    """The first moment after ``now`` at which something may become due; None: nothing waits."""
    return min(
        (at for (at,) in _next_attempt.all(now=now) + _next_opening.all(now=now)), default=None
    )


# --- the order of a stream ----------------------------------------------------------------------


def _later(slot: Slots) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(
        endpoint_id=slot("endpoint"),
        stream=slot("stream"),
        event_id__gt=slot("event"),
        state=State.WAITING,
    )


_holding_back = Change(
    lambda slot: (
        _later(slot).filter(next_attempt_at__lt=slot("until", _WHEN)),
        {"next_attempt_at": slot("until")},
    )
)
_letting_go = Change(
    lambda slot: (
        _later(slot).filter(next_attempt_at__gt=slot("now", _WHEN)),
        {"next_attempt_at": slot("now")},
    )
)


def hold_back(row: WebhookDelivery) -> None:
    """Those behind it cannot leave before it: they need not be looked at until then."""
    _holding_back.run(
        endpoint=row.endpoint_id,
        stream=row.stream,
        event=row.event_id,
        until=row.next_attempt_at,
    )


def let_go(row: WebhookDelivery, now: datetime) -> None:
    """It ends, or leaves, earlier than it was to: so may those that were held back behind it."""
    _letting_go.run(endpoint=row.endpoint_id, stream=row.stream, event=row.event_id, now=now)


def put_back(rows: QuerySet[WebhookDelivery], now: datetime) -> int:
    """To be sent from the first attempt on; how many. The endpoint is locked by the caller."""
    return rows.exclude(state=State.SENDING).update(
        state=State.WAITING, attempts=0, next_attempt_at=now, ended_at=None
    )
