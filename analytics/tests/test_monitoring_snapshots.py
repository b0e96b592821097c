"""Snapshots: one for each slot whoever takes it, on demand, and what becomes of old ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from analytics.models import DailyNumber, Snapshot
from analytics.monitoring import catalogue, reading
from analytics.monitoring.catalogue import Category, Metric
from analytics.monitoring.sources import source
from analytics.services import snapshots
from analytics.services.snapshots import RAW_KEPT, capture, forget, take
from history.commands import CommandKey
from history.jobs import declared_jobs
from history.jobs.running import run_due
from history.models import Command, Job
from staff.models import Employee
from tests.cast import make_cast
from workshop.lib import clock
from workshop.lib.actor import Actor, system_actor
from workshop.lib.errors import NotAllowed

pytestmark = pytest.mark.django_db
AT = datetime(2026, 6, 16, 9, 1, 7, tzinfo=UTC)
SLOT = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
SYSTEM = system_actor("tests")


def put(at: datetime, **numbers: Any) -> Snapshot:
    return Snapshot.objects.create(taken_at=at, duration_ms=1, schema=1, numbers=numbers)


def sample(code: str, **more: Any) -> Metric:
    return Metric(code=code, category=Category.RECEIPTS, label="x", about="y", **more)  # type: ignore[arg-type]


def test_a_snapshot_holds_every_number_and_how_it_was_taken() -> None:
    taken = take(slot=SLOT, at=AT)
    assert (taken.slot, taken.taken_at, taken.schema) == (SLOT, AT, snapshots.SCHEMA)
    assert taken.build == settings.BUILD
    assert taken.build
    assert taken.failed == []
    plain = {one.code for one in catalogue.metrics().values() if not one.labelled}
    assert plain <= set(taken.numbers)
    assert taken.numbers["open_receipts"] == 0
    assert taken.numbers["open_by_status:in_work"] == 0
    assert taken.numbers["backup_age"] is None


def test_a_slot_has_one_whoever_comes_second() -> None:
    first = take(slot=SLOT, at=AT)
    with CaptureQueriesContext(connection) as queries:
        second = take(slot=SLOT, at=AT + timedelta(minutes=2))
    assert len(queries) == 1  # nothing is measured for a slot that is done
    assert second.pk == first.pk
    assert second.taken_at == AT
    assert Snapshot.objects.count() == 1


def test_a_slot_that_another_worker_took_meanwhile_stays_his(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the look and the insert: the unique slot decides."""
    measured = snapshots._measured

    def slowly(at: datetime) -> snapshots.Measured:
        found = measured(at)
        Snapshot.objects.create(slot=SLOT, taken_at=AT, duration_ms=7, schema=1, numbers={})
        return found

    monkeypatch.setattr(snapshots, "_measured", slowly)
    assert take(slot=SLOT, at=AT).duration_ms == 7
    assert Snapshot.objects.count() == 1


def test_a_source_that_fails_hides_no_other() -> None:
    def broken(at: datetime) -> dict[str, int]:
        Employee.objects.raw("SELECT nothing FROM nowhere")[0]
        return {}

    with source("broken", [sample("broken_one")], broken):
        taken = take(slot=SLOT, at=AT)
    assert taken.failed == ["broken"]
    assert taken.numbers["broken_one"] is None
    assert taken.numbers["overdue"] == 0


class TestOnDemand:
    def test_one_for_each_command(self) -> None:
        key = CommandKey("tests", "one")
        first = capture(actor=SYSTEM, command=key, at=AT)
        again = capture(actor=SYSTEM, command=key, at=AT + timedelta(minutes=1))
        assert again.replayed
        assert again.object.pk == first.object.pk
        assert first.object.slot is None
        capture(actor=SYSTEM, command=CommandKey("tests", "two"), at=AT)
        assert Snapshot.objects.count() == 2

    @pytest.mark.parametrize("name", ["maxim", "igor", "pavel"])
    def test_who_may_not(self, name: str) -> None:
        cast = make_cast()
        with pytest.raises(NotAllowed):
            capture(actor=cast.actor(name), at=AT)
        assert Snapshot.objects.count() == 0
        assert not Command.objects.filter(verb="monitoring.capture").exists()

    def test_the_manager_and_a_program_may(self) -> None:
        capture(actor=make_cast().actor("anna"), at=AT)
        program = Actor(kind="client", id=1, label="1C", channel=SYSTEM.channel)
        capture(actor=program, at=AT)
        assert Snapshot.objects.count() == 2


