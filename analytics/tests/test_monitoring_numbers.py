"""Every number agrees with a slow count of its definition, and costs the same however many."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext, override_settings

from analytics.monitoring import catalogue, own_sources, programs, sources
from analytics.monitoring.catalogue import Category, Metric
from analytics.monitoring.sources import read_all, register_source, source
from analytics.services import rollups
from analytics.tests.load_world import AT, Pools, make_pools, make_world
from analytics.tests.test_drops import FINAL, OCTOBER
from analytics.tests.test_trend import make_months
from history import lease, relay
from history.backups.events import STREAM, BackupFailed, BackupMade
from history.commands import Outcome, Run, verb
from history.jobs import running, scheduler
from history.models import Event, Job, Lease, Outbox
from history.registry import Payload
from polishing.models import PolishingOrder
from receipts import stays
from receipts.models import (
    Assignment,
    DetachedPart,
    Operation,
    OperationType,
    QualityCheck,
    Receipt,
    ReturnCase,
    ServiceLimit,
)
from receipts.states import IN_WORKSHOP, URGENT_LIST, Status
from staff.models import Employee
from tests.cast import make_cast, make_receipt
from workshop.lib import clock
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db
WORLDS = max(4, int(os.environ.get("ANALYTICS_WORLDS", "30")) // 6)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SYSTEM = system_actor("tests")


@pytest.fixture
def pools() -> Pools:
    make_cast()
    return make_pools(list(Employee.objects.order_by("pk")[:4]))


def numbers(at: Any = AT) -> dict[str, Any]:
    reading = read_all(at=at)
    assert reading.failed == ()
    return reading.numbers


def plain_receipt() -> Receipt:
    row: Receipt = Receipt.objects.create(
        number="1", number_key="1", similar_key="1", received_at=AT - DAY, status_since=AT - DAY
    )
    return row


def slowly() -> dict[str, Any]:
    """The present of the watches, one by one."""
    rows = [row for row in Receipt.objects.all() if not row.voided_at and row.status in IN_WORKSHOP]
    away = set(DetachedPart.objects.filter(until=None).values_list("receipt_id", flat=True))
    settled = {Status.READY, Status.REFUSED, Status.ON_HOLD}
    must = [row for row in rows if row.status in URGENT_LIST and row.deadline]
    start, end = clock.day_bounds(clock.local(AT).date())
    out = [row for row in PolishingOrder.objects.all() if not row.returned_at and not row.voided_at]
    found: dict[str, Any] = {
        "open_receipts": len(rows),
        "overdue": sum(row.deadline < AT for row in must),
        "due_today": sum(start <= row.deadline < end for row in must),
        "due_24h": sum(AT <= row.deadline < AT + DAY for row in must),
        "at_polishers": sum(row.pk in away and row.status not in settled for row in rows),
        "at_masters": sum(row.status == Status.IN_WORK and row.pk not in away for row in rows),
        "not_accepted": sum(
            Assignment.objects.filter(
                receipt=row, ended_at=None, voided_at=None, accepted_at=None
            ).exists()
            for row in rows
            if row.status == Status.IN_WORK
        ),
        "polishing_open": len(out),
        "polishing_oldest": max(((AT - row.sent_at) / DAY for row in out), default=0),
    }
    for status in IN_WORKSHOP:
        here = [row for row in rows if row.status == status]
        oldest = max(((AT - row.status_since) / HOUR for row in here), default=0)
        found[f"open_by_status:{status.value}"] = len(here)
        found[f"oldest_in_status:{status.value}"] = oldest
    over = stays.over(Receipt.objects.in_workshop(), AT)
    found["over_limit"] = len({stay.receipt.pk for stay in over})
    pairs = Counter(code for _pk, code in {(one.receipt.pk, one.limit.code) for one in over})
    for limit in ServiceLimit.objects.active():
        found[f"over_limit_at:{limit.code}"] = pairs[limit.code]
    return found


@override_settings(WORKSHOP_SELF_SERVICE=True)
def test_the_watches_agree_with_a_count_one_by_one(pools: Pools) -> None:
    seen: Counter[str] = Counter()
    for seed in range(WORLDS):
        make_world(random.Random(seed), pools, receipts=14)
        _apart(seed)
        found, expected = numbers(), slowly()
        assert {key: found[key] for key in expected} == pytest.approx(expected, abs=0.001)
        seen.update({key for key, number in expected.items() if number})
    # A world in which a number never came up would prove nothing about it.
    unseen = {key.partition(":")[0] for key in expected} - {key.partition(":")[0] for key in seen}
    assert unseen == set()


def _apart(seed: int) -> None:
    """Room for the next world: the numbers of receipts are unique. Some are due today."""
    for row in Receipt.objects.filter(number__startswith="L-"):
        row.number, row.number_key = f"{seed}/{row.pk}", f"{seed}/{row.pk}"
        row.deadline = AT + HOUR * (row.pk % 40 - 8) if row.pk % 3 == 0 else row.deadline
        row.save()


@override_settings(WORKSHOP_SELF_SERVICE=False)
def test_where_nobody_accepts_there_is_nothing_to_say() -> None:
    assert numbers()["not_accepted"] is None


def test_what_was_done_today(pools: Pools) -> None:
    start, end = clock.day_bounds(clock.local(AT).date())
    kind, person = OperationType.objects.get(code="assembly"), pools.people[0]
    receipt = plain_receipt()
    for at, void in ((start, None), (AT, None), (start - HOUR, None), (AT, AT), (end - HOUR, None)):
        common = {"receipt": receipt, "voided_at": void}
        Operation.objects.create(type=kind, employee=person, performed_at=at, **common)
        for decision in ("passed", "returned"):
            check = QualityCheck.objects.create(
                opened_at=at, decision=decision, decided_at=at, **common
            )
        ReturnCase.objects.create(quality_check=check, returned_at=at, **common)
    Receipt.objects.filter(pk=receipt.pk).update(received_at=start)
    found = numbers()
    # The one of the evening lies in the future, one is void, one of yesterday.
    today = ("passed_today", "returned_today", "works_today:assembly")
    assert [found[key] for key in today] == [2, 2, 2]
    assert found["works_today:mechanism"] == 0
    assert found["received_today"] == 1


@pytest.mark.parametrize(
    ("passed", "returned", "rate"), [(0, 0, None), (18, 1, None), (16, 4, 20), (15, 5, 25)]
)
def test_the_share_of_a_week_needs_twenty_decisions(
    passed: int, returned: int, rate: float | None
) -> None:
    receipt = plain_receipt()
    for number in range(passed + returned):
        QualityCheck.objects.create(
            receipt=receipt,
            opened_at=AT,
            decision="passed" if number < passed else "returned",
            decided_at=AT - timedelta(days=7) * (number / 30),
        )
    old = AT - timedelta(days=7)
    QualityCheck.objects.create(receipt=receipt, opened_at=old, decision="returned", decided_at=old)
    assert numbers()["return_rate_7d"] == rate


def test_drops_are_counted_by_people() -> None:
    cast = make_cast()
    make_months(cast.maxim, [(40, 1)] * 10 + [(40, 12)], until=OCTOBER)
    make_months(cast.mark, [(40, 1)] * 11, until=OCTOBER)
    assert numbers(FINAL)["quality_drops"] is None
    rollups.refresh(at=FINAL)
    found = [numbers(moment)["quality_drops"] for moment in (FINAL - HOUR, FINAL, FINAL + 32 * DAY)]
    assert found == [0, 1, 0]


class TestPrograms:
    def test_nobody_who_never_ran_is_silent(self) -> None:
        found = read_all(at=AT, minutely=True).numbers
        names = ("scheduler_silent", "worker_silent", "relay_silent")
        assert [found[name] for name in names] == [None] * 3

    def test_silence_is_measured_by_the_database(self) -> None:
        for number, name in enumerate((scheduler.LEASE, running.WORKER, relay.LEASE), 1):
            lease.beat(name, "x")
            Lease.objects.filter(name=name).update(seen_at=Now() - number * HOUR)
        found = numbers(AT - 100 * DAY)
        for number, name in enumerate(("scheduler_silent", "worker_silent", "relay_silent"), 1):
            assert 3600 * number <= found[name] < 3600 * number + 60

    def test_jobs_that_are_off_do_not_count(self) -> None:
        from django_celery_beat.models import PeriodicTask

        Job.objects.filter(name__in=["history.verify", "history.back_up"]).update(failures=2)
        assert numbers()["jobs_failed"] == 2
        PeriodicTask.objects.filter(name="history.verify").update(enabled=False)
        assert numbers()["jobs_failed"] == 1

    def test_what_waits_to_be_passed_on(self) -> None:
        Outbox.objects.update(done_at=AT)
        assert (numbers()["outbox_waiting"], numbers()["outbox_lag"]) == (0, 0)
        cast = make_cast()
        Outbox.objects.update(done_at=AT)
        make_receipt(cast)
        make_receipt(cast)
        waiting = Outbox.objects.filter(done_at=None)
        oldest = waiting.order_by("event_id")[0].event.recorded_at
        found = numbers(oldest + timedelta(seconds=90))
        assert (found["outbox_waiting"], found["outbox_lag"]) == (waiting.count(), 90)
        assert numbers(oldest - DAY)["outbox_lag"] == 0

    def test_counts_of_what_waits_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make_receipt(make_cast())
        monkeypatch.setattr(programs, "MOST", 1)
        assert numbers()["outbox_waiting"] == 1


@verb("tests.backup", "history.Event")
def note(*, payload: Payload, actor: Any, command: Any = None, at: Any = None) -> Outcome[Event]:
    return Outcome(Run.of(actor, command, at).record(STREAM, payload))


def began() -> Any:
    """When this installation came to be."""
    return Event.objects.order_by("pk").values_list("recorded_at", flat=True)[0]


def test_the_backup_and_what_failed_since() -> None:
    made = BackupMade(name="a", size=1, rows=1, photos=0, seconds=1, encrypted=False)
    failed = BackupFailed(reason="full")
    assert (numbers()["backup_age"], numbers()["backups_failed"]) == (None, 0)
    assert numbers(began() + 30.5 * HOUR)["backup_missing"] == 30.5
    note(payload=failed, actor=SYSTEM, at=AT - 40 * HOUR)
    assert (numbers()["backup_age"], numbers()["backups_failed"]) == (None, 1)
    note(payload=made, actor=SYSTEM, at=AT - 30.5 * HOUR)
    assert (numbers()["backup_age"], numbers()["backups_failed"]) == (30.5, 0)
    assert numbers(began() + 90 * HOUR)["backup_missing"] == 0
    note(payload=failed, actor=SYSTEM, at=AT - 6 * HOUR)
    note(payload=failed, actor=SYSTEM, at=AT - 3 * HOUR)
    assert (numbers()["backup_age"], numbers()["backups_failed"]) == (30.5, 2)


@override_settings(WORKSHOP_SELF_SERVICE=True)
def test_a_thousand_receipts_ask_no_more_than_ten(pools: Pools) -> None:
    """The queries of each source, pinned: with what is asked only when something is there."""
    counted = []
    for receipts in (10, 990):
        make_world(random.Random(receipts), pools, receipts=receipts)
        _apart(receipts)
        counted.append(queries_of_each())
    assert counted[0] == counted[1]
    assert counted[1]["watches"] == 3
    assert counted[1]["today"] == 5
    assert counted[1]["programs"] == 4
    assert counted[1]["backup"] == 3  # the last one only before the first backup
    assert sum(counted[1].values()) <= 60


def queries_of_each() -> dict[str, int]:
    found = {}
    for name, one in sources.sources().items():
        with CaptureQueriesContext(connection) as queries:
            one.read(AT)
        found[name] = len(queries)
    return found


class TestRegistry:
    def one(self, code: str = "sample_one", **more: Any) -> Metric:
        return Metric(code=code, category=Category.PROGRAMS, label="a", about="b", **more)  # type: ignore[arg-type]

    def test_every_metric_is_told_in_words(self) -> None:
        """With a definition, in a category, in Russian; links lead to pages that are there."""
        for metric in catalogue.metrics().values():
            assert str(metric.label) != str(metric.about) != ""
            for label in list(metric.label_names())[:2] if metric.labelled else [""]:
                if metric.link is not None:
                    assert metric.link(label).startswith("/admin/"), metric.code
            assert not metric.labelled or metric.label_names is not catalogue._no_labels

    def test_readings_hold_what_was_announced(self) -> None:
        known = catalogue.metrics()
        for key in numbers():
            metric, label = catalogue.parted(key)
            assert known[metric.code] is metric
            assert not label or label in metric.label_names()

    def test_a_name_or_a_code_is_taken_once(self) -> None:
        with pytest.raises(ValueError, match="registered twice"):
            own_sources.register()
        with pytest.raises(ValueError, match="announced twice"):
            register_source("another", [self.one("overdue")], lambda at: {})
        assert "another" not in sources.sources()

    def test_unknown_ones_are_named(self) -> None:
        for name in ("nothing", "overdue:here", "open_by_status", "open_by_status:"):
            with pytest.raises(LookupError, match=name):
                catalogue.parted(name)

    def test_minutely_reads_only_those(self) -> None:
        asked = []

        def read(at: Any) -> dict[str, Any]:
            asked.append(at)
            return {"sample_one": 1.23456, "sample_two": 2.0, "never_announced": 3}

        minutely = [self.one(minutely=True), self.one("sample_two")]
        with (
            source("sample", minutely, read),
            source("rare", [self.one("sample_rare")], lambda at: {"sample_rare": 1 / 0}),
        ):
            found = read_all(at=AT, minutely=True)
            whole = read_all(at=AT)
        assert found.failed == ()
        assert found.numbers["sample_one"] == 1.235
        assert not {"sample_two", "sample_rare", "overdue", "never_announced"} & set(found.numbers)
        assert all(catalogue.parted(key)[0].minutely for key in found.numbers if key in _known())
        assert whole.failed == ("rare",)
        assert whole.numbers["sample_two"] == 2
        assert type(whole.numbers["sample_two"]) is int
        assert whole.numbers["sample_rare"] is None
        assert len(asked) == 2
        assert "sample_one" not in catalogue.metrics()


def _known() -> set[str]:
    return set(catalogue.metrics())
