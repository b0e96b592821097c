"""Every number about whole receipts agrees with a slow count, whatever of it is stored already."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from analytics.deadlines import Kept, deadlines
from analytics.escape import WITHIN_DAYS, escape_rate
from analytics.filters import Filters
from analytics.first_pass import first_pass_yield, passed_at_once
from analytics.flow import flow
from analytics.lead_time import Lead, lead_time
from analytics.models import FactsProgress, Mark, ReceiptFact
from analytics.periods import Kind, Period, period, previous
from analytics.receipt_facts.services import heal, refresh
from analytics.spreads import Spread
from analytics.statuses import statuses
from analytics.tests.oracle_receipts import ReceiptOracle, nearest_rank
from analytics.tests.receipt_world import BEGIN, DAYS, World, somewhen
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db

WORLDS = int(os.environ.get("ANALYTICS_WORLDS", "10"))
LATER = BEGIN + timedelta(days=DAYS + 500)
SEED = int(os.environ.get("ANALYTICS_SEED", "0"))


Seen = Counter[str]
"""How often a number was more than nothing: worlds without it would prove nothing."""


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def worlds(cast: Cast, number: int) -> Iterator[tuple[random.Random, World]]:
    """Worlds of which a part is stored, a part marked, and a part has no facts at all."""
    for seed in range(SEED, SEED + number):
        rng = random.Random(seed)
        point = transaction.savepoint()
        world = World(rng, cast)
        world.live(receipts=4, steps=11)
        store(rng, world)
        for _more in range(rng.choice([0, 2, 6])):
            world.step()  # what was stored and is marked now
        yield rng, world
        transaction.savepoint_rollback(point)


def store(rng: random.Random, world: World) -> None:
    """As jobs may leave it: nothing done, some receipts brought up to date, or all of them."""
    everything = sorted(world.clocks)
    chosen = rng.choice([[], everything[:2], everything, everything])
    refresh(chosen)
    Mark.objects.filter(receipt__in=chosen).delete()
    if rng.random() < 0.3:
        Mark.objects.all().delete()  # lost, or never there: they have no facts and are found so
    if rng.random() < 0.3:
        heal(most=rng.choice([1, 3, 100]))


def questions(rng: random.Random) -> Iterator[tuple[Period, ReceiptOracle]]:
    """Periods of some days, asked long after and at a moment in the middle of everything."""
    middle = BEGIN + timedelta(seconds=rng.randint(0, (DAYS + 30) * 86_400))
    for at in (LATER, middle):
        first = somewhen(rng)
        last = first + timedelta(days=rng.choice([0, 6, 30, 90, 90]))
        yield period(Kind.CUSTOM, at=at, first=first, last=last), ReceiptOracle(at)


def same(found: Spread, values: list[int]) -> None:
    assert (found.n, found.total) == (len(values), timedelta(seconds=sum(values)))
    for percentile, percent in ((found.median, 50), (found.p90, 90)):
        rank = nearest_rank(values, percent)
        assert percentile == (None if rank is None else timedelta(seconds=rank))


def same_lead(found: Lead, leads: dict[int, tuple[int, int]]) -> None:
    same(found.calendar, [seconds for seconds, _working in leads.values()])
    same(found.working, [working for _seconds, working in leads.values()])


def check_lead_times(rng: random.Random, asked: Period, oracle: ReceiptOracle, seen: Seen) -> None:
    at, window = oracle.at, (asked.start, asked.end)
    found = lead_time(asked, at=at)
    ready = oracle.leads(*window, "ready")
    same_lead(found.ready, ready)
    same_lead(found.issued, oracle.leads(*window, "issued"))
    days = Counter(seconds // 86_400 for seconds, _working in ready.values())
    assert found.days == dict(sorted(days.items()))
    spent = statuses(asked, at=at)
    times = oracle.times(*window)
    table = {(row.status, row.hold_reason_id): row for row in spent.statuses}
    assert set(table) == set(times)
    for key, values in times.items():
        same(table[key].calendar, values)
    assert spent.whole == found.ready.calendar.total
    worked = sum((row.working.total for row in spent.statuses), timedelta())
    assert worked == found.ready.working.total
    assert spent.receipts == found.ready.n
    seen.update(ready=found.ready.n, issued=found.issued.n, spent=len(times))
    seen["held"] += sum(1 for _status, reason in times if reason)


def check_deadlines(rng: random.Random, asked: Period, oracle: ReceiptOracle, seen: Seen) -> None:
    found = deadlines(asked, at=oracle.at)
    for name, one in (("first", found.first), ("current", found.current)):
        kept, due, ahead = oracle.deadlines(asked.start, asked.end, name)
        assert (one.kept.part, one.kept.whole, one.ahead) == (kept, due, ahead)
        assert _summed(one) == (kept, due)
        seen.update(kept=kept, missed=due - kept, ahead=ahead)


def _summed(one: Kept) -> tuple[int, int]:
    buckets = one.per_bucket.values()
    return sum(bucket.part for bucket in buckets), sum(bucket.whole for bucket in buckets)


def check_first_pass(rng: random.Random, asked: Period, oracle: ReceiptOracle, seen: Seen) -> None:
    found = first_pass_yield(asked, at=oracle.at)
    lives = oracle.first_checks(asked.start, asked.end)
    passed = sum(
        life.first_check is not None and life.first_check.decision == "passed" for life in lives
    )
    assert (found.passed.part, found.passed.whole) == (passed, len(lives))
    before = previous(asked, at=oracle.at)
    both = [one for one in (asked, before) if one]
    each = [first_pass_yield(one, at=oracle.at).passed for one in both]
    assert passed_at_once(both, at=oracle.at) == each
    seen["passed in both"] += len(each) == 2 and all(one.part for one in each)
    assert found.reworked.part == sum(life.returns > 0 for life in lives)
    assert found.returns == sum(life.returns for life in lives)
    types = {one.type_id: (one.good.part, one.good.whole) for one in found.by_type}
    assert types == oracle.types(asked.start, asked.end)
    escapes = escape_rate(asked, at=oracle.at)
    for days in WITHIN_DAYS:
        one = escapes.within[days]
        expected = oracle.escapes(asked.start, asked.end, days)
        assert (one.part, one.whole) == expected
        seen.update(back=one.part, exposed=one.whole)
    seen.update(passed=passed, failed=len(lives) - passed)
    seen["hit"] += sum(whole - good for good, whole in types.values())


def check_flow(rng: random.Random, asked: Period, oracle: ReceiptOracle, seen: Seen) -> None:
    brand = rng.choice(["", "", "Ракета", "Восток", "нет такой"])
    found = flow(asked, at=oracle.at, filters=Filters(brand=brand))
    oracle.lives = [
        life
        for life in oracle.lives
        if not brand or (life.receipt.watch and life.receipt.watch.brand == brand)
    ]
    expected = oracle.flow(asked.start, asked.end)
    for name in ("received", "ready", "issued", "refused"):
        assert getattr(found.total, name) == expected[name].total()
        for first, after in asked.buckets():
            number = sum(count for day, count in expected[name].items() if first <= day < after)
            assert getattr(found.per_bucket[first], name) == number
        seen[name] += expected[name].total()


def test_all_numbers_agree_with_a_slow_count(cast: Cast) -> None:
    seen: Seen = Counter()
    for rng, _world in worlds(cast, WORLDS):
        for asked, oracle in questions(rng):
            for check in (check_lead_times, check_deadlines, check_first_pass, check_flow):
                check(rng, asked, oracle, seen)
    assert min(seen.values()) > 0, f"the worlds are too plain: {seen}"


def test_healing_stores_what_the_same_function_derives(cast: Cast) -> None:
    """However the work is cut into turns, the rows come out the same, and none is left out."""
    for rng, world in worlds(cast, max(2, WORLDS // 5)):
        refresh(sorted(world.clocks))
        wanted = sorted(ReceiptFact.objects.values_list())
        FactsProgress.objects.all().delete()
        ReceiptFact.objects.update(void=True, ready_at=None, returns=99, last_at=BEGIN)
        most = rng.choice([1, 2, 100])
        refresh(sorted(world.clocks)[:2])
        while heal(most=most).added:
            pass
        refresh(sorted(world.clocks)[2:])
        assert sorted(ReceiptFact.objects.values_list()) == wanted
