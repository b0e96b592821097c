"""Proof that nothing in the history was altered, removed, inserted, reordered or cut off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

from django.db.models import Exists, OuterRef

from history import triggers
from history.chain import event_hash
from history.models import Event, Stream

CHUNK: Final = 500  # streams per query: memory does not grow with the history


@dataclass(frozen=True)
class Finding:
    """The first bad place of one stream; ``event_id`` is None when the row is gone."""

    stream: str
    sequence: int
    event_id: int | None
    problem: str


def verify(*, stream: str | None = None) -> Iterator[Finding]:
    """Walk all chains (or one); yields the missing triggers, then at most one finding per stream.

    May run while others write: events that are newer than the head which was read are compared
    with the head as it is then.
    """
    for name in triggers.missing():
        yield Finding("", 0, None, f"database trigger {name} is absent")
    heads, events = Stream.objects.all(), Event.objects.all()
    if stream is not None:
        heads, events = heads.filter(name=stream), events.filter(stream=stream)
    last = 0
    while chunk := list(heads.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield from _check_chunk({head.name: head for head in chunk})
        last = chunk[-1].pk
    headless = events.filter(~Exists(Stream.objects.filter(name=OuterRef("stream"))))
    rows = headless.order_by("stream", "sequence").values_list("stream", "sequence", "pk")
    for name, found in groupby(rows.iterator(2000), key=lambda row: row[0]):
        _name, sequence, event_id = next(found)
        yield Finding(name, sequence, event_id, "the stream has no head")


def _check_chunk(heads: Mapping[str, Stream]) -> list[Finding]:
    """The findings of these streams. An unreadable row must not hide those of the others."""
    try:
        return list(_check_streams(heads))
    except (TypeError, ValueError):
        if len(heads) > 1:
            return [found for name in heads for found in _check_chunk({name: heads[name]})]
    return [Finding(next(iter(heads)), 0, None, "a row of it cannot be read")]


def _check_streams(heads: Mapping[str, Stream]) -> Iterator[Finding]:
    events = Event.objects.filter(stream__in=list(heads)).order_by("stream", "sequence")
    empty = set(heads)
    for name, rows in groupby(events.iterator(chunk_size=2000), key=attrgetter("stream")):
        empty.discard(name)
        finding = _check_stream(heads[name], rows)
        if finding:
            yield finding
    for name in sorted(empty):
        if heads[name].last_sequence:
            yield Finding(name, 1, None, "all events are gone, the head counts more")


def _check_stream(head: Stream, rows: Iterable[Event]) -> Finding | None:
    name, previous, count = head.name, "", 0
    for expected, event in enumerate(rows, start=1):
        if event.sequence != expected:
            return Finding(name, expected, event.pk, f"number {expected} is missing")
        if event.previous_hash != previous:
            return Finding(name, expected, event.pk, "does not follow the event before it")
        if event.hash != event_hash(event, previous):
            return Finding(name, expected, event.pk, "its content does not match its hash")
        if expected == head.last_sequence and event.hash != head.last_hash:
            return Finding(name, expected, event.pk, "the head names another hash")
        if expected > head.last_sequence and not _counted_by_now(event):
            return Finding(name, expected, event.pk, "the head does not count it")
        previous, count = event.hash, expected
    if count < head.last_sequence:
        return Finding(
            name, count + 1, None, f"the tail is cut: {head.last_sequence} events are counted"
        )
    return None


def _counted_by_now(event: Event) -> bool:
    """Written after the head was read: then the head of now counts it."""
    heads = Stream.objects.filter(name=event.stream, last_sequence__gte=event.sequence)
    return bool(heads.exists())
