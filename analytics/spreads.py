"""Median and ninth decile of stored lengths together with some that were worked out just now.

The database counts the lengths by the hour; then only those hours are read in which the two
percentiles lie, at most 3600 different lengths each: neither a sort of all cases nor memory that
grows with their number. The percentile is that of :func:`analytics.percentiles.percentile`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from itertools import accumulate
from math import ceil
from operator import or_
from typing import Any, Final

from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum

from analytics.percentiles import MEDIAN, P90

Key = tuple[Any, ...]
HOUR: Final = 3600  # seconds


@dataclass(frozen=True)
class Spread:
    """``n`` lengths: half of them were no longer than ``median``, nine of ten no longer than
    ``p90``; None of none. ``total`` is their sum.
    """

    n: int
    total: timedelta
    median: timedelta | None
    p90: timedelta | None


NOTHING: Final = Spread(0, timedelta(), None, None)


class _Ranked:
    """Values in order, each as often as it was counted."""

    def __init__(self, counted: Mapping[int, int]) -> None:
        self.values = sorted(counted)
        self.ends = list(accumulate(counted[value] for value in self.values))

    @property
    def n(self) -> int:
        return self.ends[-1] if self.ends else 0

    def at(self, rank: int) -> tuple[int, int]:
        """The value of a rank (from 1), and the rank among those that have it."""
        place = bisect_left(self.ends, rank)
        return self.values[place], rank - (self.ends[place - 1] if place else 0)


def spread(rows: QuerySet[Any], column: str, live: Sequence[int]) -> Spread:
    """The spread of ``column`` (seconds) over ``rows`` and of the ``live`` values."""
    return spreads(rows, column, {(): live}).get((), NOTHING)


def spreads(
    rows: QuerySet[Any], column: str, live: Mapping[Key, Sequence[int]], keys: Sequence[str] = ()
) -> dict[Key, Spread]:
    """One spread per value of ``keys`` that occurs; ``live`` holds further values by key.

    With m live values the k-th of all is one of the stored ranks k − m to k, or a live one. Two
    queries, one where nothing is stored.
    """
    rows = rows.annotate(hour=F(column) / HOUR)
    hours: dict[Key, dict[int, int]] = defaultdict(dict)
    totals: dict[Key, int] = defaultdict(int)
    whole = Sum(column, output_field=BigIntegerField())
    for *key, hour, number, total in rows.values_list(*keys, "hour").annotate(Count("pk"), whole):
        hours[tuple(key)][hour] = number
        totals[tuple(key)] += int(total)
    ranked = {key: _Ranked(counted) for key, counted in hours.items()}
    inside = _inside(rows, column, keys, {
        (key, ranked[key].at(rank)[0])
        for key in ranked
        for percent in (MEDIAN, P90)
        for rank in _near(percent, ranked[key].n, len(live.get(key, ())))
    })  # fmt: skip
    found = {}
    for key in {*ranked, *(key for key, values in live.items() if values)}:
        more, of_key = live.get(key, ()), ranked.get(key, _Ranked({}))
        found[key] = Spread(
            of_key.n + len(more),
            timedelta(seconds=totals[key] + sum(more)),
            *(_at(key, of_key, inside, more, percent) for percent in (MEDIAN, P90)),
        )
    return found


def _near(percent: int, n: int, more: int) -> range:
    """The stored ranks among which the percentile of ``n`` stored and ``more`` others lies."""
    rank = ceil(percent * (n + more) / 100)
    return range(max(1, rank - more), min(rank, n) + 1)


def _inside(
    rows: QuerySet[Any], column: str, keys: Sequence[str], wanted: set[tuple[Key, int]]
) -> dict[tuple[Key, int], _Ranked]:
    """The lengths in the wanted hours."""
    if not wanted:
        return {}
    chosen = (Q(hour=hour, **dict(zip(keys, key, strict=True))) for key, hour in wanted)
    counted: dict[tuple[Key, int], dict[int, int]] = defaultdict(dict)
    found = rows.filter(reduce(or_, chosen)).values_list(*keys, "hour", column)
    for *key, hour, value, number in found.annotate(Count("pk")):
        counted[tuple(key), hour][value] = number
    return {place: _Ranked(values) for place, values in counted.items()}


def _at(
    key: Key,
    hours: _Ranked,
    inside: Mapping[tuple[Key, int], _Ranked],
    more: Sequence[int],
    percent: int,
) -> timedelta:
    def stored() -> Iterator[int]:
        for rank in ranks:
            hour, place = hours.at(rank)
            yield inside[key, hour].at(place)[0]

    ranks = _near(percent, hours.n, len(more))
    rank = ceil(percent * (hours.n + len(more)) / 100)
    return timedelta(seconds=sorted([*stored(), *more])[rank - ranks.start])
