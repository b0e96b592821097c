"""Flow: what comes in and what goes out, day by day (spec 5.2, 'in the workshop now')."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import Count
from django.db.models.functions import TruncDate

from analytics.filters import EVERYTHING, Filters
from analytics.periods import Period
from analytics.receipt_facts import cohorts
from analytics.receipt_facts.reading import Known, known
from analytics.snapshots import snapshot
from workshop.lib import clock

MOMENTS: Final = {
    "received": "received_at",
    "ready": "ready_at",
    "issued": "issued_at",
    "refused": "refused_at",
}


@dataclass(frozen=True)
class Day:
    """Receipts received, ready, issued (handed out, repaired or not) and refused."""

    received: int
    ready: int
    issued: int
    refused: int


@dataclass(frozen=True)
class Flow:
    """Per bucket of the period (zero-filled) and in all; ``unrepaired``: of those issued."""

    per_bucket: dict[date, Day]
    total: Day
    unrepaired: int

    @property
    def balance(self) -> int:
        """How many more came in than went out."""
        return self.total.received - self.total.issued


@snapshot()
def flow(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> Flow:
    """Receipts received, ready, issued and refused in the period, by day, week or month.

    A receipt counts where it stands: at the *last* time before ``at`` that it became ready, was
    refused or handed out, and not where it has left that state again (came back from the shelf,
    reopened, taken back). So the numbers are those of the lead time. Issued is everything that was
    handed out; unrepaired watches among them are counted once more apart. Void receipts are in
    none. Seven queries, nine more for receipts that changed a moment ago. Raises RuleViolation
    ``analytics.watches_only``.
    """
    found = known(asked, at=at, filters=filters)
    days = {name: _by_day(found, asked, moment) for name, moment in MOMENTS.items()}
    unrepaired = cohorts.unrepaired(asked)
    return Flow(
        per_bucket={
            first: Day(
                **{
                    name: sum(number for day, number in row.items() if first <= day < after)
                    for name, row in days.items()
                }
            )
            for first, after in asked.buckets()
        },
        total=Day(**{name: sum(row.values()) for name, row in days.items()}),
        unrepaired=cohorts.counts(found, unrepaired, {"all": unrepaired})["all"],
    )


def _by_day(found: Known, asked: Period, moment: str) -> Counter[date]:
    cohort = cohorts.happened(asked, moment)
    rows = found.facts().filter(cohort.stored)
    days: Counter[date] = Counter()
    for day, number in rows.values_list(TruncDate(moment, tzinfo=clock.zone())).annotate(
        Count("pk")
    ):
        days[day] += number
    for one in found.chosen(cohort.live):
        days[clock.local(getattr(one, moment)).date()] += 1
    return days