class TestJob:
    def test_it_takes_the_newest_slot_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        declared = declared_jobs()["analytics.take_snapshot"]
        monkeypatch.setattr(clock, "now", lambda: AT)
        assert run_due(declared) == 1
        assert run_due(declared) == 0
        # Off for three slots: the newest is made good for, the others are gaps.
        monkeypatch.setattr(clock, "now", lambda: AT + timedelta(minutes=50))
        assert run_due(declared) == 1
        slots = list(Snapshot.objects.order_by("slot").values_list("slot", flat=True))
        assert slots == [SLOT, SLOT + timedelta(minutes=45)]

    def test_a_run_that_was_killed_after_its_snapshot_adds_none(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        declared = declared_jobs()["analytics.take_snapshot"]
        monkeypatch.setattr(clock, "now", lambda: AT)
        assert run_due(declared) == 1
        Job.objects.filter(name=declared.name).update(done_slot=SLOT - timedelta(minutes=15))
        assert run_due(declared) == 1
        assert Snapshot.objects.count() == 1


TODAY = clock.local(AT).date()
OLD = TODAY - timedelta(days=RAW_KEPT + 1)


def noon(day: date, hours: int = 0) -> datetime:
    return clock.day_start(day) + timedelta(hours=12 + hours)


def figures(row: DailyNumber) -> list[float]:
    return [float(n) for n in (row.lowest, row.highest, row.total, row.last, row.count)]


class TestForgetting:
    def test_a_day_becomes_its_numbers(self) -> None:
        put(noon(OLD, -2), overdue=4, backup_age=None, outbox_lag=1.5)
        put(noon(OLD), overdue=1, backup_age=None, outbox_lag=2)
        put(noon(OLD, 2), overdue=2, backup_age=None)
        done = forget(at=AT)
        assert (done.days, done.snapshots, done.numbers) == (1, 3, 0)
        rows = {row.key: row for row in DailyNumber.objects.all()}
        assert set(rows) == {"overdue", "outbox_lag"}
        one = rows["overdue"]
        assert one.day == OLD
        assert figures(one) == [1, 4, 7, 2, 3]
        assert rows["outbox_lag"].total == Decimal("3.5")
        assert rows["outbox_lag"].count == 2

    def test_the_border_is_a_day_of_the_workshop(self) -> None:
        border = clock.day_start(TODAY - timedelta(days=RAW_KEPT))
        put(border - timedelta(seconds=1), overdue=1)
        kept = put(border, overdue=2)
        forget(at=AT)
        assert list(Snapshot.objects.all()) == [kept]
        assert DailyNumber.objects.get().day == OLD

    def test_twice_changes_nothing_more(self) -> None:
        put(noon(OLD), overdue=3)
        forget(at=AT)
        before = list(DailyNumber.objects.values())
        assert forget(at=AT) == snapshots.Forgotten(0, 0, 0)
        assert list(DailyNumber.objects.values()) == before

    def test_broken_off_in_a_day_it_leaves_the_day_whole(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(noon(OLD), overdue=3)

        def dying(*given: Any) -> list[Snapshot]:
            raise KeyboardInterrupt

        monkeypatch.setattr(snapshots, "_add", dying)
        put(noon(OLD, 1), overdue=5)
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            forget(at=AT)
        assert Snapshot.objects.count() == 2
        assert DailyNumber.objects.count() == 0
        monkeypatch.undo()
        forget(at=AT)
        assert DailyNumber.objects.get().total == 8

    def test_a_late_snapshot_is_added_to_its_day(self) -> None:
        put(noon(OLD), overdue=3)
        forget(at=AT)
        put(noon(OLD, 1), overdue=9)
        forget(at=AT)
        one = DailyNumber.objects.get()
        assert figures(one) == [3, 9, 12, 9, 2]

    def test_a_run_is_bounded(self) -> None:
        for back in range(snapshots.MOST_DAYS + 2):
            put(noon(OLD - timedelta(days=back)), overdue=1)
        assert forget(at=AT).days == snapshots.MOST_DAYS
        assert forget(at=AT).days == 2
        assert Snapshot.objects.count() == 0

    def test_daily_numbers_go_after_five_years(self) -> None:
        columns = {"lowest": 1, "highest": 1, "total": 1, "last": 1, "count": 1, "key": "overdue"}
        DailyNumber.objects.create(day=TODAY - timedelta(days=5 * 365 + 2), **columns)
        kept = DailyNumber.objects.create(day=TODAY - timedelta(days=5 * 365 + 1), **columns)
        assert forget(at=AT).numbers == 1
        assert list(DailyNumber.objects.all()) == [kept]


def test_the_newest_ones_come_first() -> None:
    assert reading.latest() is None
    assert reading.history(5) == []
    rows = [put(AT + timedelta(minutes=n), overdue=n) for n in range(3)]
    assert reading.latest() == rows[2]
    assert reading.history(2) == [rows[2], rows[1]]
    assert reading.history(0) == reading.history(-1) == []


def test_a_clock_that_was_ahead_does_not_rule_until_its_time_has_come() -> None:
    put(AT + timedelta(hours=2), overdue=9)
    right = put(AT, overdue=1)
    assert reading.latest() == right
