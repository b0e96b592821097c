"""First-pass yield: what quality control lets go at once (spec 5.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from analytics.filters import EVERYTHING, Filters
from analytics.intervals import Proportion
from analytics.periods import Kind, Period
from analytics.quality import FINAL_AFTER
from analytics.receipt_facts import cohorts
from analytics.receipt_facts.reading import Known, known, within
from analytics.snapshots import snapshot
from receipts.models import OperationType
from workshop.lib import clock

NONE = Proportion(0, 0)


@dataclass(frozen=True)
class TypeYield:
    """One type of work at the first check: receipts on which it stood, and where it held."""

    type_id: int
    name: str
    good: Proportion


@dataclass(frozen=True)
class FirstPass:
    """``passed`` of the receipts first checked; ``reworked``: of them those that have come back
    from quality control at least once; ``returns``: how often they came back in all.
    """

    passed: Proportion
    reworked: Proportion
    returns: int
    by_type: list[TypeYield]
    per_bucket: dict[date, Proportion]
    final: bool

    @property
    def returns_per_receipt(self) -> float | None:
        return self.returns / self.passed.whole if self.passed.whole else None

    @property
    def rolled(self) -> float | None:
        """Rolled throughput yield, 0 to 1: the product of the yields of the types; None of none."""
        shares = [one.good.share for one in self.by_type if one.good.share is not None]
        return reduce(lambda product, share: product * share, shares, 1.0) if shares else None


@snapshot()
def first_pass_yield(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> FirstPass:
    """Receipts whose first check passed, of the receipts first checked in the period.

    The first check is the first decision of quality control that is not void; a rework order makes
    none. *Rework rate*: of the same receipts those that came back from quality control at least
    once before ``at``, also later than at the first check; *returns per receipt* counts them all.
    *Rolled throughput yield*: the product, over the types of work, of the share of receipts with
    such a work at their first check on which the check hit none of it (M. Harry, R. Schroeder,
    Six Sigma, 2000; P. Keller, Six Sigma Demystified, 2011): what a watch would pass at once that
    needs every type. Void receipts are in none. A period younger than 14 days is not final: its
    watches may still come back. Six queries, nine more for receipts that changed a moment ago.
    Raises RuleViolation ``analytics.watches_only``.
    """
    found = known(asked, at=at, filters=filters)
    whole = cohorts.first_checked(asked)
    live = found.chosen(whole.live)
    sums = (
        found.facts()
        .filter(whole.stored)
        .aggregate(
            reworked=Count("pk", filter=cohorts.RETURNED.stored), returns=Sum("returns", default=0)
        )
    )
    by_day = _by_day(found, asked)
    passed = sum(by_day.values(), NONE)
    reworked = sums["reworked"] + sum(map(cohorts.RETURNED.live, live))
    return FirstPass(
        passed=passed,
        reworked=Proportion(reworked, passed.whole),
        returns=sums["returns"] + sum(one.returns for one in live),
        by_type=_by_type(found, asked),
        per_bucket={
            first: sum((one for day, one in by_day.items() if first <= day < after), NONE)
            for first, after in asked.buckets()
        },
        final=asked.end + FINAL_AFTER <= at,
    )


@snapshot()
def passed_at_once(periods: Sequence[Period], *, at: datetime) -> list[Proportion]:
    """``passed`` of :func:`first_pass_yield` for several periods near each other, with as many
    queries as for one: three, nine more for receipts that changed a moment ago.
    """
    first, after = min(one.first for one in periods), max(one.after for one in periods)
    span = Period(Kind.CUSTOM, first, after)
    found = known(span, at=at)
    wholes = [cohorts.first_checked(one) for one in periods]
    asked = [part for whole in wholes for part in (whole, whole & cohorts.PASSED_AT_ONCE)]
    stored = (
        found.facts()
        .filter(cohorts.first_checked(span).stored)
        .aggregate(**{f"n{n}": Count("pk", filter=one.stored) for n, one in enumerate(asked)})
    )
    counts = [stored[f"n{n}"] + len(found.chosen(one.live)) for n, one in enumerate(asked)]
    return [
        Proportion(passed, whole) for whole, passed in zip(counts[::2], counts[1::2], strict=True)
    ]


def _by_day(found: Known, asked: Period) -> dict[date, Proportion]:
    whole = cohorts.first_checked(asked)
    rows = (
        found.facts()
        .filter(whole.stored)
        .values_list(TruncDate("first_check_at", tzinfo=clock.zone()))
        .annotate(passed=Count("pk", filter=cohorts.PASSED_AT_ONCE.stored), number=Count("pk"))
    )
    days = {day: Proportion(passed, number) for day, passed, number in rows}
    for one in found.chosen(whole.live):
        if one.first_check_at is not None:
            day = clock.local(one.first_check_at).date()
            days[day] = days.get(day, NONE) + Proportion(int(bool(one.first_passed)), 1)
    return days


def _by_type(found: Known, asked: Period) -> list[TypeYield]:
    """In the order of the catalogue."""
    rows = (
        found.first_check_types()
        .filter(within(asked, "fact__first_check_at"))
        .values_list("type", "hit")
        .annotate(Count("pk"))
    )
    numbers: Counter[tuple[int, bool]] = Counter()
    for kind, hit, number in rows:
        numbers[kind, hit] += number
    for one in found.chosen(cohorts.first_checked(asked).live):
        numbers.update(one.types.items())
    kinds = OperationType.objects.filter(pk__in={kind for kind, _hit in numbers})
    return [
        TypeYield(pk, name, Proportion(numbers[pk, False], numbers[pk, False] + numbers[pk, True]))
        for pk, name in kinds.values_list("pk", "name")
    ]
