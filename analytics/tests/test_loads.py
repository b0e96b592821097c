"""Loads and the split of the workshop agree with a slow count on random presents."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import transaction

from analytics import polishing_load as polishing
from analytics.filters import EVERYTHING, Filters
from analytics.master_load import handed, master_load
from analytics.periods import Kind, Period, period
from analytics.polishing_load import polishing_load
from analytics.tests.load_oracle import Filter, LoadOracle, nearest_rank
from analytics.tests.load_world import AT, Pools, make_pools, make_world
from analytics.workshop_now import EDGES, aged, here, workshop_now
from receipts.models import Assignment
from receipts.services.calendars import create_calendar, current_calendar
from staff.models import Employee
from tests.cast import make_cast
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db
WORLDS = int(os.environ.get("ANALYTICS_WORLDS", "30"))


@pytest.fixture
def pools() -> Pools:
    make_cast()
    hours = [(time(10), time(13)), (time(14), time(19))]
    weekly = dict.fromkeys(range(6), hours)
    create_calendar(name="Будни", weekly=weekly, actor=system_actor("tests"))
    return make_pools(list(Employee.objects.order_by("pk")[:4]))


def worlds(pools: Pools) -> Iterator[tuple[Filters, LoadOracle, Period]]:
    calendar = current_calendar()
    for seed in range(WORLDS):
        rng = random.Random(seed)
        point = transaction.savepoint()
        make_world(rng, pools)
        filters = _filters(rng, pools)
        last = AT.date() - timedelta(days=rng.randint(0, 60))
        first = last - timedelta(days=rng.randint(10, 90))
        asked = period(Kind.CUSTOM, at=AT, first=first, last=last)
        own = Filter(filters.employees, filters.types, filters.brand, filters.metal)
        yield filters, LoadOracle(AT, own, calendar), asked
        transaction.savepoint_rollback(point)


def _filters(rng: random.Random, pools: Pools) -> Filters:
    """Mostly everything, else one narrowing or several."""
    if rng.random() < 0.5:
        return EVERYTHING
    return Filters(
        employees=tuple(row.pk for row in pools.people[:2]) if rng.random() < 0.4 else (),
        types=(pools.types[0].pk,) if rng.random() < 0.3 else (),
        brand="Ракета" if rng.random() < 0.3 else "",
        metal=pools.metals[0].pk if rng.random() < 0.3 else None,
    )


def test_the_workshop_now(pools: Pools) -> None:
    seen: Counter[str] = Counter()
    for filters, oracle, _asked in worlds(pools):
        found = workshop_now(at=AT, filters=filters)
        groups = {
            (one.place, one.hold_reason): (one.count, one.overdue, list(one.ages))
            for one in found.groups
            if one.count
        }
        assert groups == oracle.now()
        assert found.total == here(AT, filters).count() == sum(found.ages)
        for bucket in range(len(EDGES) + 1):
            assert here(AT, filters).filter(aged(bucket, AT)).count() == found.ages[bucket]
        for one in found.groups:
            assert sum(one.ages) == one.count
            rows = here(AT, filters).filter(stands=one.place)
            if one.hold_reason:
                rows = rows.filter(hold_reason=one.hold_reason)
            assert {row.pk for row in rows} == {row.pk for row in rows.distinct()}
            assert len(rows) == one.count
            seen[one.place] += one.count
    assert len(seen) == 7, f"the worlds are too plain: {seen}"
    assert min(seen.values()) > 3, f"the worlds are too plain: {seen}"


@pytest.mark.parametrize("self_service", [True, False])
def test_the_load_of_masters(pools: Pools, settings: Any, self_service: bool) -> None:
    settings.WORKSHOP_SELF_SERVICE = self_service
    seen: Counter[str] = Counter()
    for filters, oracle, _asked in worlds(pools):
        found = master_load(at=AT, filters=filters)
        expected = oracle.masters(self_service)
        assert {one.employee_id for one in found.people if one.total} == set(expected)
        for one in found.people:
            wanted = expected.get(one.employee_id)
            if wanted is None:
                assert (one.total, one.late, one.not_accepted, one.oldest) == (0, 0, 0, None)
                continue
            assert one.places == wanted["places"]
            assert one.purposes == wanted["purposes"]
            assert one.overdue == wanted["overdue"]
            assert one.not_accepted == wanted["waiting"]
            assert one.oldest == min(wanted["since"], default=None)
            assert sum(one.purposes.values()) == one.bench
            rows = handed(AT, filters).filter(holder=one.employee_id)
            assert rows.count() == one.total
            assert rows.filter(late=True).count() == one.late
            assert rows.filter(unaccepted=True).count() == one.not_accepted
        total = found.total
        assert total.total == sum(one.total for one in found.people) == handed(AT, filters).count()
        assert total.late == sum(one.late for one in found.people)
        seen.update(late=total.late, bench=total.bench, waiting=total.not_accepted)
    assert seen["late"] > 3 < seen["bench"], f"the worlds are too plain: {seen}"
    assert bool(seen["waiting"]) is self_service


def test_the_load_of_polishers(pools: Pools) -> None:
    seen: Counter[str] = Counter()
    for filters, oracle, asked in worlds(pools):
        found = polishing_load(asked, at=AT, filters=filters)
        out, back = oracle.out(), oracle.back(asked.start, asked.end)
        shown = {one.employee_id for one in found.people}
        assert set(out) | {who for who, _how in back} <= shown
        for one in found.people:
            rows = out.get(one.employee_id, [])
            assert one.open == len(rows) == sum(one.by_part.values())
            assert one.difficult == sum(row.difficult for row in rows)
            assert one.by_part == Counter("both" if len(r.parts) > 1 else r.parts[0] for r in rows)
            assert one.by_metal == Counter(row.metal_id for row in rows)
            assert one.oldest == min((row.sent_at for row in rows), default=None)
            for how, turnaround in (("done", one.done), ("rework", one.reworks)):
                taken = [oracle.took(row) for row in back.get((one.employee_id, how), [])]
                calendar, working = [pair[0] for pair in taken], [pair[1] for pair in taken]
                assert turnaround.count == len(taken)
                assert turnaround.median == nearest_rank(calendar, 50)
                assert turnaround.p90 == nearest_rank(calendar, 90)
                assert turnaround.working_median == nearest_rank(working, 50)
                assert turnaround.working_p90 == nearest_rank(working, 90)
                assert all(length >= timedelta() for pair in taken for length in pair)
                seen[how] += len(taken)
            assert one.without_work == len(back.get((one.employee_id, "without_work"), []))
            seen.update(open=one.open, without_work=one.without_work)
        _check_total(found, filters, asked)
    assert min(seen.values()) > 3, f"the worlds are too plain: {seen}"


def _check_total(found: polishing.PolishingLoad, filters: Filters, asked: Period) -> None:
    """The whole is the sum of its people, and what the lists behind it count."""
    total = found.total
    assert total.open == sum(one.open for one in found.people)
    assert total.open == polishing.rounds_out(filters).count()
    assert total.without_work == sum(one.without_work for one in found.people)
    back = polishing.rounds_back(asked, filters)
    for how, number in (
        (polishing.DONE, total.done.count),
        (polishing.REWORK, total.reworks.count),
        (polishing.WITHOUT_WORK, total.without_work),
    ):
        assert back.filter(how=how).count() == number
    assert set(found.metals) == {pk for pk in total.by_metal if pk}


def test_an_empty_workshop_has_no_load() -> None:
    make_cast()
    asked = period(Kind.MONTH, at=AT)
    now = workshop_now(at=AT)
    assert (now.total, now.overdue, set(now.ages)) == (0, 0, {0})
    assert [one.place for one in now.groups] == [
        "waiting", "master", "polisher", "qc", "hold", "ready", "refused"
    ]  # fmt: skip
    masters = master_load(at=AT)
    assert [one.total for one in masters.people] == [0, 0]
    polishers = polishing_load(asked, at=AT)
    assert [(one.open, one.done.median) for one in polishers.people] == [(0, None)]
    assert not Assignment.objects.exists()


def test_a_wrong_question_finds_nobody(pools: Pools) -> None:
    make_world(random.Random(1), pools)
    nobody = Filters(employees=(10**9,))
    assert workshop_now(at=AT, filters=nobody).total == 0
    assert master_load(at=AT, filters=nobody).people == []
    assert polishing_load(period(Kind.YEAR, at=AT), at=AT, filters=nobody).people == []


@pytest.mark.parametrize("measure", [workshop_now, master_load, polishing_load])
def test_more_rows_ask_no_more_questions(
    pools: Pools, measure: Any, django_assert_num_queries: Any
) -> None:
    asked = (period(Kind.YEAR, at=AT),) if measure is polishing_load else ()
    questions = {workshop_now: 2, master_load: 4, polishing_load: 7}[measure]
    for seed, receipts in ((1, 30), (2, 120)):
        point = transaction.savepoint()
        make_world(random.Random(seed), pools, receipts=receipts)
        with django_assert_num_queries(questions):
            measure(*asked, at=AT)
        transaction.savepoint_rollback(point)
