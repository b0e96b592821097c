"""Trend of a person: the points are a slow count, what is judged and told is what may be."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from analytics.filters import Filters
from analytics.intervals import Proportion
from analytics.models import Mark, RollupState
from analytics.periods import next_month
from analytics.services import rollups
from analytics.tests.months import make_works
from analytics.tests.oracle import Oracle
from analytics.tests.world import BEGIN, DAYS, disturb, make_pools, make_world
from analytics.trend import Step, Trend, month_steps, place, trend, trends, week_steps
from receipts.models import OperationType, ReturnCase
from staff.models import Employee
from tests.cast import Cast, make_cast
from workshop.lib import clock

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def of(who: Employee, at: datetime = AT, filters: Filters | None = None) -> Trend:
    found = trend(who.pk, at=at, **({"filters": filters} if filters else {}))
    assert found is not None
    return found


def make_months(who: Employee, counts: list[tuple[int, int]], *, until: date) -> None:
    """(checked, returned) of the months that end with the one ``until`` lies in."""
    months = [until.replace(day=15)]
    while len(months) < len(counts):
        months.insert(0, (months[0].replace(day=1) - timedelta(days=1)).replace(day=15))
    for month, (checked, returned) in zip(months, counts, strict=True):
        make_works(who, month, checked=checked, returned=returned)


def test_the_points_agree_with_a_slow_count() -> None:
    make_cast()
    pools = make_pools(list(Employee.objects.order_by("pk")[:3]))
    make_world(random.Random(5), pools, receipts=40)
    at, oracle = BEGIN + timedelta(days=DAYS + 60), Oracle()
    seen = 0
    for person in pools.people:
        found = of(person, at)
        for point in found.points:
            cells = oracle.cells(clock.day_start(point.first), clock.day_start(point.after))
            own = [cell for (who, _kind), cell in cells.items() if who == person.pk]
            counts = [sum(cell[column] for cell in own) for column in (0, 2, 3)]
            assert counts == [point.works, point.returned.whole, point.returned.part]
            seen += point.returned.part
        for kind in pools.types:
            part = of(person, at, Filters(types=(kind.pk,)))
            cells = oracle.cells(clock.day_start(part.period.first), at)
            assert sum(one.works for one in part.points) == cells.get((person.pk, kind.pk), [0])[0]
    assert seen > 10
    assert {one.employee_id: one.points for one in trends(at=at)} == {
        person.pk: of(person, at).points for person in pools.people
    }


def test_roll_ups_and_facts_say_the_same() -> None:
    """Whatever happened since the last refresh; the roll-ups are really asked."""
    make_cast()
    pools = make_pools(list(Employee.objects.order_by("pk")[:3]))
    at, rng, changed = BEGIN + timedelta(days=DAYS + 60), random.Random(6), 0
    for number in range(6):
        point = transaction.savepoint()
        make_world(rng, pools, receipts=12)
        live = {one.employee_id: one.points for one in trends(at=at)}
        assert not rollups.refresh(at=at).left
        rolled = {one.employee_id: one.points for one in trends(at=at)}
        assert rolled == live
        touched = disturb(rng, pools)
        Mark.objects.bulk_create(
            Mark(event_id=1000 * number + place, receipt_id=pk)
            for place, pk in enumerate(touched, start=1)
        )
        marked = {one.employee_id: one.points for one in trends(at=at)}
        changed += marked != rolled
        RollupState.objects.all().delete()  # now everything is counted from the facts
        assert {one.employee_id: one.points for one in trends(at=at)} == marked
        for pk, points in marked.items():
            assert of(Employee.objects.get(pk=pk), at).points == points
        transaction.savepoint_rollback(point)
    assert changed > 2


def test_months_while_few_returns_are_expected(cast: Cast) -> None:
    make_months(cast.maxim, [(40, 1)] * 10, until=date(2026, 10, 1))
    assert of(cast.maxim).step == Step.MONTH
    assert [one.first.day for one in of(cast.maxim).points] == [1] * 11  # and the running one


def test_weeks_when_five_returns_are_expected_of_each(cast: Cast) -> None:
    for week in range(12):
        make_works(cast.maxim, date(2026, 8, 3) + timedelta(weeks=week), checked=60, returned=5)
    found = of(cast.maxim)
    assert found.step == Step.WEEK
    assert {one.first.weekday() for one in found.points} == {0}
    make_works(cast.maxim, date(2026, 7, 27), checked=60)  # now less than five
    assert of(cast.maxim).step == Step.MONTH


def test_a_drop_is_a_signal(cast: Cast) -> None:
    """40 a month, one or two of them come back; then twelve."""
    make_months(cast.maxim, [(40, 1), (40, 2)] * 5 + [(40, 12)], until=date(2026, 10, 1))
    found = of(cast.maxim)
    assert found.centre is not None
    assert found.centre.share == pytest.approx(15 / 400)
    dropped = [one for one in found.points if one.dropped]
    assert [(one.first, one.returned) for one in dropped] == [
        (date(2026, 10, 1), Proportion(12, 40))
    ]
    assert found.total == Proportion(27, 440)


def test_what_is_not_final_is_neither_judged_nor_usual(cast: Cast) -> None:
    make_months(cast.maxim, [(40, 1)] * 10 + [(40, 20)], until=date(2026, 10, 1))
    early = of(cast.maxim, datetime(2026, 11, 14, 20, 59, tzinfo=UTC))  # 23:59 in the workshop
    assert [one.final for one in early.points[-2:]] == [False, False]
    assert not any(one.signals for one in early.points)
    assert early.total == Proportion(10, 400)
    assert early.points[-2].limits is not None  # shown all the same
    late = of(cast.maxim, datetime(2026, 11, 14, 21, tzinfo=UTC))
    assert [one.first for one in late.points if one.dropped] == [date(2026, 10, 1)]


def test_fewer_than_twenty_are_too_few(cast: Cast) -> None:
    make_months(cast.maxim, [(6, 0), (6, 0), (7, 7)], until=date(2026, 9, 1))
    found = of(cast.maxim)
    assert found.total.whole == 19
    assert found.centre is None
    assert not any(one.signals or one.limits for one in found.points)


def test_a_month_of_few_works_is_never_a_signal(cast: Cast) -> None:
    make_months(cast.maxim, [(60, 1)] * 10 + [(19, 19)], until=date(2026, 10, 1))
    found = of(cast.maxim)
    assert found.centre is not None
    assert not any(one.signals for one in found.points)


def test_a_void_return_is_no_drop(cast: Cast) -> None:
    make_months(cast.maxim, [(40, 1)] * 10 + [(40, 12)], until=date(2026, 10, 1))
    assert any(one.dropped for one in of(cast.maxim).points)
    ReturnCase.objects.filter(returned_at__gte=datetime(2026, 10, 1, tzinfo=UTC)).update(
        voided_at=AT
    )
    assert not any(one.dropped for one in of(cast.maxim).points)


def test_a_newcomer_begins_with_his_first_work(cast: Cast) -> None:
    make_months(cast.maxim, [(30, 1)] * 2, until=date(2026, 10, 1))
    assert of(cast.maxim).points[0].first == date(2026, 9, 1)
    nobody = of(cast.anna)
    assert [one.works for one in nobody.points] == [0]
    assert nobody.centre is None
    assert trend(0, at=AT) is None


def test_the_place_in_the_funnel(cast: Cast) -> None:
    for who, returned in ((cast.maxim, 9), (cast.mark, 1), (cast.pavel, 1)):
        make_months(who, [(50, returned)] * 3, until=date(2026, 10, 1))
    bad, good = place(of(cast.maxim), at=AT), place(of(cast.mark), at=AT)
    assert (bad.own, bad.whole) == (Proportion(27, 150), Proportion(33, 450))
    assert bad.above
    assert not good.above
    nothing = place(of(cast.anna), at=AT)
    assert (nothing.own.whole, nothing.above) == (0, False)


def test_one_type_alone(cast: Cast) -> None:
    make_months(cast.maxim, [(30, 1)] * 3, until=date(2026, 10, 1))
    other = OperationType.objects.exclude(code="assembly")[0]
    assert of(cast.maxim, filters=Filters(types=(other.pk,))).total.whole == 0


def test_who_has_left_is_not_looked_at(cast: Cast) -> None:
    make_months(cast.maxim, [(30, 1)] * 3, until=date(2026, 10, 1))
    assert [one.employee_id for one in trends(at=AT)] == [cast.maxim.pk]
    Employee.objects.filter(pk=cast.maxim.pk).update(active=False)
    assert trends(at=AT) == []
    assert of(cast.maxim).total.whole == 90  # his page stays


def test_the_window() -> None:
    months, weeks = month_steps(date(2026, 11, 20)), week_steps(date(2026, 11, 20))
    assert (months[0], months[-1], len(months)) == (date(2024, 12, 1), date(2026, 12, 1), 25)
    assert (weeks[0], weeks[-1], len(weeks)) == (date(2025, 11, 24), date(2026, 11, 23), 53)
    assert all(next_month(a) == b for a, b in pairwise(months))
    assert week_steps(date(2026, 11, 23))[-1] == date(2026, 11, 30)  # a Monday begins its week


def test_the_cost_does_not_grow(cast: Cast) -> None:
    counts = []
    for _time in range(2):
        make_months(cast.maxim, [(20, 1)] * 6, until=date(2026, 10, 1))
        make_months(cast.mark, [(20, 1)] * 6, until=date(2026, 10, 1))
        with CaptureQueriesContext(connection) as made:
            shown = of(cast.maxim)
            alone = len(made)
            place(shown, at=AT)
            together = len(made)
            trends(at=AT)
        counts.append((alone, together - alone, len(made) - together))
    assert counts[0] == counts[1] == (3, 6, 3), counts
