"""The daily proof: the events since the last time follow what stood there then, and are whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from history import triggers
from history.chain import event_hash
from history.models import Checkpoint, Event, Stream
from history.verify import Finding

NAME: Final = "history.verified"
MOST: Final = 200_000  # events in one run; the next one goes on
WINDOW: Final = 5_000  # row ids at a time: memory does not grow with the day
SETTLED: Final = timedelta(minutes=10)
"""Younger events are left for tomorrow: a row's id is given before its transaction commits, so
one with a smaller id may still appear beside them."""


@dataclass(frozen=True)
class Verified:
    """What one run has looked at; the first broken place of each stream."""

    events: int
    streams: int
    findings: list[Finding]


def verify_new(*, at: datetime, most: int = MOST) -> Verified:
    """Verify settled events past the checkpoint, and move it; it stays where something is broken.

    ``manage.py verify_history`` proves all of it from the beginning.
    """
    mark, _is_new = Checkpoint.objects.get_or_create(name=NAME)
    absent = [
        Finding("", 0, None, f"database trigger {name} is absent") for name in triggers.missing()
    ]
    if absent:
        return Verified(0, 0, absent)
    last = _last_settled(mark.position, at=at, most=most)
    events, streams = 0, set[str]()
    while mark.position < last:
        upto = min(mark.position + WINDOW, last)
        counted, names, findings = _verify_window(mark.position, upto)
        events += counted
        streams |= names
        if findings:
            return Verified(events, len(streams), findings)
        Checkpoint.objects.filter(name=NAME).update(position=upto, reached_at=at)
        mark.position = upto
    return Verified(events, len(streams), _wrong_heads())


def _last_settled(position: int, *, at: datetime, most: int) -> int:
    rows = Event.objects.filter(pk__gt=position).order_by("pk")
    young = rows.filter(recorded_at__gte=at - SETTLED).values_list("pk", flat=True).first()
    if young is not None:
        rows = rows.filter(pk__lt=young)
    ids = rows.values_list("pk", flat=True)
    return ids[most - 1 : most].first() or ids.last() or position


def _verify_window(after: int, upto: int) -> tuple[int, set[str], list[Finding]]:
    rows = Event.objects.filter(pk__gt=after, pk__lte=upto).order_by("stream", "sequence")
    chains = {name: list(chain) for name, chain in groupby(rows, key=lambda row: row.stream)}
    before = _hashes_before([chain[0] for chain in chains.values()])
    found = [_verify_chain(chain, before.get(name, "")) for name, chain in chains.items()]
    count = sum(len(chain) for chain in chains.values())
    return count, set(chains), [finding for finding in found if finding is not None]


def _hashes_before(firsts: list[Event]) -> dict[str, str]:
    """The hashes that these events must follow, by stream."""
    found: dict[str, str] = {}
    later = [one for one in firsts if one.sequence > 1]
    for start in range(0, len(later), 200):
        places = Q()
        for one in later[start : start + 200]:
            places |= Q(stream=one.stream, sequence=one.sequence - 1)
        found.update(Event.objects.filter(places).values_list("stream", "hash"))
    return found


def _verify_chain(chain: list[Event], previous: str) -> Finding | None:
    expected = chain[0].sequence
    for event in chain:
        problem = _problem(event, expected, previous)
        if problem:
            return Finding(event.stream, expected, event.pk, problem)
        previous, expected = event.hash, expected + 1
    return None


def _problem(event: Event, expected: int, previous: str) -> str:
    if event.sequence != expected:
        return f"number {expected} is missing"
    if event.previous_hash != previous or (event.sequence > 1 and not previous):
        return "does not follow the event before it"
    try:
        same = event.hash == event_hash(event, previous)
    except (TypeError, ValueError):
        return "it cannot be read"
    return "" if same else "its content does not match its hash"


def _wrong_heads() -> list[Finding]:
    """Streams, old ones too, whose head does not name the last event that is there."""
    of_stream = Event.objects.filter(stream=OuterRef("name"))
    named = of_stream.filter(sequence=OuterRef("last_sequence"), hash=OuterRef("last_hash"))
    beyond = of_stream.filter(sequence__gt=OuterRef("last_sequence"))
    found: list[Finding] = []
    after = 0
    while ids := list(_stream_ids(after)):
        # One query for heads and events: between two of them a writer might come.
        wrong = Stream.objects.filter(pk__gt=after, pk__lte=ids[-1], last_sequence__gt=0)
        wrong = wrong.filter(~Exists(named) | Exists(beyond)).order_by("pk")
        found += [
            Finding(name, sequence, None, "the head names another last event")
            for name, sequence in wrong.values_list("name", "last_sequence")
        ]
        after = ids[-1]
    return found


def _stream_ids(after: int) -> QuerySet[Stream, int]:
    rows = Stream.objects.filter(pk__gt=after).order_by("pk")
    return rows.values_list("pk", flat=True)[:WINDOW]
