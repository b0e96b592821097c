"""Days and programs as they are told on the first page, against a slow count."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from analytics.day_by_day import day_by_day
from analytics.filters import Filters
from analytics.periods import Kind, Period, period
from analytics.system_state import BOT, MOST, RELAY, SCHEDULER, WORKER, system_state
from analytics.tests.world import BEGIN, DAYS, make_pools, make_world
from history import lease
from history.backups.events import BackupFailed, BackupMade
from history.backups.nightly import note
from history.models import Lease, Outbox
from receipts.models import QualityCheck, Receipt, ReturnCase
from staff.models import Employee
from tests.cast import make_cast, make_receipt
from workshop.lib import clock
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db
AT = BEGIN + timedelta(days=DAYS + 30)


def slowly(asked: Period, at: datetime, brand: str) -> dict[Any, list[int]]:
    found = {first: [0, 0, 0] for first, _after in asked.buckets()}
    rows: list[tuple[int, datetime | None, Receipt, Any]] = [
        (0, row.received_at, row, row.voided_at) for row in Receipt.objects.all()
    ]
    for check in QualityCheck.objects.all():
        if check.decision == "passed":
            rows.append((1, check.decided_at, check.receipt, check.voided_at))
    for case in ReturnCase.objects.all():
        rows.append((2, case.returned_at, case.receipt, case.voided_at))
    for place, moment, receipt, void in rows:
        if void or moment is None or moment > at:
            continue
        if brand and (receipt.watch is None or receipt.watch.brand != brand):
            continue
        day = clock.local(moment).date()
        for first, after in asked.buckets():
            if first <= day < after:
                found[first][place] += 1
    return found


def test_days_agree_with_a_slow_count() -> None:
    make_cast()
    pools = make_pools(list(Employee.objects.order_by("pk")[:3]))
    seen = [0, 0, 0]
    for seed in range(12):
        rng = random.Random(seed)
        point = transaction.savepoint()
        make_world(rng, pools, receipts=8)
        first = BEGIN.date() + timedelta(days=rng.randint(-5, 20))
        last = first + timedelta(days=rng.choice([0, 10, 70, 200]))
        asked = period(Kind.CUSTOM, at=AT, first=first, last=last)
        at = rng.choice([AT, BEGIN + timedelta(days=20)])
        brand = rng.choice(["", "Ракета"])
        found = day_by_day(asked, at=at, filters=Filters(brand=brand))
        assert {day: list(cell) for day, cell in found.per_bucket.items()} == slowly(
            asked, at, brand
        )
        seen = [one + two for one, two in zip(seen, found.total, strict=True)]
        transaction.savepoint_rollback(point)
    assert min(seen) > 3


def test_programs_are_alive_while_their_term_runs(django_assert_num_queries: Any) -> None:
    at = clock.now()
    silent = system_state(at=at)
    assert [(one.alive, one.silent) for one in silent.programs.values()] == [(False, None)] * 4
    lease.beat(BOT, "bot")
    lease.acquire(SCHEDULER, "scheduler")
    long_ago = at - timedelta(hours=1)
    Lease.objects.create(name=WORKER, owner="gone", since=at, until=long_ago, seen_at=long_ago)
    lease.release(RELAY, lease.acquire(RELAY, "relay") or "")
    with django_assert_num_queries(5):
        state = system_state(at=at)
    assert {name: (one.alive, one.owner) for name, one in state.programs.items()} == {
        BOT: (True, "bot"),
        SCHEDULER: (True, "scheduler"),
        WORKER: (False, "gone"),
        RELAY: (True, "relay"),  # between two runs it holds nothing
    }
    assert (state.programs[WORKER].silent or timedelta()) >= timedelta(hours=1)
    Lease.objects.filter(name=RELAY).update(seen_at=long_ago)
    assert not system_state(at=at).programs[RELAY].alive


def test_the_queue_and_its_oldest_event() -> None:
    Outbox.objects.update(done_at=clock.now())
    assert (system_state(at=clock.now()).waiting, system_state(at=clock.now()).oldest) == (0, None)
    cast = make_cast()
    Outbox.objects.update(done_at=clock.now())
    receipt = make_receipt(cast)
    make_receipt(cast)
    state = system_state(at=clock.now())
    waiting = Outbox.objects.filter(done_at=None).order_by("event_id")
    assert state.waiting == len(waiting) < MOST
    assert waiting[0].stream == receipt.stream
    assert state.oldest == waiting[0].event.recorded_at


def test_the_last_backup_and_whether_the_last_attempt_failed() -> None:
    actor, night = system_actor("tests"), datetime(2026, 3, 1, tzinfo=UTC)
    made = BackupMade(name="b", size=1, rows=1, photos=0, seconds=1, encrypted=True)
    told = []
    for payload in (BackupFailed("no room"), made, BackupFailed("trial", trial=True), made):
        night += timedelta(days=1)
        note(payload=payload, actor=actor, at=night)
        state = system_state(at=night)
        told.append((state.backup, state.backup_failed))
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    assert told == [
        (None, True),
        (begin + timedelta(days=2), False),
        (begin + timedelta(days=2), True),
        (begin + timedelta(days=4), False),
    ]
