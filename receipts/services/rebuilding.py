"""Projected fields of receipts compared with their events, and repaired from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

from django.db import transaction

from history.models import Event
from receipts import locks
from receipts.models import Receipt
from receipts.projection import PROJECTED, SAVED, differences, project

CHUNK: Final = 200  # receipts at a time: memory does not grow with their number

Fields = dict[str, tuple[object, object]]


@dataclass(frozen=True)
class Deviation:
    """A receipt whose stored fields are not what its events say: name → (stored, rebuilt)."""

    receipt_id: int
    fields: Fields


def deviations() -> Iterator[Deviation]:
    """Every receipt that deviates, void ones included, in the order of their ids.

    Reads without locks: what is found while others write is looked at again under the lock of
    its receipt, so a press in between is no finding.
    """
    last = 0
    rows = Receipt.objects.order_by("pk")
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        for receipt in _suspects(chunk):
            with transaction.atomic():
                fields = differences(locks.any_receipt(receipt.pk))
            if fields:
                yield Deviation(receipt.pk, fields)
        last = chunk[-1].pk


def _suspects(chunk: list[Receipt]) -> Iterator[Receipt]:
    """One query for the events of the whole chunk, folded as they come."""
    stored = {receipt.stream: receipt for receipt in chunk}
    fresh = {receipt.stream: Receipt(pk=receipt.pk) for receipt in chunk}
    events = Event.objects.filter(stream__in=list(stored)).order_by("stream", "sequence")
    for stream, rows in groupby(events.iterator(chunk_size=1000), key=attrgetter("stream")):
        for event in rows:
            project(fresh[stream], event)
    for stream, receipt in stored.items():
        if any(getattr(receipt, name) != getattr(fresh[stream], name) for name in PROJECTED):
            yield receipt


@transaction.atomic
def repair(receipt_id: int) -> Fields:
    """Store what the events say; answers what was different. No event: nothing happened anew."""
    receipt = locks.any_receipt(receipt_id)
    found = differences(receipt)
    for name, (_stored, rebuilt) in found.items():
        setattr(receipt, name, rebuilt)
    if found:
        receipt.save(update_fields=SAVED)
    return found
