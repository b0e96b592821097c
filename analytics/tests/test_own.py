"""A person's own numbers, and an average of the others in which nobody can be recognised."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext

from analytics.own import FEWEST_OTHERS, own
from analytics.periods import Kind, Period, period
from analytics.quality import Quality
from analytics.tests.oracle import Oracle
from analytics.tests.world import BEGIN, DAYS, Pools, make_pools, make_world
from receipts.models import Receipt
from staff.models import Employee
from tests.cast import make_cast

pytestmark = pytest.mark.django_db

AT = BEGIN + timedelta(days=DAYS + 60)
WORLDS = 20


@pytest.fixture
def pools() -> Pools:
    make_cast()
    return make_pools(list(Employee.objects.order_by("pk")[:5]))


@pytest.fixture
def asked() -> Period:
    first = BEGIN.date()
    return period(Kind.CUSTOM, at=AT, first=first, last=first + timedelta(days=DAYS + 30))


def test_they_agree_with_a_slow_count(pools: Pools, asked: Period) -> None:
    """His cells are those of the whole report; the average is made of everybody else's."""
    shown = hidden = shares = 0
    for seed in range(WORLDS):
        point = transaction.savepoint()
        make_world(random.Random(seed), pools, receipts=1 + seed % 14)
        cells = Oracle().cells(asked.start, asked.end)
        for person in pools.people:
            mine = own(asked, at=AT, employee_id=person.pk)
            assert mine is not None
            assert mine.by_type == {
                kind: Quality(*cell) for (who, kind), cell in cells.items() if who == person.pk
            }
            assert sum(mine.per_bucket.values()) == mine.total.works
            others = {
                who: [cell for (owner, _kind), cell in cells.items() if owner == who]
                for who in {who for who, _kind in cells} - {person.pk}
            }
            worked = [rows for rows in others.values() if sum(cell[0] for cell in rows)]
            if len(worked) < FEWEST_OTHERS:
                hidden += 1
                assert mine.average is None
                continue
            shown += 1
            assert mine.average is not None
            flat = [cell for rows in worked for cell in rows]
            works, checked, returned = (sum(cell[i] for cell in flat) for i in (0, 2, 3))
            assert mine.average.works == pytest.approx(works / len(worked))
            if mine.average.good is not None:
                shares += 1
                assert checked >= 20
                assert mine.average.good == pytest.approx(1 - returned / checked)
        transaction.savepoint_rollback(point)
    assert min(shown, hidden, shares) > 3, (shown, hidden, shares)


def test_of_two_others_nothing_is_told(pools: Pools, asked: Period) -> None:
    """With two others, each could subtract himself and know the third."""
    pools.people[:] = pools.people[:3]
    make_world(random.Random(1), pools, receipts=30)
    mine = own(asked, at=AT, employee_id=pools.people[0].pk)
    assert mine is not None
    assert mine.total.works
    assert mine.average is None
    assert mine.by_type_average == {}


def test_a_type_that_two_others_do_is_not_averaged(pools: Pools, asked: Period) -> None:
    """The sum of all types is shown; the type that only two others do is not."""
    rare, common = pools.types
    everybody = list(pools.people)
    pools.types[:] = [common]
    make_world(random.Random(2), pools, receipts=30)
    pools.types[:], pools.people[:] = [rare], everybody[:3]
    rename_receipts()
    make_world(random.Random(3), pools, receipts=30)
    mine = own(asked, at=AT, employee_id=everybody[0].pk)
    assert mine is not None
    assert mine.average is not None
    assert set(mine.by_type) == {rare.pk, common.pk}
    assert set(mine.by_type_average) == {common.pk}


def rename_receipts() -> None:
    """Room for the numbers of another world."""
    for name in ("number", "number_key", "similar_key"):
        Receipt.objects.update(**{name: Concat(name, Value("-older"))})


def test_nobody_and_nothing(asked: Period) -> None:
    anna = make_cast().anna
    assert own(asked, at=AT, employee_id=0) is None
    mine = own(asked, at=AT, employee_id=anna.pk)
    assert mine is not None
    assert (mine.total.works, mine.average, mine.total.good.share) == (0, None, None)


def test_the_cost_does_not_grow(pools: Pools, asked: Period) -> None:
    counts = []
    for seed in range(2):
        point = transaction.savepoint()
        make_world(random.Random(seed), pools, receipts=20 + 40 * seed)
        with CaptureQueriesContext(connection) as made:
            own(asked, at=AT, employee_id=pools.people[0].pk)
        counts.append(len(made))
        transaction.savepoint_rollback(point)
    assert counts[0] == counts[1] <= 11, counts
