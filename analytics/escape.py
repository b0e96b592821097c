"""Escape rate: what quality control let go and the customer brought back (spec 5.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from analytics.filters import EVERYTHING, Filters
from analytics.intervals import Proportion
from analytics.periods import Period
from analytics.receipt_facts import cohorts
from analytics.receipt_facts.cohorts import Cohort
from analytics.receipt_facts.derived import Derived
from analytics.receipt_facts.reading import Known, known
from analytics.snapshots import snapshot
from receipts.models import Receipt

WITHIN_DAYS: Final = (30, 90, 365)


@dataclass(frozen=True)
class Escapes:
    """days → receipts that came back under warranty within them, of those that had so long."""

    within: dict[int, Proportion]
    issued: int


@snapshot()
def escape_rate(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> Escapes:
    """Confirmed warranty repeats within 30, 90 and 365 days of the hand-over, of the receipts that
    were issued (repaired) in the period and have been with their owners for that long at ``at``.

    A repeat is a receipt that names the earlier one and whose kind of visit is *warranty*; one that
    is not confirmed yet counts when it is. A day is 24 hours. A receipt counts once, however often
    it comes back. Unrepaired and void receipts are in none. Without a receipt of that exposure
    there is no rate. Three queries, ten more for receipts that changed a moment ago. Raises
    RuleViolation ``analytics.watches_only``.
    """
    found = known(asked, at=at, filters=filters)
    whole = cohorts.issued(asked)
    came_back = repeats(found, found.chosen(whole.live))
    parts: dict[str, Cohort] = {"issued": whole}
    for days in WITHIN_DAYS:
        parts[f"exposed_{days}"] = exposed(at, days)
        parts[f"repeated_{days}"] = exposed(at, days) & repeated(came_back, at, days)
    numbers = cohorts.counts(found, whole, parts)
    return Escapes(
        {
            days: Proportion(numbers[f"repeated_{days}"], numbers[f"exposed_{days}"])
            for days in WITHIN_DAYS
        },
        numbers["issued"],
    )


def exposed(at: datetime, days: int) -> Cohort:
    """With the owner for at least so many days."""
    latest = at - timedelta(days=days)
    return Cohort(
        Q(issued_at__lte=latest),
        lambda one: one.issued_at is not None and one.issued_at <= latest,
        "issued_at",
    )


def repeated(came_back: dict[int, list[datetime]], at: datetime, days: int) -> Cohort:
    """Brought back under warranty within so many days."""
    longest = timedelta(days=days)

    def live(one: Derived) -> bool:
        issued_at = one.issued_at
        return issued_at is not None and any(
            issued_at <= moment <= issued_at + longest for moment in came_back.get(one.id, ())
        )

    again = _warranty(at).filter(
        repeats=OuterRef("pk"),
        received_at__gte=OuterRef("issued_at"),
        received_at__lte=OuterRef("issued_at") + longest,
    )
    return Cohort(Q(Exists(again)), live, "issued_at")


def repeats(found: Known, live: Iterable[Derived]) -> dict[int, list[datetime]]:
    """Receipt → when its watch came back under warranty, of the receipts derived just now."""
    ids = [one.id for one in live]
    moments: dict[int, list[datetime]] = defaultdict(list)
    rows = _warranty(found.at).filter(repeats__in=ids)
    for pk, received_at in rows.values_list("repeats_id", "received_at"):
        moments[pk].append(received_at)
    return moments


def _warranty(at: datetime) -> QuerySet[Receipt]:
    rows: QuerySet[Receipt] = Receipt.objects.valid().order_by()
    return rows.filter(visit_kind=Receipt.VisitKind.WARRANTY, received_at__lte=at)
