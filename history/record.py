"""Writing an event: lock the stream, link the hash, leave an outbox row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from history import locks
from history.chain import event_hash
from history.models import Command, Event, Outbox, Stream
from history.nudge import nudge_relay
from history.registry import Payload, payload_class, subscribers
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.compiled import Change, Insertion
from workshop.lib.correlation import LONGEST, request_id

_events = Insertion(Event)
_outbox = Insertion(Outbox)
_advance = Change(
    lambda slot: (
        Stream.objects.filter(pk=slot("pk")),
        {"last_sequence": slot("sequence"), "last_hash": slot("hash")},
    )
)


def record_event(
    *, stream: str, payload: Payload, actor: Actor, command: Command, occurred_at: datetime
) -> Event:
    """Append one event to ``stream``; must run inside the transaction of the change.

    Raises LookupError for an unregistered kind and TransactionManagementError outside atomic.
    """
    payload_class(payload.kind)
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an event belongs into its change")
    head = locks.stream(stream)
    now = clock.now()
    event = Event(
        stream=stream,
        sequence=head.last_sequence + 1,
        kind=payload.kind,
        version=payload.version,
        payload=payload.as_json(),
        occurred_at=occurred_at,
        recorded_at=now,
        command=command,
        ordinal=command.next_ordinal,
        previous_hash=head.last_hash,
        **who(actor),
    )
    event.hash = event_hash(event, head.last_hash)
    _events.save(event)
    command.next_ordinal += 1
    head.last_sequence, head.last_hash = event.sequence, event.hash
    _advance.run(pk=head.pk, sequence=head.last_sequence, hash=head.last_hash)
    for subscriber in subscribers().values():
        subscriber((event,))
    if not actor.channel.silent:
        _outbox.save(Outbox(event=event, stream=stream, next_attempt_at=now))
        _nudge_once()
    return event


def _nudge_once() -> None:
    """One wake-up per transaction, however many events it writes."""
    planned = transaction.get_connection().run_on_commit
    if not any(nudge_relay in entry for entry in planned):
        transaction.on_commit(nudge_relay, robust=True)


def who(actor: Actor) -> dict[str, Any]:
    """The columns of an event that say who acted, through which door."""
    return {
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": actor.label[:150],
        "actor_telegram_id": actor.telegram_id,
        "actor_username": actor.username,
        "channel": actor.channel.name,
        "correlation_id": (actor.channel.correlation_id or request_id())[:LONGEST],
    }
