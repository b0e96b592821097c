"""Quality of people: how many of the works that were checked came back (spec 5.2)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from analytics import facts
from analytics.filters import EVERYTHING, Filters
from analytics.intervals import Proportion
from analytics.periods import Period
from analytics.snapshots import Snapshot, snapshot, wanted_works
from receipts.models import OperationType, ReturnCase
from staff.models import Employee

FINAL_AFTER = timedelta(days=14)
"""Works need this long to be checked and to come back; before that a period is not final."""


@dataclass(frozen=True)
class Quality:
    """Works of one kind, performed in a period, and what became of them.

    ``good`` is 1 − returned works / checked works: of works without a decision of quality control
    nothing is known, so they wait and are in neither count.
    """

    works: int
    own_reworks: int
    checked: int
    returned: int
    returns: int

    @property
    def waiting(self) -> int:
        """Works that quality control has not decided about yet."""
        return self.works - self.checked

    @property
    def good(self) -> Proportion:
        return Proportion(self.checked - self.returned, self.checked)

    def __add__(self, other: Quality) -> Quality:
        return Quality(
            self.works + other.works,
            self.own_reworks + other.own_reworks,
            self.checked + other.checked,
            self.returned + other.returned,
            self.returns + other.returns,
        )


NONE = Quality(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class PersonQuality:
    """One person: each kind of work, and how often he was the assembler of record of a return."""

    employee_id: int
    name: str
    by_type: dict[int, Quality]
    as_assembler: int
    from_customer: int = 0

    @property
    def total(self) -> Quality:
        return sum(self.by_type.values(), NONE)


@dataclass(frozen=True)
class QualityReport:
    """People in alphabetical order (never a league table), the types that occur, the whole."""

    people: list[PersonQuality]
    types: dict[int, str]
    final: bool

    @property
    def by_type(self) -> dict[int, Quality]:
        return {
            type_id: sum((one.by_type.get(type_id, NONE) for one in self.people), NONE)
            for type_id in self.types
        }

    @property
    def total(self) -> Quality:
        return sum((one.total for one in self.people), NONE)


def quality(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> QualityReport:
    """Quality per person and operation type of the works performed in the period.

    1 − returned works / checked works, of works performed in the period; without checked works
    there is no share. The counter of the whole watch (returns by their assembler of record, by
    the date of the return) stands beside the percentages and is never mixed into one; of the
    filters the types do not concern it. So does ``from_customer``: works of the period that a
    return on a confirmed warranty repeat points at. A fixed number of queries, whatever the period.
    """
    with snapshot() as shot:
        cells = _cells(shot, asked, filters)
        assembled = _as_assembler(shot, asked, filters)
        repeated = _from_customers(asked, filters)
        names = dict(
            Employee.objects.filter(pk__in={*assembled, *(person for person, _type in cells)})
            .order_by("full_name", "pk")
            .values_list("pk", "short_name")
        )
        types = dict(
            OperationType.objects.filter(
                pk__in={type_id for _person, type_id in cells}
            ).values_list("pk", "name")
        )
    by_person: dict[int, dict[int, Quality]] = defaultdict(dict)
    for (person, type_id), cell in cells.items():
        by_person[person][type_id] = cell
    people = [
        PersonQuality(pk, name, by_person.get(pk, {}), assembled.get(pk, 0), repeated.get(pk, 0))
        for pk, name in names.items()
    ]
    return QualityReport(people, types, final=asked.end + FINAL_AFTER <= at)


def _cells(shot: Snapshot, asked: Period, filters: Filters) -> dict[tuple[int, int], Quality]:
    """One cell per person and type that has an operation in the period."""
    parts = shot.parts(asked, filters)
    found: dict[tuple[int, int], Quality] = {}
    if parts.rolled:
        wanted = wanted_works(filters)
        sums = shot.sums("works", parts.rolled, by=("employee", "type"), wanted=wanted)
        found = {(person, kind): Quality(*values) for (person, kind), values in sums.items()}
    if parts.facts:
        for key, cell in _counted(*parts.facts, facts.chosen_operations(filters)).items():
            found[key] = found.get(key, NONE) + cell
    return found


def _counted(start: datetime, end: datetime, only: Q) -> dict[tuple[int, int], Quality]:
    """The same from the facts of [start, end), where a work may have come back several times.

    One query that asks each work once: what became of it is part of the key, not of conditions.
    """
    rows = (
        facts.operations(start, end)
        .filter(only)
        .order_by()
        .annotate(times=facts.times_hit())
        .values_list("employee", "type", "own_rework", "checked", "times")
        .annotate(Count("pk"))
    )
    found: dict[tuple[int, int], Quality] = {}
    for person, kind, own, checked, times, number in rows:
        if own:
            cell = Quality(0, number, 0, 0, 0)
        else:
            hit = number if times else 0
            cell = Quality(number, 0, number if checked else 0, hit, times * number)
        found[person, kind] = found.get((person, kind), NONE) + cell
    return found


def _from_customers(asked: Period, filters: Filters) -> dict[int, int]:
    """Works of the period that came back after the watch had left, once each, by person."""
    rows = facts.operations(asked.start, asked.end).filter(
        facts.came_back(), facts.chosen_operations(filters)
    )
    return dict(rows.order_by().values_list("employee").annotate(Count("pk")))


def _as_assembler(shot: Snapshot, asked: Period, filters: Filters) -> dict[int, int]:
    """Returns registered in the period, by their assembler of record."""
    parts = shot.parts(asked, filters)
    found: Counter[int] = Counter()
    if parts.rolled:
        wanted = {"assembler": filters.employees} if filters.employees else {}
        sums = shot.sums("assemblers", parts.rolled, by=("assembler",), wanted=wanted)
        found.update({person: cases for (person,), (cases,) in sums.items()})
    if parts.facts:
        start, end = parts.facts
        rows = ReturnCase.objects.filter(
            facts.chosen_assemblers(filters),
            voided_at__isnull=True,
            assembler__isnull=False,
            returned_at__gte=start,
            returned_at__lt=end,
        )
        found.update(dict(rows.order_by().values_list("assembler").annotate(Count("pk"))))
    return dict(found)
