"""Who waived, voided, undid, moved and left undecided: as the rows and the presses tell it."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction

from analytics.accountability import Deed, accountability, deeds, of_one, undecided
from analytics.filters import Filters
from analytics.periods import Kind, Period, period
from history.commands import CommandKey
from history.models import Event
from polishing.models import PolishingOrder
from polishing.services.moving import WORK, move_record
from polishing.services.orders import reopen_order, send_to_polishing, take_back, void_order
from receipts.models import Operation, Receipt, ReturnItem, Waiver, WaiverReason
from receipts.services.flow import submit
from receipts.services.quality import pass_check
from receipts.services.returns import ItemInput, change_responsible, return_watch
from receipts.services.undoing import undo
from receipts.services.voiding import void_decision
from receipts.services.works import WorkInput, record_work, void_waiver, void_work, waive_work
from staff import roles
from staff.actors import user_actor
from tests.cast import Cast, make_cast, make_in_work, reason_id, type_id
from workshop.lib.actor import ADMIN, Actor, Channel, system_actor
from workshop.lib.errors import WorkshopError

pytestmark = pytest.mark.django_db
WORLDS = max(3, int(os.environ.get("ANALYTICS_WORLDS", "30")) // 10)
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
STEPS = 90
AT = BEGIN + timedelta(days=60)
VOID = "_voided"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def actors(cast: Cast) -> list[Actor]:
    """Igor by the bot and by his office account, Ivan, an account without a person, an import."""
    users = []
    for name in ("igor", "office"):
        user = User.objects.create_user(name, is_staff=True)
        user.groups.set(Group.objects.filter(name=roles.GROUPS[roles.MANAGER]))
        users.append(user)
    cast.igor.user = users[0]
    cast.igor.is_manager = True
    cast.igor.save()
    by_office = [user_actor(user, Channel(ADMIN)) for user in users]
    return [cast.actor("igor"), cast.actor("ivan"), *by_office, system_actor("Импорт")]


class Life:
    """Random presses on a few receipts; what is impossible just now is not done."""

    def __init__(self, rng: random.Random, cast: Cast, actors: list[Actor]) -> None:
        self.rng, self.cast, self.actors, self.at = rng, cast, actors, BEGIN
        self.receipts = [make_in_work(cast, at=BEGIN) for _n in range(4)]
        self.verbs: list[Callable[..., Any]] = [
            self.work,
            self.work,
            self.waive,
            self.unwaive,
            self.void_work,
            self.move,
            self.move,
            self.send,
            self.take_back,
            self.void_order,
            self.reopen,
            self.give_back,
            self.give_back,
            self.decide,
            self.submit,
            self.void_decision,
        ]

    def step(self) -> None:
        self.at += timedelta(hours=self.rng.choice([0, 1, 20]))
        key = CommandKey("tests", f"life:{self.rng.random()}")
        common = {"actor": self.rng.choice(self.actors), "command": key, "at": self.at}
        with suppress(WorkshopError, IndexError):
            done = self.rng.choice(self.verbs)(self.rng.choice(self.receipts), **common)
            if self.rng.random() < 0.2:
                undo(command_id=done.command.pk, actor=common["actor"], at=self.at)

    def _any(self, rows: Any) -> Any:
        return self.rng.choice(list(rows.order_by("pk")))

    def work(self, receipt: Receipt, **common: Any) -> Any:
        done = [WorkInput(type_id(self.rng.choice(["assembly", "mechanism"])), self.cast.maxim.pk)]
        return record_work(receipt_id=receipt.pk, works=done, **common)

    def waive(self, receipt: Receipt, **common: Any) -> Any:
        reason = WaiverReason.objects.first()
        assert reason is not None
        kind = type_id("assembly")
        return waive_work(receipt_id=receipt.pk, type_id=kind, reason_id=reason.pk, **common)

    def unwaive(self, receipt: Receipt, **common: Any) -> Any:
        row = self._any(Waiver.objects.valid().filter(receipt=receipt))
        return void_waiver(receipt_id=receipt.pk, waiver_id=row.pk, reason="нужно", **common)

    def void_work(self, receipt: Receipt, **common: Any) -> Any:
        row = self._any(receipt.operations.all())
        return void_work(receipt_id=receipt.pk, operation_id=row.pk, reason="не то", **common)

    def move(self, receipt: Receipt, **common: Any) -> Any:
        row = self._any(receipt.operations.all())
        other = self.rng.choice(self.receipts)
        return move_record(
            what=WORK, record_id=row.pk, from_receipt_id=receipt.pk, to_receipt_id=other.pk,
            reason="не та", **common,
        )  # fmt: skip

    def send(self, receipt: Receipt, **common: Any) -> Any:
        return send_to_polishing(receipt_id=receipt.pk, polisher_id=self.cast.pavel.pk, **common)

    def take_back(self, receipt: Receipt, **common: Any) -> Any:
        row = self._any(PolishingOrder.objects.open().filter(receipt=receipt))
        return take_back(order_id=row.pk, **common)

    def void_order(self, receipt: Receipt, **common: Any) -> Any:
        row = self._any(PolishingOrder.objects.filter(receipt=receipt))
        return void_order(order_id=row.pk, reason="не отдавали", **common)

    def reopen(self, receipt: Receipt, **common: Any) -> Any:
        row = self._any(PolishingOrder.objects.filter(receipt=receipt))
        return reopen_order(order_id=row.pk, reason="ещё там", **common)

    def give_back(self, receipt: Receipt, **common: Any) -> Any:
        items = [ItemInput(reason_id("dirt_inside"), "undecided")]
        return return_watch(receipt_id=receipt.pk, items=items, **common)

    def decide(self, receipt: Receipt, **common: Any) -> Any:
        row = self._any(ReturnItem.objects.filter(return_case__receipt=receipt))
        return change_responsible(
            receipt_id=receipt.pk, item_id=row.pk, responsibility="person",
            responsible_id=self.cast.mark.pk, reason="узнали", **common,
        )  # fmt: skip

    def submit(self, receipt: Receipt, **common: Any) -> Any:
        verb = self.rng.choice([submit, pass_check])
        return verb(receipt_id=receipt.pk, **common)

    def void_decision(self, receipt: Receipt, **common: Any) -> Any:
        return void_decision(receipt_id=receipt.pk, reason="ошибка", **common)


def who_of(event: Event, cast: Cast) -> str:
    if event.actor_kind == "user" and event.actor_id == cast.igor.user_id:
        return f"employee:{cast.igor.pk}"
    number = event.actor_id if event.actor_id is not None else event.actor_label
    return f"{event.actor_kind}:{number}"


def slowly(cast: Cast, asked: Period) -> Counter[tuple[str, str]]:
    """(who, deed) → number, press by press: what one press did is one deed, or none."""
    found: Counter[tuple[str, str]] = Counter()
    presses: dict[int, list[Event]] = {}
    for event in Event.objects.select_related("command").order_by("pk"):
        if asked.start <= event.occurred_at < asked.end:
            presses.setdefault(event.command_id, []).append(event)
    for events in presses.values():
        kinds = [event.kind for event in events]
        who = who_of(events[0], cast)
        if "receipt.record_moved" in kinds:
            found[who, "moved"] += 1
            continue
        found[who, "waived"] += kinds.count("receipt.work_waived")
        of_round = "receipt.polishing_voided" in kinds or "receipt.polishing_reopened" in kinds
        voided = sum(
            kind.endswith(VOID) or kind == "receipt.polishing_reopened" for kind in kinds
        ) - (of_round and "receipt.work_voided" in kinds)
        undone = events[0].command.verb == "receipt.undo"
        found[who, "undone" if undone else "voided"] += voided
    for item in ReturnItem.objects.select_related("return_case"):
        case = item.return_case
        if item.responsibility != "undecided" or case.voided_at is not None:
            continue
        if not asked.start <= case.returned_at < asked.end:
            continue
        for event in Event.objects.filter(stream=f"receipt:{case.receipt_id}"):
            if event.kind == "receipt.returned" and event.payload["return_id"] == case.pk:
                found[who_of(event, cast), "undecided"] += 1
    return Counter({key: number for key, number in found.items() if number})


def test_every_deed_stands_beside_who_did_it(cast: Cast, actors: list[Actor]) -> None:
    seen: Counter[str] = Counter()
    for seed in range(WORLDS):
        point = transaction.savepoint()
        rng = random.Random(seed)
        life = Life(rng, cast, actors)
        for _step in range(STEPS):
            life.step()
        first = BEGIN.date() + timedelta(days=rng.choice([0, 0, 5]))
        asked = period(Kind.CUSTOM, at=AT, first=first, last=first + timedelta(days=30))
        report = accountability(asked, at=AT)
        found = {
            (one.key, deed): number
            for one in report.people
            for deed, number in one.counts.items()
            if number
        }
        assert found == slowly(cast, asked)
        assert sum(report.kinds.values()) == report.counts["voided"]
        for deed in Deed:
            spread = sum(cell[deed] for cell in report.per_bucket.values())
            assert spread == report.counts[deed]
        _lists_agree(report, asked)
        seen.update(report.counts)
        standing = ReturnItem.objects.filter(
            responsibility="undecided", return_case__voided_at=None
        ).order_by("return_case__returned_at")
        assert report.waiting == len(standing)
        oldest = standing[0].return_case.returned_at if standing else None
        assert report.waiting_since == oldest
        transaction.savepoint_rollback(point)
    assert len(seen) == 5
    assert min(seen.values()) > 3, f"the lives are too plain: {seen}"


def _lists_agree(report: Any, asked: Period) -> None:
    for one in report.people:
        for deed in Deed:
            rows = undecided(asked) if deed == Deed.UNDECIDED else deeds(asked)
            behind = of_one(rows, one.key).filter(deed=deed.value)
            assert behind.count() == one.counts[deed]
    for deed in Deed:
        rows = undecided(asked) if deed == Deed.UNDECIDED else deeds(asked)
        assert rows.filter(deed=deed.value).count() == report.counts[deed]


def test_a_person_is_one_through_every_door(cast: Cast, actors: list[Actor]) -> None:
    for actor in (actors[0], actors[2]):
        receipt = make_in_work(cast, at=BEGIN)
        work = [WorkInput(type_id("assembly"), cast.maxim.pk)]
        record_work(receipt_id=receipt.pk, works=work, actor=actor, at=BEGIN)
        row = Operation.objects.get(receipt=receipt)
        void_work(receipt_id=receipt.pk, operation_id=row.pk, reason="-", actor=actor, at=BEGIN)
    asked = period(Kind.ALL, at=AT, beginning=BEGIN.date())
    report = accountability(asked, at=AT)
    assert [(one.name, one.counts["voided"]) for one in report.people] == [
        (cast.igor.short_name, 2)
    ]
    only = accountability(asked, at=AT, filters=Filters(employees=(cast.igor.pk,)))
    assert only.people == report.people
    assert accountability(asked, at=AT, filters=Filters(employees=(cast.ivan.pk,))).people == []


def test_nothing_to_answer_for(cast: Cast) -> None:
    report = accountability(period(Kind.MONTH, at=AT), at=AT)
    assert (report.people, report.waiting, report.waiting_since) == ([], 0, None)
    assert set(report.counts.values()) == {0}


@pytest.mark.parametrize(
    "key", ["", "x", "employee:", "employee:x", "user:" + "9" * 40, "\x00:1", "system:\x00"]
)
def test_a_key_that_names_nobody_has_no_rows(cast: Cast, key: str) -> None:
    asked = period(Kind.YEAR, at=AT)
    assert of_one(deeds(asked), key).count() == 0
    assert of_one(undecided(asked), key).count() == 0


def test_more_rows_ask_no_more_questions(
    cast: Cast, actors: list[Actor], django_assert_num_queries: Any
) -> None:
    life = Life(random.Random(1), cast, actors)
    asked = period(Kind.ALL, at=AT, beginning=BEGIN.date())
    for steps in (10, 80):
        for _step in range(steps):
            life.step()
        with django_assert_num_queries(6):
            accountability(asked, at=AT)
