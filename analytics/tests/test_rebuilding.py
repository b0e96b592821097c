"""Rebuilding and checking roll-ups, the job, and what heals."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from analytics import checking, counting
from analytics.models import (
    AssemblerCell,
    CaseCell,
    Cell,
    Counted,
    ItemCell,
    Mark,
    RollupState,
    WorkCell,
)
from analytics.services import rebuilding, rollups
from analytics.tests.test_rollups import AT, lived, mark, refresh_all
from analytics.tests.world import BEGIN, Pools, disturb, make_pools, make_world
from history.jobs import Turn
from history.jobs.declaring import declared_jobs
from receipts.models import Operation, Receipt
from receipts.services.works import WorkInput, record_work
from staff.models import Employee
from tests.cast import Cast, make_cast, make_in_work, type_id
from workshop.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def pools(cast: Cast) -> Pools:
    return make_pools(list(Employee.objects.order_by("pk")[:3]))


def rebuild(*arguments: str) -> str:
    out = StringIO()
    call_command("rebuild_rollups", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_without_roll_ups_there_is_nothing_to_check_and_nothing_to_repair() -> None:
    assert "no complete roll-ups yet" in rebuild("--check")
    with pytest.raises(CommandError, match="no complete roll-ups yet"):
        rebuild("--from", "2026-03-01")


def test_what_was_built_agrees_also_between_refreshes(pools: Pools) -> None:
    for seed in range(6):
        point = transaction.savepoint()
        lived(random.Random(seed), pools)
        assert "every number is as the facts say" in rebuild("--check")
        assert "counted anew" in rebuild()
        assert "every number is as the facts say" in rebuild("--check")
        transaction.savepoint_rollback(point)


SPOILERS: dict[str, Callable[[], object]] = {
    "works of": lambda: _spoil(WorkCell, works=9),
    "items of": lambda: _spoil(ItemCell, items=7),
    "assemblers of": lambda: _spoil(AssemblerCell, cases=7),
    "cases of": lambda: _spoil(CaseCell, cases=7),
    "of the month": lambda: WorkCell.objects.filter(grain=Cell.Grain.MONTH).update(checked=99),
    "receipt ": lambda: Counted.objects.update(cells={}),
}


def _spoil(model: type[Cell], **values: int) -> None:
    for grain in Cell.Grain.values:
        row = model._default_manager.filter(grain=grain).order_by("day").first()
        assert row is not None
        type(row)._default_manager.filter(pk=row.pk).update(**values)


@pytest.mark.parametrize("where", SPOILERS)
def test_a_check_names_the_first_difference_and_repairs_nothing(pools: Pools, where: str) -> None:
    make_world(random.Random(4), pools, receipts=6)
    refresh_all()
    assert rebuild("--check")
    SPOILERS[where]()
    for _time in range(2):
        with pytest.raises(CommandError, match=where):
            rebuild("--check")
    rebuild()
    assert rebuild("--check")


def test_a_month_is_counted_anew_beside_its_neighbours(pools: Pools) -> None:
    make_world(random.Random(4), pools, receipts=8)
    refresh_all()
    mark(disturb(random.Random(5), pools))
    WorkCell.objects.filter(day__month=4).update(works=5, returned=0)
    with pytest.raises(CommandError):
        rebuild("--check")
    rebuild("--from", "2026-04-10", "--to", "2026-04-20")
    assert rebuild("--check")
    refresh_all()
    assert rebuild("--check")
    assert not list(checking.differences(date(2026, 4, 1)))


def test_a_rebuild_begins_from_nothing(pools: Pools) -> None:
    make_world(random.Random(4), pools)
    refresh_all()
    rebuilding.forget()
    state = RollupState.objects.get()
    assert (state.position, state.complete) == (0, False)
    assert not WorkCell.objects.exists()
    assert not Counted.objects.exists()


def test_the_job_takes_in_what_has_changed(cast: Cast) -> None:
    receipt = make_in_work(cast)
    job = declared_jobs()["analytics.refresh_rollups"]
    turn = Turn(job.name, clock.now(), clock.now())
    assert job.work(turn)["marks"] == 1
    works = [WorkInput(type_id("assembly"), cast.maxim.pk)]
    record_work(receipt_id=receipt.pk, works=works, actor=cast.actor("igor"))
    assert job.work(turn) == {"marks": 1, "receipts": 1}
    assert job.work(turn) == {"marks": 0, "receipts": 0}
    assert WorkCell.objects.filter(grain=Cell.Grain.DAY).get().works == 1
    assert receipt.fact.first_check_at is None  # the facts of receipts follow the same marks


def test_a_program_without_marks_is_healed_the_next_day(cast: Cast) -> None:
    receipt = make_in_work(cast)
    record_work(
        receipt_id=receipt.pk,
        works=[WorkInput(type_id("assembly"), cast.maxim.pk)],
        actor=cast.actor("igor"),
    )
    refresh_all()
    record_work(
        receipt_id=receipt.pk,
        works=[WorkInput(type_id("mechanism"), cast.maxim.pk)],
        actor=cast.actor("igor"),
    )
    Mark.objects.all().delete()
    with pytest.raises(CommandError):
        rebuild("--check")
    assert rollups.mark_recent(at=clock.now()) == 1
    refresh_all()
    assert rebuild("--check")
    assert rollups.mark_recent(at=clock.now() + timedelta(days=3)) == 0


def test_a_run_is_bounded(pools: Pools, monkeypatch: pytest.MonkeyPatch) -> None:
    make_world(random.Random(4), pools, receipts=6)
    refresh_all()
    monkeypatch.setattr(rollups, "MARKS", 2)
    receipts = list(Receipt.objects.values_list("pk", flat=True))
    mark(set(receipts[:5]))
    done = rollups.refresh(at=AT, time=timedelta(0))
    assert (done.marks, done.left, Mark.objects.count()) == (2, True, 3)
    assert rollups.refresh(at=AT) == rollups.Refreshed(3, 3, left=False)


def test_only_the_marks_that_were_read_are_deleted(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that comes while its receipt is counted is counted by the next run."""
    make_world(random.Random(4), pools)
    refresh_all()
    receipt = Receipt.objects.order_by("pk").first()
    assert receipt is not None
    mark({receipt.pk})
    count = counting.counted

    def changed_meanwhile(receipts: list[int]) -> object:
        found = count(receipts)
        Operation.objects.create(
            receipt=receipt,
            type=pools.types[0],
            employee=pools.people[0],
            performed_at=BEGIN + timedelta(days=80),
        )
        mark({receipt.pk})
        return found

    monkeypatch.setattr(counting, "counted", changed_meanwhile)
    rollups.step(at=AT)
    monkeypatch.setattr(counting, "counted", count)
    assert Mark.objects.count() == 1
    assert rebuild("--check")
    refresh_all()
    assert rebuild("--check")
