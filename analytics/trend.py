"""Quality of a person in time, with the limits that chance alone would keep (spec 5.2).

The window is fixed, so that nobody is judged by a period that was chosen for it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from analytics import control, facts
from analytics.control import Centre, Rule, Signal
from analytics.filters import EVERYTHING, Filters
from analytics.intervals import Proportion
from analytics.periods import DAY, Kind, Period, next_month, previous_month
from analytics.quality import FINAL_AFTER, quality
from analytics.snapshots import snapshot, wanted_works
from staff.models import Employee
from workshop.lib import clock

MONTHS = 24
WEEKS = 52
"""How far back the chart goes, the running month or week included."""


class Step(StrEnum):
    """What a point of the chart stands for."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Point:
    """Works of one week or month, [first, after). ``limits`` are those of the returned share.

    ``final`` ones are two weeks old: the others are shown, but neither judged nor usual yet.
    """

    first: date
    after: date
    works: int
    returned: Proportion
    final: bool
    limits: tuple[float, float] | None = None
    signals: tuple[Signal, ...] = ()

    @property
    def last(self) -> date:
        return self.after - DAY

    @property
    def judged(self) -> bool:
        return self.final and self.returned.enough

    @property
    def dropped(self) -> bool:
        """Quality fell outside the limits: the one signal that people are told of."""
        return any(one.rule == Rule.OUTSIDE and one.worse for one in self.signals)


@dataclass(frozen=True)
class Trend:
    """A p-chart of the returned share of a person's works. Without ``centre``: too few to judge."""

    employee_id: int
    name: str
    step: Step
    points: list[Point]
    centre: Centre | None

    @property
    def total(self) -> Proportion:
        """Returned of checked works, of the final points."""
        return _sum(point.returned for point in self.points if point.final)

    @property
    def period(self) -> Period:
        """The days of the chart."""
        return Period(Kind.CUSTOM, self.points[0].first, self.points[-1].after)

    @property
    def over_dispersed(self) -> bool:
        return self.centre is not None and self.centre.spread > 1

    @property
    def signals(self) -> list[tuple[Point, Signal]]:
        """The newest first."""
        return [(point, one) for point in reversed(self.points) for one in point.signals]


@dataclass(frozen=True)
class Place:
    """Where a person stands in the funnel of everybody's works; ``above`` its outer limit."""

    own: Proportion
    whole: Proportion
    above: bool


def trend(employee_id: int, *, at: datetime, filters: Filters = EVERYTHING) -> Trend | None:
    """Returned of checked works of one person, by the day the work was performed, over 24 months.

    By week over 52 weeks when five returns or more are expected of a week's works, else by month.
    The usual share is that of all final points less those outside their trial limits; limits are
    three standard errors, wider (Laney's p′) where the points scatter more than chance allows.
    Fewer than 20 checked works in all: no limits, no signals. A fixed number of queries; None for
    nobody.
    """
    person = Employee.objects.filter(pk=employee_id).first()
    if person is None:
        return None
    counted = _days(replace(filters, employees=(employee_id,)), at)
    return _of(employee_id, person.short_name, counted.get(employee_id, {}), at)


def trends(*, at: datetime) -> list[Trend]:
    """Everybody's who works here and has worked in the window; a fixed number of queries."""
    counted = _days(EVERYTHING, at)
    people = Employee.objects.filter(pk__in=counted, active=True).order_by("full_name", "pk")
    return [_of(pk, name, counted[pk], at) for pk, name in people.values_list("pk", "short_name")]


def place(shown: Trend, *, at: datetime, filters: Filters = EVERYTHING) -> Place:
    """The person among all works of the same days, as far as they are final (spec: funnel)."""
    final = [point for point in shown.points if point.final]
    if not final:
        nothing = Proportion(0, 0)
        return Place(nothing, nothing, above=False)
    asked = Period(Kind.CUSTOM, final[0].first, final[-1].after)
    total = quality(asked, at=at, filters=replace(filters, employees=())).total
    whole = Proportion(total.returned, total.checked)
    return Place(shown.total, whole, control.above_funnel(shown.total, whole))


Counts = Mapping[date, tuple[int, int, int]]
"""Day → works, checked, returned."""


