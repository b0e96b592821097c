"""Output: works by person and type, in time (spec 5.2). The only measure people are ranked by."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count
from django.db.models.functions import TruncDate

from analytics import facts
from analytics.filters import EVERYTHING, Filters
from analytics.periods import Period
from analytics.snapshots import Snapshot, snapshot, wanted_works
from receipts.models import OperationType
from staff.models import Employee
from workshop.lib import clock


@dataclass(frozen=True)
class Output:
    """Works of a period: person → type → number, and per bucket of time (zero-filled)."""

    people: dict[int, str]
    types: dict[int, str]
    by_person: dict[int, dict[int, int]]
    per_bucket: dict[date, int]

    @property
    def total(self) -> int:
        return sum(self.per_bucket.values())

    def top(self, most: int) -> list[tuple[int, int]]:
        """(person, works), most works first, equal ones by name."""
        sums = [(pk, sum(self.by_person[pk].values())) for pk in self.people]
        return sorted(sums, key=lambda pair: -pair[1])[:most]


def output(asked: Period, *, at: datetime | None = None, filters: Filters = EVERYTHING) -> Output:
    """Works that count (not void, no rework of one's own work) of the period, by person and type.

    ``at`` changes nothing: what is recorded has happened. A fixed number of queries.
    """
    with snapshot() as shot:
        by_person, by_day = _counted(shot, asked, filters)
        names = dict(
            Employee.objects.filter(pk__in=by_person)
            .order_by("full_name", "pk")
            .values_list("pk", "short_name")
        )
        kinds = {type_id for cells in by_person.values() for type_id in cells}
        types = dict(OperationType.objects.filter(pk__in=kinds).values_list("pk", "name"))
    buckets = list(asked.buckets())
    starts = [first for first, _after in buckets]
    per_bucket = dict.fromkeys(starts, 0)
    for day, number in by_day.items():
        per_bucket[starts[bisect_right(starts, day) - 1]] += number
    return Output(
        people=names,
        types=types,
        by_person={person: dict(cells) for person, cells in by_person.items()},
        per_bucket=per_bucket,
    )


def _counted(
    shot: Snapshot, asked: Period, filters: Filters
) -> tuple[dict[int, dict[int, int]], dict[date, int]]:
    """Person → type → works, and works by days; where the buckets are months by their first."""
    parts = shot.parts(asked, filters)
    by_person: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    by_day: dict[date, int] = defaultdict(int)
    if parts.rolled:
        wanted, months = wanted_works(filters), asked.by_months
        cells = shot.sums("works", parts.rolled, by=("employee", "type"), wanted=wanted)
        for (person, type_id), values in cells.items():
            if values[0]:
                by_person[person][type_id] += values[0]
        days = shot.sums("works", parts.rolled, by=("day",), wanted=wanted, months=months)
        by_day.update({day: values[0] for (day,), values in days.items()})
    if parts.facts:
        rows = facts.works(*parts.facts).filter(facts.chosen_operations(filters)).order_by()
        day = TruncDate("performed_at", tzinfo=clock.zone())
        for person, type_id, when, number in rows.values_list("employee", "type", day).annotate(
            number=Count("pk")
        ):
            by_person[person][type_id] += number
            by_day[when] += number
    return by_person, by_day
