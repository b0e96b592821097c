"""Every number agrees with a slow count of the same definitions on random workshops."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.db import transaction

from analytics.output import output
from analytics.periods import Kind, Period, period
from analytics.quality import Quality, quality
from analytics.returns import returns
from analytics.tests.oracle import Oracle
from analytics.tests.world import BEGIN, DAYS, Pools, make_pools, make_world
from receipts.models import Receipt
from staff.models import Employee
from tests.cast import make_cast

pytestmark = pytest.mark.django_db

WORLDS = int(os.environ.get("ANALYTICS_WORLDS", "40"))
AT = BEGIN + timedelta(days=DAYS + 60)


@pytest.fixture
def pools() -> Pools:
    make_cast()
    return make_pools(list(Employee.objects.order_by("pk")[:3]))


def worlds(pools: Pools) -> Iterator[tuple[random.Random, Oracle, Period]]:
    for seed in range(WORLDS):
        rng = random.Random(seed)
        point = transaction.savepoint()
        make_world(rng, pools)
        first = BEGIN.date() + timedelta(days=rng.randint(-10, DAYS))
        last = first + timedelta(days=rng.randint(0, 90))
        yield rng, Oracle(), period(Kind.CUSTOM, at=AT, first=first, last=last)
        transaction.savepoint_rollback(point)


def test_quality_and_output_agree_with_a_slow_count(pools: Pools) -> None:
    seen: Counter[str] = Counter()
    for _rng, oracle, asked in worlds(pools):
        report = quality(asked, at=AT)
        cells = oracle.cells(asked.start, asked.end)
        found = {
            (person.employee_id, type_id): cell
            for person in report.people
            for type_id, cell in person.by_type.items()
        }
        assert found == {key: Quality(*cell) for key, cell in cells.items()}
        assembled = {one.employee_id: one.as_assembler for one in report.people if one.as_assembler}
        assert assembled == dict(oracle.assemblers(asked.start, asked.end))
        repeated = {one.employee_id: one.from_customer for one in report.people}
        customers = oracle.from_customers(asked.start, asked.end)
        assert {key: number for key, number in repeated.items() if number} == dict(customers)
        seen.update(customer=sum(customers.values()))
        made = output(asked)
        works = {key: cell[0] for key, cell in cells.items() if cell[0]}
        assert {(p, t): n for p, row in made.by_person.items() for t, n in row.items()} == works
        assert made.total == sum(works.values()) == report.total.works
        _check_sums(report.people)
        seen.update(returned=report.total.returned, own=report.total.own_reworks)
        seen.update(
            waiting=report.total.waiting, twice=report.total.returns > report.total.returned
        )
    assert min(seen.values()) > 3, f"the worlds are too plain: {seen}"


def _check_sums(people: list[object]) -> None:
    for one in people:
        total = one.total  # type: ignore[attr-defined]
        assert 0 <= total.returned <= total.checked <= total.works
        assert total.returns >= total.returned


def test_returns_agree_with_a_slow_count(pools: Pools) -> None:
    for _rng, oracle, asked in worlds(pools):
        found = returns(asked)
        items = oracle.returned(asked.start, asked.end)
        columns = Counter(oracle.column(item) for item in items)
        assert vars(found.columns) == {
            name: columns[name]
            for name in ("hit_a_work", "without_a_work", "not_ours", "undecided")
        } | {"total": len(items)}
        assert found.cases == len({item.return_case_id for item in items})
        reasons = Counter(str(item.reason_id) for item in items)
        assert {bar.key: bar.count for bar in found.by_reason} == reasons
        assert [bar.count for bar in found.by_reason] == sorted(reasons.values(), reverse=True)
        for bars in (found.by_reason, found.by_type, found.by_brand, found.by_calibre):
            assert sum(bar.count for bar in bars) == len(items)
            assert not bars or bars[-1].cumulative == pytest.approx(1)


def test_an_empty_workshop_says_no_data() -> None:
    asked = period(Kind.MONTH, at=AT)
    report = quality(asked, at=AT)
    assert (report.people, report.total.good.share, report.total.good.interval) == ([], None, None)
    assert returns(asked).columns.total == 0
    assert output(asked).total == 0
    assert set(output(asked).per_bucket.values()) == {0}
    assert not Receipt.objects.exists()


def test_a_period_is_final_after_two_weeks() -> None:
    asked = period(Kind.CUSTOM, at=AT, first=date(2026, 3, 1), last=date(2026, 3, 31))
    assert not quality(asked, at=asked.end + timedelta(days=13)).final
    assert quality(asked, at=asked.end + timedelta(days=14)).final