def _days(filters: Filters, at: datetime) -> dict[int, dict[date, tuple[int, int, int]]]:
    """Per person and day of the window, what became of his works."""
    today = clock.local(at).date()
    asked = Period(Kind.CUSTOM, month_steps(today)[0], today + DAY)
    found: dict[int, dict[date, tuple[int, int, int]]] = defaultdict(dict)
    with snapshot() as shot:
        parts = shot.parts(asked, filters)
        if parts.rolled:
            sums = shot.sums(
                "works",
                parts.rolled,
                by=("employee", "day"),
                wanted=wanted_works(filters),
                months=False,
            )
            for (person, day), (done, _own, checked, returned, _returns) in sums.items():
                found[person][day] = (done, checked, returned)
        if parts.facts:
            for person, day, *counts in _counted(*parts.facts, filters):
                found[person][day] = (counts[0], counts[1], counts[2])
    return found


def _counted(start: datetime, end: datetime, filters: Filters) -> QuerySet[Any]:
    """The same from the facts of [start, end)."""
    rows = facts.works(start, end).filter(facts.chosen_operations(filters)).order_by()
    day = TruncDate("performed_at", tzinfo=clock.zone())
    return rows.values_list("employee", day).annotate(
        all_works=Count("pk"),
        checked_works=Count("pk", filter=Q(checked=True)),
        returned=Count("pk", filter=Q(hit=True)),
    )


def _of(employee_id: int, name: str, counted: Counts, at: datetime) -> Trend:
    today = clock.local(at).date()
    weeks = _points(week_steps(today), counted, at)
    step = Step.WEEK if _expected(weeks) >= control.FEWEST_EXPECTED else Step.MONTH
    points = weeks if step == Step.WEEK else _points(month_steps(today), counted, at)
    return Trend(employee_id, name, step, *_judged(points))


def _expected(points: Sequence[Point]) -> float:
    """Returns expected of the works of one point: the mean over those that have checked works."""
    known = [point.returned for point in points if point.final and point.returned.whole]
    return _sum(known).part / len(known) if known else 0


def _judged(points: list[Point]) -> tuple[list[Point], Centre | None]:
    """The points with their limits and signals."""
    final = [point.returned for point in points if point.final]
    usual = control.centre(final) if _sum(final).enough else None
    if usual is None:
        return points, None
    found: dict[int, list[Signal]] = defaultdict(list)
    for one in control.signals(final, usual):
        found[one.index].append(one)
    return [
        replace(
            point,
            limits=usual.limits(point.returned.whole) if point.returned.whole else None,
            signals=tuple(found[number]),  # final points are the first ones
        )
        for number, point in enumerate(points)
    ], usual


def _points(starts: list[date], counted: Counts, at: datetime) -> list[Point]:
    """``starts`` and the end of the last: a point for each step that is not before the first work.

    A newcomer's chart begins with him.
    """
    sums = [[0, 0, 0] for _start in starts[:-1]]
    for day, counts in counted.items():
        number = bisect_right(starts, day) - 1
        if 0 <= number < len(sums):
            sums[number] = [old + new for old, new in zip(sums[number], counts, strict=True)]
    begin = next((number for number, one in enumerate(sums) if one[0]), len(sums) - 1)
    return [
        Point(
            first,
            after,
            done,
            Proportion(returned, checked),
            final=clock.day_start(after) + FINAL_AFTER <= at,
        )
        for (done, checked, returned), first, after in zip(
            sums[begin:], starts[begin:], starts[begin + 1 :], strict=False
        )
    ]


def month_steps(today: date) -> list[date]:
    """The first days of the months of the window, and of the one after."""
    after = next_month(today)
    steps = [after]
    for _number in range(MONTHS):
        steps.append(previous_month(steps[-1]))
    return steps[::-1]


def week_steps(today: date) -> list[date]:
    """The Mondays of the weeks of the window, and the one after."""
    monday = today - DAY * today.weekday()
    return [monday + 7 * DAY * number for number in range(1 - WEEKS, 2)]


def _sum(cells: Iterable[Proportion]) -> Proportion:
    return sum(cells, Proportion(0, 0))
