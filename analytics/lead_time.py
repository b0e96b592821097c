"""Lead time: how long a watch takes from the counter to the shelf and to its owner (spec 5.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, F

from analytics.filters import EVERYTHING, Filters
from analytics.periods import Period
from analytics.receipt_facts import cohorts
from analytics.receipt_facts.cohorts import Cohort
from analytics.receipt_facts.derived import Derived, Length
from analytics.receipt_facts.reading import Known, known
from analytics.snapshots import snapshot
from analytics.spreads import Spread, spread

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True)
class Lead:
    """One way measured by the calendar and in working time; both of the same receipts."""

    calendar: Spread
    working: Spread

    @property
    def n(self) -> int:
        return self.calendar.n


@dataclass(frozen=True)
class LeadTime:
    """``ready``: received → ready, of the receipts that became ready in the period; ``issued``:
    received → issued, of those handed out in it; ``days``: whole days to ready → receipts.
    """

    ready: Lead
    issued: Lead
    days: dict[int, int]


@snapshot()
def lead_time(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> LeadTime:
    """Time from received to ready and to issued: median and 90th percentile, by the calendar and
    in working time of the workshop's calendar as it is today.

    Counted are receipts that became ready (were issued) in the period *for the last time* before
    ``at``: one that came back from the shelf counts again only when it is ready again. Refused and
    void receipts are in none, unrepaired ones neither. The 90th percentile is the length that
    nine of ten did not exceed (nearest rank). Lengths are exact to the second. Eleven queries, nine
    more for receipts that changed a moment ago. Raises RuleViolation ``analytics.watches_only``.
    """
    found = known(asked, at=at, filters=filters)
    done, handed_out = cohorts.ready(asked), cohorts.issued(asked)
    return LeadTime(
        ready=_lead(found, done, "ready", lambda one: one.ready),
        issued=_lead(found, handed_out, "issued", lambda one: one.issued),
        days=_days(found, done),
    )


def _lead(
    found: Known, cohort: Cohort, name: str, length: Callable[[Derived], Length | None]
) -> Lead:
    rows = found.facts().filter(cohort.stored)
    lengths = [length(one) for one in found.chosen(cohort.live)]
    live = [one for one in lengths if one is not None]
    return Lead(
        calendar=spread(rows, f"{name}_seconds", [one.seconds for one in live]),
        working=spread(rows, f"{name}_working", [one.working for one in live]),
    )


def _days(found: Known, cohort: Cohort) -> dict[int, int]:
    """Full days from received to ready → receipts, in order."""
    rows = found.facts().filter(cohort.stored).annotate(days=F("ready_seconds") / DAY_SECONDS)
    sums = Counter(dict(rows.values_list("days").annotate(Count("pk"))))
    sums.update(one.ready.seconds // DAY_SECONDS for one in found.chosen(cohort.live) if one.ready)
    return dict(sorted(sums.items()))
