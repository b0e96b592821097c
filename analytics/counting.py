"""What receipts add to the roll-ups: their facts (``analytics.facts``), as rows of key and values.

Counted the same way for the refresher, for a rebuild, and live for receipts that carry a mark.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db.models import F, Q, QuerySet

from analytics import facts
from analytics.models import (
    ALL,
    AssemblerCell,
    CaseCell,
    Cell,
    Counted,
    ItemCell,
    RepeatCell,
    WorkCell,
)
from receipts.models import Operation, ReturnCase
from workshop.lib import clock

AT_ONCE: Final = 500
"""Receipts that one statement names."""


@dataclass(frozen=True)
class Kind:
    """One table of roll-ups: the columns of its key after the day, and what is summed."""

    model: type[Cell]
    keys: tuple[str, ...]
    values: tuple[str, ...]
    months: bool = True

    @property
    def rows(self) -> QuerySet[Any]:
        return self.model._default_manager.all()


KINDS: Final = {
    "works": Kind(
        WorkCell,
        ("employee", "type"),
        ("works", "own_reworks", "checked", "returned", "returns"),
    ),
    "items": Kind(ItemCell, ("reason", "affects", "responsible", "column"), ("items",)),
    "assemblers": Kind(AssemblerCell, ("assembler",), ("cases",)),
    "cases": Kind(CaseCell, ("responsible", "affects"), ("cases", "repeated")),
    "repeats": Kind(RepeatCell, ("before", "responsible", "affects"), ("cases",), months=False),
}

Key = tuple[Any, ...]
"""The day as a number (``date.toordinal``), then the key of the kind; ``before`` is a day too."""

Sums = dict[Key, tuple[int, ...]]


@dataclass(frozen=True)
class Contribution:
    """Kind → key → values. What is stored and what is counted compare as equal."""

    kinds: dict[str, Sums]

    def as_json(self) -> dict[str, list[list[Any]]]:
        return {
            kind: [[*key, *values] for key, values in sorted(sums.items())]
            for kind, sums in sorted(self.kinds.items())
            if sums
        }

    @classmethod
    def from_json(cls, stored: dict[str, list[list[Any]]]) -> Contribution:
        kinds: dict[str, Sums] = {}
        for kind, rows in stored.items():
            after = 1 + len(KINDS[kind].keys)
            kinds[kind] = {tuple(row[:after]): tuple(row[after:]) for row in rows}
        return cls(kinds)


def stored(receipts: Sequence[int]) -> dict[int, Contribution]:
    """What the roll-ups hold of these receipts; those of which they hold nothing are left out."""
    found: dict[int, Contribution] = {}
    for part in _parts(receipts):
        rows = Counted.objects.filter(receipt__in=part).values_list("receipt", "cells")
        found.update((pk, Contribution.from_json(cells)) for pk, cells in rows)
    return found


def counted(receipts: Sequence[int]) -> dict[int, Contribution]:
    """What these receipts come to now, by the facts; those that add nothing are left out."""
    found: dict[int, Contribution] = {}
    for part in _parts(receipts):
        found.update(_counted(part))
    return found


def touching(first: date, after: date) -> list[int]:
    """Receipts with a work or a return on the days [first, after), void ones included."""
    start, end = clock.day_start(first), clock.day_start(after)
    works = Operation.objects.filter(performed_at__gte=start, performed_at__lt=end)
    cases = ReturnCase.objects.filter(returned_at__gte=start, returned_at__lt=end)
    found = [rows.order_by().values_list("receipt", flat=True) for rows in (works, cases)]
    return sorted(set(found[0].union(found[1])))


def _parts(receipts: Sequence[int]) -> Iterable[Sequence[int]]:
    for start in range(0, len(receipts), AT_ONCE):
        yield receipts[start : start + AT_ONCE]


def _counted(receipts: Sequence[int]) -> dict[int, Contribution]:
    """Three queries, whatever the number of receipts."""
    items = list(
        facts.items_of_all_returns()
        .filter(return_case__receipt__in=receipts)
        .annotate(column=facts.COLUMN, here=Q(operation__receipt=F("return_case__receipt")))
        .order_by("return_case__receipt", "return_case__returned_at", "return_case")
        .values_list(
            "return_case__receipt",
            "return_case__returned_at",
            "return_case",
            "reason",
            "affects",
            "responsible",
            "column",
            "operation",
            "here",
        )
    )
    found: dict[int, dict[str, dict[Key, list[int]]]] = defaultdict(_empty)
    _works(receipts, _hits(items), found)
    for receipt, rows in groupby(items, itemgetter(0)):
        _returns(list(rows), found[receipt])
    assemblers = ReturnCase.objects.filter(
        receipt__in=receipts, voided_at__isnull=True, assembler__isnull=False
    ).order_by()
    for receipt, at, person in assemblers.values_list("receipt", "returned_at", "assembler"):
        found[receipt]["assemblers"][_day(at), person][0] += 1
    return {
        receipt: Contribution(
            {
                kind: {key: tuple(values) for key, values in sums.items()}
                for kind, sums in kinds.items()
                if sums
            }
        )
        for receipt, kinds in found.items()
    }


def _empty() -> dict[str, dict[Key, list[int]]]:
    return {name: defaultdict(_zeros(kind)) for name, kind in KINDS.items()}


def _zeros(kind: Kind) -> Callable[[], list[int]]:
    width = len(kind.values)
    return lambda: [0] * width


def _hits(items: Iterable[Sequence[Any]]) -> dict[int, int]:
    """Operation → number of the returns of its own receipt that hit it."""
    cases: dict[int, set[int]] = defaultdict(set)
    for *_before, operation, here in items:
        if here:
            cases[operation].add(_before[2])
    return {operation: len(found) for operation, found in cases.items()}


def _works(
    receipts: Sequence[int],
    hits: dict[int, int],
    found: dict[int, dict[str, dict[Key, list[int]]]],
) -> None:
    rows = facts.operations_of_all().filter(receipt__in=receipts).order_by()
    names = ("pk", "receipt", "employee", "type", "performed_at", "own_rework", "checked")
    for pk, receipt, employee, type_id, at, own_rework, checked in rows.values_list(*names):
        sums = found[receipt]["works"][_day(at), employee, type_id]
        if own_rework:
            sums[1] += 1
            continue
        sums[0] += 1
        sums[2] += checked
        sums[3] += pk in hits
        sums[4] += hits.get(pk, 0)


def _returns(rows: list[Sequence[Any]], found: dict[str, dict[Key, list[int]]]) -> None:
    """Items and cases of one receipt, in the order of the returns."""
    last: dict[tuple[int, int], int] = {}
    for (at, _case), items in groupby(rows, itemgetter(1, 2)):
        day = _day(at)
        among: set[tuple[int, int]] = set()
        for _receipt, _at, _pk, reason, affects, responsible, column, *_rest in items:
            found["items"][day, reason, affects, responsible or ALL, column][0] += 1
            among |= {(ALL, ALL), (ALL, affects)}
            if responsible:
                among |= {(responsible, ALL), (responsible, affects)}
        for key in among:
            sums = found["cases"][day, *key]
            sums[0] += 1
            if key in last:
                sums[1] += 1
                found["repeats"][day, last[key], *key][0] += 1
            last[key] = day


def _day(at: datetime) -> int:
    return clock.local(at).date().toordinal()


def month(day: int) -> int:
    """The first day of the month of ``day``, as numbers."""
    return date.fromordinal(day).replace(day=1).toordinal()


def difference(new: Iterable[Contribution], old: Iterable[Contribution]) -> dict[str, Sums]:
    """What the roll-ups change by: kind → key → sums of ``new`` − ``old``, zeros left out."""
    sums: dict[str, dict[Key, list[int]]] = _empty()
    for sign, contributions in ((1, new), (-1, old)):
        for one in contributions:
            for kind, rows in one.kinds.items():
                into = sums[kind]
                for key, values in rows.items():
                    total = into[key]
                    for place, value in enumerate(values):
                        total[place] += sign * value
    return {
        kind: {key: tuple(values) for key, values in rows.items() if any(values)}
        for kind, rows in sums.items()
    }
