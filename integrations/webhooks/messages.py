"""What a receiver gets: the JSON of the Standard Webhooks specification, made once per event."""

from __future__ import annotations

import hashlib
import json

from history.models import Event
from workshop.lib import clock


def body(event: Event) -> str:
    """``type``, ``timestamp`` and ``data``: the event as the API's history gives it."""
    data: dict[str, object] = {
        "id": event.pk,
        "stream": event.stream,
        "sequence": event.sequence,
        "version": event.version,
        "payload": event.payload,
        "actor_kind": event.actor_kind,
        "actor_id": event.actor_id,
        "actor": event.actor_label,
        "channel": event.channel,
        "recorded_at": clock.iso(event.recorded_at),
        "correlation_id": event.correlation_id,
        "hash": event.hash,
    }
    group, _colon, number = event.stream.partition(":")
    if group == "receipt":
        data["receipt_id"] = int(number)
    message = {"type": event.kind, "timestamp": clock.iso(event.occurred_at), "data": data}
    # ASCII: nothing on the way can understand the bytes in another encoding.
    return json.dumps(message, separators=(",", ":"))


def message_id(event: Event, endpoint_id: int) -> str:
    """The same for every attempt, and also after an older backup was restored."""
    mark = hashlib.sha256(f"{endpoint_id}:{event.hash}".encode()).hexdigest()
    return f"msg_{mark[:28]}"
