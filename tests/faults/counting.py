"""Counting effects: what people meant against the events that were written."""

from __future__ import annotations

from collections import Counter

from history.models import Event
from receipts.models import Receipt
from tests.faults.flows import Effects


def newest_event() -> int:
    """The id of the newest event, 0 when there is none."""
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0


def effects_since(mark: int) -> Effects:
    """Events after the mark; those of receipts under the number, others under the stream."""
    rows = list(Event.objects.filter(pk__gt=mark).values_list("stream", "kind"))
    ids = {int(stream.removeprefix("receipt:")) for stream, _kind in rows if "receipt:" in stream}
    numbers = {one.stream: one.number for one in Receipt.objects.filter(pk__in=ids)}
    return Counter((numbers.get(stream, stream), kind) for stream, kind in rows)
