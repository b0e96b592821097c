"""What came in, what quality control let pass and what it sent back, day by day."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from analytics.filters import EVERYTHING, Filters
from analytics.periods import Period
from receipts.models import QualityCheck, Receipt, ReturnCase
from workshop.lib import clock


@dataclass(frozen=True)
class DayByDay:
    """Bucket of the period → (received, passed, returned), zero-filled."""

    per_bucket: dict[date, tuple[int, int, int]]

    @property
    def total(self) -> tuple[int, int, int]:
        received, passed, returned = zip(*self.per_bucket.values(), strict=True)
        return sum(received), sum(passed), sum(returned)


def received(asked: Period) -> QuerySet[Any]:
    """Receipts taken in during the period, not void."""
    return Receipt.objects.valid().filter(received_at__gte=asked.start, received_at__lt=asked.end)


def passed(asked: Period) -> QuerySet[Any]:
    """Decisions of quality control to let a watch go, made in the period, not void."""
    return QualityCheck.objects.valid().filter(
        decision=QualityCheck.Decision.PASSED,
        decided_at__gte=asked.start,
        decided_at__lt=asked.end,
    )


def returned(asked: Period) -> QuerySet[Any]:
    """Returns registered in the period, not void."""
    return ReturnCase.objects.valid().filter(
        returned_at__gte=asked.start, returned_at__lt=asked.end
    )


def day_by_day(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> DayByDay:
    """Receipts received, checks passed and returns registered, by the day each happened.

    What happened stays where it happened, also when the watch came back later (the flow asks where
    a watch stands, this asks what was done). Void ones are in none, nor is what lies after ``at``.
    Only brand and metal narrow it. Three queries over the index of their moments.
    """
    buckets = list(asked.buckets())
    starts = [first for first, _after in buckets]
    found = {first: [0, 0, 0] for first in starts}
    parts = (
        (received(asked), "received_at", "watch"),
        (passed(asked), "decided_at", "receipt__watch"),
        (returned(asked), "returned_at", "receipt__watch"),
    )
    for place, (rows, moment, watch) in enumerate(parts):
        day = TruncDate(moment, tzinfo=clock.zone())
        narrowed = rows.filter(_narrow(filters, watch), **{f"{moment}__lte": at}).order_by()
        for when, number in narrowed.values_list(day).annotate(Count("pk")):
            found[starts[bisect_right(starts, when) - 1]][place] += number
    return DayByDay({first: (one[0], one[1], one[2]) for first, one in found.items()})


def _narrow(filters: Filters, watch: str) -> Q:
    found = Q()
    if filters.brand:
        found &= Q(**{f"{watch}__brand": filters.brand})
    if filters.metal is not None:
        found &= Q(**{f"{watch}__metal": filters.metal})
    return found
