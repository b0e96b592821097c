"""Laws of spec 1.2 that one service alone does not hold: constraints, deletion, emptiness."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction
from django.test import TestCase

from history.models import Checkpoint, Command, Event, Job, JobRun, Lease, Outbox
from history.render import kind_labels
from history.verify import verify
from polishing.models import PolishingBatch, PolishingOrder
from polishing.selectors import loads, open_orders
from receipts import selectors
from receipts.models import (
    Assignment,
    DetachedPart,
    Hold,
    HoldReason,
    OperationType,
    QualityCheck,
    Reading,
    Receipt,
    Reminder,
    ReturnCase,
    ReturnItem,
    Waiver,
    WaiverReason,
    WorkCalendar,
)
from receipts.models.receipt import new_token
from receipts.services.calendars import current_calendar
from receipts.services.quality import start_test_run
from receipts.services.returns import ItemInput, return_watch
from receipts.states import VERBS
from staff.models import AccessRefusal, BotName, Employee
from tests.cast import Cast, make_cast, make_in_work, make_order, make_submitted, reason_id, type_id
from tests.domain.snapshot import rolled_back
from workshop.lib.models import DeletionForbidden

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
OURS = ("history", "staff", "receipts", "polishing")
# Technical state: rows that jobs clean up, without events.
TECHNICAL = {Outbox, Lease, Job, JobRun, Checkpoint, AccessRefusal, BotName}


class Rows:
    """A receipt with everything open on it, and raw inserts around the services."""

    def __init__(self) -> None:
        self.cast: Cast = make_cast()
        self.receipt = make_submitted(self.cast, at=AT)
        self.order = make_order(self.cast, self.receipt, at=AT)
        igor = self.cast.actor("igor")
        return_watch(
            receipt_id=self.receipt.pk,
            items=[ItemInput(reason_id("dirt_inside"))],
            hand_to_id=self.cast.maxim.pk,
            actor=igor,
        )
        start_test_run(receipt_id=self.receipt.pk, hours=24, actor=igor)
        self.check = QualityCheck.objects.get(decision=None)
        self.case = ReturnCase.objects.get()
        self.parts = HoldReason.objects.get(code="parts")
        Hold.objects.create(
            receipt=self.receipt, reason=self.parts, started_at=AT, status_before="in_work"
        )

    def receipt_row(self, **more: Any) -> models.Model:
        values = {
            "number": "X", "number_key": "x", "similar_key": "x", "received_at": AT,
            "status_since": AT, "public_token": new_token(), "label_token": new_token(),
        }  # fmt: skip
        return Receipt(**values | more)

    def order_row(self, **more: Any) -> models.Model:
        values = {
            "receipt": self.receipt, "polisher": self.cast.pavel, "sent_at": AT,
            "returned_at": AT + HOUR, "result": "done",
        }  # fmt: skip
        return PolishingOrder(**values | more)

    def item_row(self, **more: Any) -> models.Model:
        reason = reason_id("dirt_outside")
        values = {
            "return_case": self.case, "reason_id": reason, "reason_name": "x",
            "affects_id": type_id("assembly"), "affects_name": "x", "rule": "nobody",
            "responsibility": "undecided",
        }  # fmt: skip
        return ReturnItem(**values | more)


def _event(rows: Rows, **more: Any) -> models.Model:
    event = Event.objects.latest("pk")
    event.pk = None
    event.sequence, event.ordinal = 10**6, 99
    for name, value in more.items():
        setattr(event, name, value)
    return event


Build = Callable[[Rows], models.Model]
IMPOSSIBLE: dict[str, Build] = {
    "a number twice": lambda r: r.receipt_row(number_key=r.receipt.number_key),
    "no number": lambda r: r.receipt_row(number_key=""),
    "an unknown status": lambda r: r.receipt_row(status="lost"),
    "a link twice": lambda r: r.receipt_row(public_token=r.receipt.public_token),
    "a label twice": lambda r: r.receipt_row(label_token=r.receipt.label_token),
    "a second open assignment": lambda r: Assignment(
        receipt=r.receipt, master=r.cast.mark, assigned_at=AT
    ),
    "a second open hold": lambda r: Hold(
        receipt=r.receipt, reason=r.parts, started_at=AT, status_before="in_work"
    ),
    "a second open check": lambda r: QualityCheck(receipt=r.receipt, opened_at=AT),
    "a decision without its time": lambda r: QualityCheck(
        receipt=r.receipt, opened_at=AT, decision="passed"
    ),
    "a second open polishing of the case": lambda r: r.order_row(returned_at=None, result=None),
    "back before it was sent": lambda r: r.order_row(returned_at=AT - HOUR),
    "back without a result": lambda r: r.order_row(result=None),
    "a result without coming back": lambda r: r.order_row(
        returned_at=None, case=False, bracelet=True
    ),
    "polishing of nothing": lambda r: r.order_row(case=False, bracelet=False),
    "a part away twice": lambda r: DetachedPart(
        receipt=r.receipt, part="case", holder=r.cast.mark, since=AT
    ),
    "a reason twice in a return": lambda r: r.item_row(reason_id=reason_id("dirt_inside")),
    "a person without a name": lambda r: r.item_row(responsibility="person"),
    "undecided with a person": lambda r: r.item_row(responsible=r.cast.maxim),
    "not ours with a person": lambda r: r.item_row(
        responsibility="not_ours", responsible=r.cast.maxim
    ),
    "a person with a cause": lambda r: r.item_row(
        responsibility="person", responsible=r.cast.maxim, cause="part"
    ),
    "two returns of one check": lambda r: ReturnCase(
        receipt=r.receipt, quality_check=r.case.quality_check, returned_at=AT
    ),
    "a rate beyond the scale": lambda r: Reading(
        quality_check=r.check, rate="999.5", measured_at=AT
    ),
    "an amplitude beyond the scale": lambda r: Reading(
        quality_check=r.check, amplitude=401, measured_at=AT
    ),
    "a beat error beyond the scale": lambda r: Reading(
        quality_check=r.check, beat_error="20.5", measured_at=AT
    ),
    "two active polishing types": lambda r: OperationType(
        code="second", name="x", recorded_by_polishing=True
    ),
    "a code twice": lambda r: OperationType(code="assembly", name="x"),
    "a Telegram account twice": lambda r: Employee(
        full_name="x", short_name="x", telegram_id=r.cast.maxim.telegram_id
    ),
    "an absence without an end": lambda r: Employee(
        full_name="x", short_name="x", absent_from=AT.date()
    ),
    "a batch number twice": lambda r: PolishingBatch(
        number=PolishingBatch.objects.create(number=7, polisher=r.cast.pavel, opened_at=AT).number,
        polisher=r.cast.pavel,
        opened_at=AT,
    ),
    "a place in the stream twice": lambda r: _event(
        r, sequence=Event.objects.latest("pk").sequence
    ),
    "an ordinal of the command twice": lambda r: _event(
        r, ordinal=Event.objects.latest("pk").ordinal
    ),
    "a command key twice": lambda r: Command(
        client=(known := Command.objects.latest("pk")).client,
        key=known.key,
        verb="x",
        created_at=AT,
    ),
}
POSSIBLE: dict[str, Build] = {
    "a number again when void": lambda r: r.receipt_row(
        number_key=r.receipt.number_key, voided_at=AT
    ),
    "an assignment that ended": lambda r: Assignment(
        receipt=r.receipt, master=r.cast.mark, assigned_at=AT, ended_at=AT
    ),
    "a void open assignment": lambda r: Assignment(
        receipt=r.receipt, master=r.cast.mark, assigned_at=AT, voided_at=AT
    ),
    "a hold that ended": lambda r: Hold(
        receipt=r.receipt, reason=r.parts, started_at=AT, status_before="in_work", ended_at=AT
    ),
    "a decided check": lambda r: QualityCheck(
        receipt=r.receipt, opened_at=AT, decision="passed", decided_at=AT
    ),
    "the bracelet beside the case": lambda r: r.order_row(
        returned_at=None, result=None, case=False, bracelet=True
    ),
    "back at the same moment": lambda r: r.order_row(returned_at=AT),
    "another reason in the return": lambda r: r.item_row(),
    "a polishing type that is off": lambda r: OperationType(
        code="second", name="x", recorded_by_polishing=True, active=False
    ),
    "people without Telegram": lambda r: Employee(full_name="x", short_name="x"),
}


class TestConstraints(TestCase):
    """Law 4, by inserts that no service stands before."""

    rows: Rows

    @classmethod
    def setUpTestData(cls) -> None:
        cls.rows = Rows()

    def test_what_can_never_be_is_refused_by_the_database(self) -> None:
        for name, build in IMPOSSIBLE.items():
            with self.subTest(name), rolled_back():
                row = build(self.rows)
                with pytest.raises(IntegrityError), transaction.atomic():
                    row.save_base(raw=True, force_insert=True)

    def test_what_can_be_is_not(self) -> None:
        for name, build in POSSIBLE.items():
            with self.subTest(name), rolled_back():
                build(self.rows).save_base(raw=True, force_insert=True)


def test_rows_that_stand_once_each() -> None:
    rows = Rows()
    reason = WaiverReason.objects.get(code="other")
    kind = OperationType.objects.get(code="assembly")
    twice: list[Callable[[], models.Model]] = [
        lambda: Waiver(receipt=rows.receipt, type=kind, reason=reason, waived_at=AT),
        lambda: Reminder(receipt=rows.receipt, deadline_version=1, kind="overdue", due_at=AT),
        lambda: WorkCalendar(name="x"),
    ]
    for build in twice:
        build().save_base(raw=True, force_insert=True)
        with pytest.raises(IntegrityError), transaction.atomic():
            build().save_base(raw=True, force_insert=True)


def _kept() -> list[type[models.Model]]:
    found = [model for label in OURS for model in apps.get_app_config(label).get_models()]
    return [model for model in found if model not in TECHNICAL]


@pytest.mark.parametrize("model", _kept(), ids=lambda model: model.__name__)
def test_nothing_is_deleted(model: type[models.Model]) -> None:
    """Law 3: neither a row nor a query of rows."""
    with pytest.raises(DeletionForbidden):
        model._default_manager.all().delete()
    with pytest.raises(DeletionForbidden):
        model(pk=1).delete()


def test_a_used_account_cannot_vanish(db: None) -> None:
    user = User.objects.create(username="anna")
    Employee.objects.create(full_name="x", short_name="x", user=user)
    with pytest.raises(models.ProtectedError):
        user.delete()


def test_an_empty_workshop_says_no_data(django_db_blocker: Any) -> None:
    """Law 10: every read answers on an empty database."""
    assert Receipt.objects.count() == 0
    assert selectors.search("") == selectors.search("12") == selectors.search("+7 999 000") == []
    assert selectors.similar_open("12") == []
    assert selectors.by_number("12") is selectors.by_number("") is selectors.by_label("x") is None
    for verb in VERBS:
        assert list(selectors.likely(verb, AT)) == []
    assert list(Receipt.objects.urgent_list()) == list(Receipt.objects.overdue(AT)) == []
    assert loads() == []
    assert list(open_orders()) == []
    assert current_calendar().is_always
    assert kind_labels()
    assert list(verify()) == []


def test_nothing_counts_a_void_receipt() -> None:
    cast = make_cast()
    receipt = make_in_work(cast)
    Receipt.objects.filter(pk=receipt.pk).update(voided_at=AT, urgent=True, deadline=AT)
    assert selectors.search(receipt.number) == []
    assert selectors.by_number(receipt.number) is None
    assert selectors.by_label(receipt.label_token) is None
    for verb in VERBS:
        assert list(selectors.likely(verb, AT)) == []
    for rows in (
        Receipt.objects.in_workshop(),
        Receipt.objects.urgent_list(),
        Receipt.objects.overdue(AT + HOUR),
    ):
        assert list(rows) == []
