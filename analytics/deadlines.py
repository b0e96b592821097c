"""Deadlines kept: of the workshop, never of a person (spec 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count
from django.db.models.functions import TruncDate

from analytics.filters import EVERYTHING, Filters
from analytics.intervals import Proportion
from analytics.periods import Period
from analytics.receipt_facts import cohorts
from analytics.receipt_facts.reading import Known, known
from analytics.snapshots import snapshot
from workshop.lib import clock

FIRST, CURRENT = "first_deadline", "deadline"


@dataclass(frozen=True)
class Kept:
    """Of the receipts whose deadline fell into the period and has passed: how many were ready by
    it. ``ahead``: receipts whose deadline in the period is still to come; they are in no share.
    """

    kept: Proportion
    ahead: int
    per_bucket: dict[date, Proportion]


@dataclass(frozen=True)
class Deadlines:
    """By the first promise, and by the deadline as it stands now."""

    first: Kept
    current: Kept


@snapshot()
def deadlines(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> Deadlines:
    """Receipts whose first deadline (second figure: current one) fell into the period, and how many
    of them were ready by it.

    The first deadline is the first promise, which only the customer's own wish replaces. Kept:
    ready, and for the last time before ``at`` not later than the deadline. A watch that came back
    from the shelf is judged by when it is ready again, one that is still open has not kept it.
    Only deadlines that have passed are judged. Refused and void receipts are left out. It is a
    number of the workshop and has no persons. Six queries, nine more for receipts that changed a
    moment ago. Raises RuleViolation ``analytics.watches_only``.
    """
    found = known(asked, at=at, filters=filters)
    return Deadlines(_kept(found, asked, FIRST), _kept(found, asked, CURRENT))


def _kept(found: Known, asked: Period, field: str) -> Kept:
    by_day = _by_day(found, asked, field)
    whole = cohorts.ahead(asked, found.at, field)
    return Kept(
        kept=sum(by_day.values(), Proportion(0, 0)),
        ahead=cohorts.counts(found, whole, {"ahead": whole})["ahead"],
        per_bucket={
            first: sum(
                (one for day, one in by_day.items() if first <= day < after), Proportion(0, 0)
            )
            for first, after in asked.buckets()
        },
    )


def _by_day(found: Known, asked: Period, field: str) -> dict[date, Proportion]:
    due, kept = cohorts.due(asked, found.at, field), cohorts.kept(field)
    rows = (
        found.facts()
        .filter(due.stored)
        .values_list(TruncDate(field, tzinfo=clock.zone()))
        .annotate(kept=Count("pk", filter=kept.stored), number=Count("pk"))
    )
    days = {day: Proportion(part, number) for day, part, number in rows}
    for one in found.chosen(due.live):
        day = clock.local(getattr(one, field)).date()
        days[day] = days.get(day, Proportion(0, 0)) + Proportion(int(kept.live(one)), 1)
    return days
