"""What burns agrees with measuring every watch that is here, and work for it is bounded."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction

from analytics import burning
from analytics.burning import SOON, Level, WhatBurns, what_burns
from analytics.filters import Filters
from analytics.tests.load_world import AT, Pools, make_pools, make_world
from receipts import stays
from receipts.models import Hold, HoldReason, Receipt, ServiceLimit
from receipts.services.calendars import create_calendar
from staff.models import Employee
from tests.cast import make_cast, make_receipt
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db
WORLDS = max(6, int(os.environ.get("ANALYTICS_WORLDS", "30")) // 5)
FINISHED = {"ready", "refused", "issued"}


@pytest.fixture
def pools() -> Pools:
    make_cast()
    hours = [(time(10), time(13)), (time(14), time(19))]
    weekly = dict.fromkeys(range(5), hours)
    create_calendar(name="Будни", weekly=weekly, actor=system_actor("tests"))
    return make_pools(list(Employee.objects.order_by("pk")[:4]))


def world(seed: int, pools: Pools, *, receipts: int = 14) -> None:
    rng = random.Random(seed)
    make_world(rng, pools, receipts=receipts)
    for row in Receipt.objects.order_by("pk"):
        row.urgent = rng.random() < 0.3
        # Mostly just as long as a limit allows: there the prefilter could be wrong.
        if rng.random() < 0.6:
            back = timedelta(days=rng.choice([1, 2, 3, 4, 14, 15, 30]), hours=rng.uniform(-8, 8))
            row.status_since = max(row.received_at, AT - back)
        row.save()
        if row.status != "on_hold" and rng.random() < 0.3:
            Hold.objects.create(
                receipt=row, reason=pools.reasons[0], status_before="received",
                started_at=row.received_at, ended_at=row.status_since,
            )  # fmt: skip


def slowly() -> dict[int, str]:
    """Receipt → its level, by measuring all of them."""
    over = {stay.receipt.pk for stay in stays.over(Receipt.objects.in_workshop(), AT)}
    found = {}
    for row in Receipt.objects.all():
        if row.voided_at is not None or row.status == "issued":
            continue
        if row.status not in FINISHED and row.deadline is not None and row.deadline < AT + SOON:
            found[row.pk] = "overdue" if row.deadline < AT else "soon"
        elif row.pk in over:
            found[row.pk] = "long"
    return found


def test_it_finds_what_measuring_everything_finds(pools: Pools, settings: Any) -> None:
    seen: Counter[str] = Counter()
    for seed in range(WORLDS):
        settings.WORKSHOP_SELF_SERVICE = seed % 2 == 0
        point = transaction.savepoint()
        world(seed, pools)
        expected, found = slowly(), what_burns(at=AT, most=1000)
        assert {row.receipt.pk: row.level for row in found.rows} == expected
        assert found.counts == {level: list(expected.values()).count(level) for level in Level}
        assert found.total == len(found.rows)
        assert not found.capped
        _check_order(found)
        _check_pages(found)
        seen.update(expected.values())
        transaction.savepoint_rollback(point)
    assert len(seen) == 3
    assert min(seen.values()) > 3, f"the worlds are too plain: {seen}"


def _check_order(found: WhatBurns) -> None:
    levels = [list(Level).index(Level(row.level)) for row in found.rows]
    assert levels == sorted(levels)
    dated = [row.receipt.deadline for row in found.rows if row.level != "long"]
    assert all(one and other and one <= other for one, other in pairwise(dated))
    shares = [
        max(stay.spent / stay.allowed for stay in row.stays)
        for row in found.rows
        if row.level == "long"
    ]
    assert shares == sorted(shares, reverse=True)


def _check_pages(found: WhatBurns) -> None:
    """Page by page the same rows, of all levels and of each."""
    paged = [
        row
        for first in range(0, found.total, 2)
        for row in what_burns(at=AT, first=first, most=2).rows
    ]
    assert paged == found.rows
    for level in Level:
        only = what_burns(at=AT, level=level.value, most=1000)
        assert only.counts == found.counts
        assert only.rows == [row for row in found.rows if row.level == level]


def test_it_can_be_narrowed(pools: Pools) -> None:
    world(3, pools, receipts=40)
    chosen = Filters(brand="Ракета")
    everything = what_burns(at=AT, most=1000)
    found = what_burns(at=AT, most=1000, filters=chosen)
    watches = [(row, row.receipt.watch) for row in everything.rows]
    assert found.rows == [row for row, watch in watches if watch and watch.brand == "Ракета"]
    assert 0 < found.total < everything.total


def test_work_is_bounded_however_many_stay_too_long(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    world(5, pools, receipts=60)
    whole = what_burns(at=AT, most=1000)
    monkeypatch.setattr(burning, "MOST", 3)
    found = what_burns(at=AT, most=1000)
    assert found.capped
    assert found.counts["long"] <= 3 < whole.counts["long"]
    assert (found.counts["overdue"], found.counts["soon"]) == (
        whole.counts["overdue"],
        whole.counts["soon"],
    )


def test_nothing_burns_in_an_empty_workshop() -> None:
    found = what_burns(at=AT)
    assert (found.rows, found.total, found.capped) == ([], 0, False)


def test_without_limits_and_hours_only_deadlines_burn() -> None:
    ServiceLimit.objects.update(active=False)
    make_receipt(make_cast(), at=AT - timedelta(days=300))
    assert what_burns(at=AT).total == 0
    assert HoldReason.objects.exists()


def test_more_rows_ask_no_more_questions(pools: Pools, django_assert_num_queries: Any) -> None:
    for seed, receipts in ((1, 40), (2, 160)):
        point = transaction.savepoint()
        world(seed, pools, receipts=receipts)
        with django_assert_num_queries(17):
            what_burns(at=AT)
        transaction.savepoint_rollback(point)
