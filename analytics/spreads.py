"""Median and ninth decile of stored lengths together with some that were worked out just now.

The database ranks, and only the ranks around the two percentiles are read: memory does not grow
with the number of cases. The percentile is that of :func:`analytics.percentiles.percentile`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any, Final

from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from analytics.percentiles import MEDIAN, P90

Key = tuple[Any, ...]


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


def spread(rows: QuerySet[Any], column: str, live: Sequence[int]) -> Spread:
    """The spread of ``column`` (seconds) over ``rows`` and of the ``live`` values; one query."""
    return spreads(rows, column, {(): live}).get((), NOTHING)


def spreads(
    rows: QuerySet[Any], column: str, live: Mapping[Key, Sequence[int]], keys: Sequence[str] = ()
) -> dict[Key, Spread]:
    """One spread per value of ``keys`` that occurs; ``live`` holds further values by key.

    With m live values the k-th of all is one of the stored ranks k − m to k, or a live one.
    """
    most = max((len(values) for values in live.values()), default=0)
    ranked: dict[Key, dict[int, int]] = defaultdict(dict)
    known: dict[Key, tuple[int, int]] = {}
    for *key, n, total, rank, value in _ranks(rows, column, keys, most):
        known[tuple(key)] = n, int(total)
        ranked[tuple(key)][rank] = value
    found = {}
    for key in {*known, *(key for key, values in live.items() if values)}:
        n, total = known.get(key, (0, 0))
        more = live.get(key, ())
        found[key] = Spread(
            n + len(more),
            timedelta(seconds=total + sum(more)),
            *(_at(ranked[key], n, more, percent) for percent in (MEDIAN, P90)),
        )
    return found


def _at(ranked: Mapping[int, int], n: int, more: Sequence[int], percent: int) -> timedelta:
    rank = ceil(percent * (n + len(more)) / 100)
    first = max(1, rank - len(more))
    near = [ranked[place] for place in range(first, min(rank, n) + 1)]
    return timedelta(seconds=sorted([*near, *more])[rank - first])


def _ranks(rows: QuerySet[Any], column: str, keys: Sequence[str], most: int) -> QuerySet[Any]:
    """Key, number, sum, rank and value: the ranks that can matter with up to ``most`` live ones."""
    parts = [F(key) for key in keys] or None
    whole = BigIntegerField()
    ranked = rows.annotate(
        n=Window(Count("pk"), partition_by=parts),
        total=Window(Sum(column, output_field=whole), partition_by=parts, output_field=whole),
        rank=Window(RowNumber(), partition_by=parts, order_by=F(column).asc()),
    )
    wanted = Q()
    for percent in (MEDIAN, P90):
        # Without division: ceil(percent · n / 100) − most … ceil(percent · (n + most) / 100).
        wanted |= Q(from_rank__gte=percent * F("n"), below_rank__lt=percent * (F("n") + most))
    ranked = ranked.annotate(
        from_rank=100 * (F("rank") + most), below_rank=100 * (F("rank") - 1)
    ).filter(wanted)
    return ranked.values_list(*keys, "n", "total", "rank", column)
