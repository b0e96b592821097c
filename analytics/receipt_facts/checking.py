"""Stored facts against the receipts themselves; nothing is repaired here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model

from analytics.models import FirstCheckType, Mark, ReceiptFact, StatusTime
from analytics.receipt_facts import services
from analytics.receipt_facts.loading import CHUNK, derived
from analytics.snapshots import snapshot
from receipts.models import Receipt

_TIME: Final = ("number", "status", "hold_reason_id", "seconds", "working")
_TYPE: Final = ("type_id", "hit")


@dataclass(frozen=True)
class Difference:
    """One receipt whose stored facts are not what its rows and events say."""

    receipt_id: int
    what: str
    stored: object
    derived: object

    def __str__(self) -> str:
        return f"receipt {self.receipt_id}: {self.what} {self.stored}, should be {self.derived}"


def chunks() -> Iterator[list[int]]:
    """The ids of all receipts, void ones included, so many at a time."""
    last = 0
    rows = Receipt.objects.order_by("pk").values_list("pk", flat=True)
    while ids := list(rows.filter(pk__gt=last)[:CHUNK]):
        yield ids
        last = ids[-1]


def differences(ids: Collection[int]) -> Iterator[Difference]:
    """What is wrong among these receipts, in one look at the database.

    Receipts with a mark are left out: they are known to be outdated, and derived when asked for.
    """
    with snapshot():
        marked = set(Mark.objects.filter(receipt__in=ids).values_list("receipt_id", flat=True))
        asked = [pk for pk in ids if pk not in marked]
        facts = ReceiptFact.objects.in_bulk(asked)
        times = _stored(StatusTime.objects.filter(fact__in=asked), _TIME)
        types = _stored(FirstCheckType.objects.filter(fact__in=asked), _TYPE)
        for one in derived(asked):
            stored, wanted = facts.get(one.id), services.row_of(one)
            if stored is None:
                yield Difference(one.id, "facts", "missing", "there")
                continue
            for name in services.STORED:
                found, right = getattr(stored, name), getattr(wanted, name)
                if found != right:
                    yield Difference(one.id, name, found, right)
            for what, kept, rows, names in (
                ("times", times[one.id], services.times_of(one), _TIME),
                ("types", types[one.id], services.types_of(one), _TYPE),
            ):
                right = sorted(_values(row, names) for row in rows)
                if sorted(kept) != right:
                    yield Difference(one.id, what, sorted(kept), right)


def _stored(rows: Any, names: tuple[str, ...]) -> defaultdict[int, list[tuple[str, ...]]]:
    found: defaultdict[int, list[tuple[str, ...]]] = defaultdict(list)
    for row in rows:
        found[row.fact_id].append(_values(row, names))
    return found


def _values(row: Model, names: tuple[str, ...]) -> tuple[str, ...]:
    """As text, so that rows with and without a reason can be ordered."""
    return tuple(str(getattr(row, name)) for name in names)
