"""Output: works by person and type, in time (spec 5.2). The only measure people are ranked by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count
from django.db.models.functions import TruncDate

from analytics.facts import works
from analytics.periods import Period
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


def output(asked: Period, *, employees: Iterable[int] = ()) -> Output:
    """Works that count (not void, no rework of one's own work) of the period; three queries."""
    rows = works(asked.start, asked.end).order_by()
    if employees:
        rows = rows.filter(employee__in=list(employees))
    day = TruncDate("performed_at", tzinfo=clock.zone())
    by_person: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    by_day: dict[date, int] = defaultdict(int)
    for person, type_id, at, number in rows.values_list("employee", "type", day).annotate(
        number=Count("pk")
    ):
        by_person[person][type_id] += number
        by_day[at] += number
    names = Employee.objects.filter(pk__in=by_person).order_by("full_name", "pk")
    kinds = {type_id for cells in by_person.values() for type_id in cells}
    return Output(
        people=dict(names.values_list("pk", "short_name")),
        types=dict(OperationType.objects.filter(pk__in=kinds).values_list("pk", "name")),
        by_person={person: dict(cells) for person, cells in by_person.items()},
        per_bucket={
            first: sum(number for at, number in by_day.items() if first <= at < after)
            for first, after in asked.buckets()
        },
    )
