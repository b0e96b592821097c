"""Who answers for the returns that were registered in a period (spec 5.2, the second cohort)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count

from analytics import facts
from analytics.facts import COLUMN, items_of_returns
from analytics.filters import EVERYTHING, Filters
from analytics.periods import Period
from analytics.snapshots import snapshot, wanted_items
from staff.models import Employee

HIT: Final = "hit_a_work"
WITHOUT: Final = "without_a_work"


@dataclass(frozen=True)
class Responsible:
    """Reasons of returns for which one person answers, with and without a work of his."""

    employee_id: int
    name: str
    hit_a_work: int
    without_a_work: int

    @property
    def total(self) -> int:
        return self.hit_a_work + self.without_a_work


def responsible(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> list[Responsible]:
    """Items of the returns registered in the period, by the person who was recorded as responsible.

    By the date of the return: no percentage, the works may be of another period. Of each person
    those that hit a work of his, and those without such a work. What is not our fault or undecided
    has nobody. In alphabetical order: this is no league table. A fixed number of queries.
    """
    found: dict[int, Counter[str]] = defaultdict(Counter)
    with snapshot() as shot:
        parts, by = shot.parts(asked, filters), ("responsible", "column")
        if parts.rolled:
            sums = shot.sums("items", parts.rolled, by=by, wanted=wanted_items(filters))
            for (person, column), (number,) in sums.items():
                found[person][column] += number
        if parts.facts:
            rows = items_of_returns(*parts.facts).filter(facts.chosen_items(filters)).order_by()
            counts = rows.annotate(column=COLUMN).values_list(*by).annotate(Count("pk"))
            for person, column, number in counts:
                found[person][column] += number
        people = Employee.objects.filter(pk__in=[one for one in found if one])
        names = list(people.order_by("full_name", "pk").values_list("pk", "short_name"))
    return [Responsible(pk, name, found[pk][HIT], found[pk][WITHOUT]) for pk, name in names]
