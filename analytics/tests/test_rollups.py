"""Numbers read through roll-ups agree with a slow count, whatever happens between two refreshes."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from analytics import counting
from analytics.filters import EVERYTHING, Filters
from analytics.models import Cell, Counted, Mark, RollupState, WorkCell
from analytics.output import output
from analytics.periods import DAY, Kind, Period, period, previous
from analytics.quality import Quality, quality
from analytics.returns import returns
from analytics.services import rollups
from analytics.snapshots import snapshot
from analytics.tests.oracle import Oracle
from analytics.tests.world import BEGIN, DAYS, Pools, disturb, make_pools, make_world
from receipts.models import Receipt
from staff.models import Employee
from tests.cast import make_cast

pytestmark = pytest.mark.django_db

WORLDS = int(os.environ.get("ANALYTICS_WORLDS", "30"))
AT = BEGIN + timedelta(days=DAYS + 60)
EVENTS = count(1)


@pytest.fixture
def pools() -> Pools:
    make_cast()
    return make_pools(list(Employee.objects.order_by("pk")[:3]))


def mark(receipts: set[int]) -> None:
    """As the subscriber does in the transaction of a change."""
    Mark.objects.bulk_create([Mark(event_id=next(EVENTS), receipt_id=pk) for pk in receipts])


def refresh_all() -> None:
    assert not rollups.refresh(at=AT).left


def lived(rng: random.Random, pools: Pools) -> None:
    """Receipts from before the roll-ups and since, with changes and refreshes in any order."""
    make_world(rng, pools, receipts=3)
    refresh_all()
    make_world(rng, pools, receipts=2, first=10)
    mark(set(Receipt.objects.filter(number__gte="W-10").values_list("pk", flat=True)))
    for _time in range(rng.randint(1, 4)):
        mark(disturb(rng, pools))
        if rng.random() < 0.4:
            rollups.step(at=AT)


def asked_of(rng: random.Random) -> Period:
    """Any period; a part of them ends inside its last day, as the earlier half of a comparison."""
    first = BEGIN.date() + timedelta(days=rng.randint(-10, DAYS))
    last = first + timedelta(days=rng.randint(0, 90))
    asked = period(Kind.CUSTOM, at=AT, first=first, last=last)
    if rng.random() < 0.3:
        cut = asked.start + (asked.end - asked.start) * rng.random()
        return Period(Kind.CUSTOM, asked.first, asked.after, cut=cut)
    return asked


def filters_of(rng: random.Random, pools: Pools) -> Filters:
    def some(rows: list[object]) -> tuple[int, ...]:
        chosen = rng.sample(rows, rng.choice([0, 0, 1, 1, 2]))
        return tuple(row.pk for row in chosen)  # type: ignore[attr-defined]

    brand = rng.choice(["", "", "", "Ракета"])
    return Filters(some(list(pools.people)), some(list(pools.types)), brand)


def worlds(pools: Pools) -> Iterator[tuple[Oracle, Period, Filters]]:
    for seed in range(WORLDS):
        rng = random.Random(seed)
        point = transaction.savepoint()
        lived(rng, pools)
        for _question in range(4):
            yield Oracle(), asked_of(rng), filters_of(rng, pools)
        transaction.savepoint_rollback(point)


def test_works_agree(pools: Pools) -> None:
    seen: Counter[str] = Counter()
    for oracle, asked, filters in worlds(pools):
        cells = oracle.narrowed_cells(asked.start, asked.end, filters)
        report = quality(asked, at=AT, filters=filters)
        found = {
            (person.employee_id, type_id): cell
            for person in report.people
            for type_id, cell in person.by_type.items()
        }
        assert found == {key: Quality(*cell) for key, cell in cells.items()}
        assembled = {one.employee_id: one.as_assembler for one in report.people if one.as_assembler}
        assert assembled == oracle.narrowed_assemblers(asked.start, asked.end, filters)
        made = output(asked, filters=filters)
        works = {key: cell[0] for key, cell in cells.items() if cell[0]}
        assert {(p, t): n for p, row in made.by_person.items() for t, n in row.items()} == works
        assert made.per_bucket == oracle.per_bucket(asked, filters)
        seen.update(
            marked=Mark.objects.exists(),
            clean=not Mark.objects.exists(),
            cut=asked.cut is not None,
            narrowed=filters != EVERYTHING and bool(cells),
            returned=report.total.returned,
        )
    assert min(seen.values()) > 3, f"the worlds are too plain: {seen}"


def test_returns_agree(pools: Pools) -> None:
    straddling = 0
    for oracle, asked, filters in worlds(pools):
        items = oracle.narrowed_items(asked.start, asked.end, filters)
        found = returns(asked, filters=filters)
        columns = Counter(oracle.column(item) for item in items)
        names = ("hit_a_work", "without_a_work", "not_ours", "undecided")
        assert vars(found.columns) == {name: columns[name] for name in names} | {
            "total": len(items)
        }
        assert found.cases == len({item.return_case_id for item in items})
        receipts = {oracle.cases[item.return_case_id].receipt_id for item in items}
        assert found.receipts == len(receipts)
        earlier = oracle.narrowed_items(BEGIN - 99 * DAY, asked.start, filters)
        before = {oracle.cases[item.return_case_id].receipt_id for item in earlier}
        straddling += bool(receipts & before)
        reasons = Counter(str(item.reason_id) for item in items)
        assert {bar.key: bar.count for bar in found.by_reason} == reasons
        types = Counter(str(item.affects_id) for item in items)
        assert {bar.key: bar.count for bar in found.by_type} == types
        assert sum(bar.count for bar in found.by_brand) == len(items)
    assert straddling > 3, "no receipt with returns before a period and in it"


def test_roll_ups_are_the_sum_of_what_was_counted(pools: Pools) -> None:
    for seed in range(WORLDS):
        rng = random.Random(1000 + seed)
        point = transaction.savepoint()
        lived(rng, pools)
        refresh_all()
        assert not Mark.objects.exists()
        receipts = list(Receipt.objects.values_list("pk", flat=True))
        kept = counting.stored(receipts)
        assert kept == counting.counted(receipts)
        sums = counting.difference(kept.values(), [])
        days = {
            (row.day.toordinal(), row.employee, row.type): (
                row.works,
                row.own_reworks,
                row.checked,
                row.returned,
                row.returns,
            )
            for row in WorkCell.objects.filter(grain=Cell.Grain.DAY)
        }
        assert {key: values for key, values in days.items() if any(values)} == sums["works"]
        transaction.savepoint_rollback(point)


def test_until_the_walk_is_over_the_facts_answer(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_world(random.Random(3), pools, receipts=5)
    asked = period(Kind.CUSTOM, at=AT, first=BEGIN.date(), last=BEGIN.date() + 90 * DAY)
    before = quality(asked, at=AT)
    assert before.total.works > 5
    monkeypatch.setattr(rollups, "RECEIPTS", 2)
    for position in (2, 4, 5):
        done = rollups.step(at=AT)
        assert done.left
        state = RollupState.objects.get()
        assert Receipt.objects.filter(pk__lte=state.position).count() == position
        with snapshot() as shot:
            assert not shot.complete
        assert quality(asked, at=AT) == before
    assert not rollups.step(at=AT).left
    assert RollupState.objects.get().complete
    WorkCell.objects.update(works=0, checked=0, returned=0, returns=0, own_reworks=0)
    assert quality(asked, at=AT).total.works == 0  # so it is the roll-ups that answer
    assert Counted.objects.exists()


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 31, 20, 59, 59, tzinfo=UTC), date(2026, 3, 31)),
        (datetime(2026, 3, 31, 21, 0, 0, tzinfo=UTC), date(2026, 4, 1)),
        (datetime(2025, 12, 31, 21, 0, 0, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2025, 12, 31, 20, 59, 59, 999999, tzinfo=UTC), date(2025, 12, 31)),
    ],
)
def test_days_and_months_begin_at_midnight_of_the_workshop(
    pools: Pools, moment: datetime, day: date
) -> None:
    from analytics.tests.world import one_work

    one_work(pools, moment)
    refresh_all()
    assert list(WorkCell.objects.order_by("grain").values_list("grain", "day", "works")) == [
        ("d", day, 1),
        ("m", day.replace(day=1), 1),
    ]
    of_day = period(Kind.CUSTOM, at=AT, first=day, last=day)
    assert output(of_day).total == 1
    month = period(Kind.CUSTOM, at=AT, first=day.replace(day=1), last=day)
    assert output(month).total == 1
    assert output(period(Kind.CUSTOM, at=AT, first=day + DAY, last=day + DAY)).total == 0


def queries(asked: Period, filters: Filters = EVERYTHING) -> dict[str, int]:
    numbers = {}
    measures = {
        "quality": lambda: quality(asked, at=AT, filters=filters),
        "output": lambda: output(asked, filters=filters),
        "returns": lambda: returns(asked, filters=filters, watches=False),
    }
    for name, measure in measures.items():
        with CaptureQueriesContext(connection) as found:
            measure()
        numbers[name] = len(found)
    return numbers


def test_the_number_of_queries_is_fixed(pools: Pools) -> None:
    rng = random.Random(5)
    asked = period(Kind.CUSTOM, at=AT, first=BEGIN.date(), last=BEGIN.date() + 200 * DAY)
    make_world(rng, pools, receipts=2)
    from_facts = queries(asked)
    refresh_all()
    clean = queries(asked)
    mark(disturb(rng, pools))
    marked = queries(asked)
    make_world(rng, pools, receipts=30, first=100)
    mark(set(Receipt.objects.values_list("pk", flat=True)))
    assert queries(asked) == marked
    refresh_all()
    assert queries(asked) == clean == {"quality": 7, "output": 6, "returns": 7}
    assert marked == {name: number + 4 for name, number in clean.items()}
    assert from_facts == {"quality": 6, "output": 4, "returns": 5}
    cut = previous(period(Kind.MONTH, at=BEGIN + 40 * DAY), at=BEGIN + 40 * DAY)
    assert cut is not None
    assert cut.cut is not None
    assert queries(cut) == {"quality": 9, "output": 7, "returns": 9}


def test_one_snapshot_counts_the_marked_once(pools: Pools) -> None:
    make_world(random.Random(6), pools)
    refresh_all()
    mark(disturb(random.Random(7), pools))
    asked = period(Kind.CUSTOM, at=AT, first=BEGIN.date(), last=BEGIN.date() + 90 * DAY)
    with CaptureQueriesContext(connection) as apart:
        alone = (quality(asked, at=AT), output(asked))
    with CaptureQueriesContext(connection) as found, snapshot():
        together = (quality(asked, at=AT), output(asked))
    assert together == alone
    assert len(found) == len(apart) - 6  # state, marks, kept, and the three of counting
