"""Random presses through every door against a reference model (Hypothesis state machine).

The small profile runs in the suite; ``MACHINE_EXAMPLES`` and ``MACHINE_STEPS`` make it bigger.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from history.commands import CommandKey, Outcome
from history.models import Event
from history.verify import verify
from polishing.models import PolishingOrder
from polishing.services.orders import send_to_polishing, take_back
from receipts.models import (
    Assignment,
    DeadlineCause,
    DetachedPart,
    Hold,
    HoldReason,
    Operation,
    QualityCheck,
    Receipt,
    RefusalReason,
    Reminder,
)
from receipts.projection import differences
from receipts.services.assignment import assign
from receipts.services.deadlines import change_deadline
from receipts.services.facts import set_urgent
from receipts.services.flow import hold, issue, refuse, reopen, resume, rework_order, submit
from receipts.services.quality import pass_check, start_test_run
from receipts.services.registration import register_receipt
from receipts.services.returns import ItemInput, return_watch
from receipts.services.voiding import void_decision
from receipts.services.works import WorkInput, record_work, void_work
from tests.cast import Cast, make_cast, reason_id, type_id
from tests.machine.model import Answer, Model
from workshop.lib.errors import WorkshopError

IS_BIG = "MACHINE_EXAMPLES" in os.environ
PHASES = [Phase.generate, Phase.shrink]
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "25"))
STEPS = int(os.environ.get("MACHINE_STEPS", "40"))
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MASTERS = st.sampled_from(["maxim", "mark"])
KINDS = st.sampled_from(["assembly", "mechanism"])


class Workshop(RuleBasedStateMachine):
    """One receipt; Anna at the office, Igor and Ivan at the bot, an API beside them."""

    cast: ClassVar[Cast]
    ids: ClassVar[dict[str, int]]

    def __init__(self) -> None:
        super().__init__()
        self.undone = ExitStack()
        self.undone.enter_context(transaction.atomic())
        self.model = Model()
        self.at = AT
        self.count = 0
        self.last: tuple[Callable[..., Outcome[Any]], dict[str, Any]] | None = None
        igor = self.cast.actor("igor")
        self.pk = register_receipt(number="M-1", actor=igor, at=AT).object.pk

    def teardown(self) -> None:
        receipt = Receipt.objects.get(pk=self.pk)
        try:
            assert differences(receipt) == {}
            assert list(verify(stream=receipt.stream)) == []
        finally:
            transaction.set_rollback(True)
            self.undone.close()

    def _press(self, expected: Answer, service: Callable[..., Outcome[Any]], **values: Any) -> None:
        """Press and compare: an effect has events, already done has none, a refusal leaves none."""
        self.count += 1
        self.at += timedelta(minutes=1)
        who, door = (("igor", "bot"), ("anna", "admin"), ("ivan", "api"))[self.count % 3]
        values |= {
            "actor": self.cast.actor(who, door),
            "command": CommandKey(door, f"press-{self.count}"),
            "at": self.at,
        }
        before = Event.objects.count()
        try:
            with transaction.atomic():
                outcome = service(**values)
        except WorkshopError as error:
            self._check_refusal(error, expected, before)
            return
        written = Event.objects.count() - before
        assert expected is not False, "the model refuses it"
        assert (written > 0) == (expected is True)
        self.last = (service, values) if outcome.already is None else self.last

    def _check_refusal(self, error: WorkshopError, expected: Answer, events: int) -> None:
        assert expected is False, f"refused: {error.code}"
        assert error.text()
        assert Event.objects.count() == events

    @rule(master=MASTERS)
    def assign(self, master: str) -> None:
        person = getattr(self.cast, master).pk
        self._press(self.model.assign(master), assign, receipt_id=self.pk, master_id=person)

    @rule()
    def hold(self) -> None:
        self._press(self.model.hold(), hold, receipt_id=self.pk, reason_id=self.ids["parts"])

    @rule()
    def resume(self) -> None:
        self._press(self.model.resume(), resume, receipt_id=self.pk)

    @rule()
    def submit(self) -> None:
        self._press(self.model.submit(), submit, receipt_id=self.pk)

    @rule()
    def passed(self) -> None:
        self._press(self.model.passed(), pass_check, receipt_id=self.pk)

    @rule()
    def returned(self) -> None:
        items = [ItemInput(self.ids["dirt"])]
        self._press(self.model.returned(), return_watch, receipt_id=self.pk, items=items)

    @rule(master=MASTERS)
    def rework(self, master: str) -> None:
        person = getattr(self.cast, master).pk
        self._press(
            self.model.rework(master),
            rework_order,
            receipt_id=self.pk,
            master_id=person,
            reason="a wish",
        )

    @rule()
    def refuse(self) -> None:
        self._press(self.model.refuse(), refuse, receipt_id=self.pk, reason_id=self.ids["price"])

    @rule()
    def reopen(self) -> None:
        self._press(self.model.reopen(), reopen, receipt_id=self.pk, reason="agreed")

    @rule()
    def issue(self) -> None:
        self._press(self.model.issue(), issue, receipt_id=self.pk, as_taken_in=True)

    @rule()
    def void(self) -> None:
        self._press(self.model.void(), void_decision, receipt_id=self.pk, reason="wrong")

    @rule(kind=KINDS, who=MASTERS)
    def work(self, kind: str, who: str) -> None:
        works = [WorkInput(self.ids[kind], getattr(self.cast, who).pk)]
        self._press(self.model.work(kind), record_work, receipt_id=self.pk, works=works)

    @rule(kind=KINDS)
    def void_work(self, kind: str) -> None:
        rows = Operation.objects.valid().filter(receipt_id=self.pk, type__code=kind)
        row = rows.order_by("pk").last()
        self._press(
            self.model.void_work(kind),
            void_work,
            receipt_id=self.pk,
            operation_id=row.pk if row else 0,
            reason="wrong",
        )

    @rule()
    def test_run(self) -> None:
        self._press(self.model.test_run(), start_test_run, receipt_id=self.pk, hours=24)

    @rule()
    def send(self) -> None:
        self._press(
            self.model.send(),
            send_to_polishing,
            receipt_id=self.pk,
            polisher_id=self.cast.pavel.pk,
        )

    @precondition(lambda self: self.model.rounds)
    @rule()
    def take_back(self) -> None:
        order = PolishingOrder.objects.filter(receipt_id=self.pk).latest("pk")
        self._press(self.model.take_back(), take_back, order_id=order.pk)

    @rule(day=st.sampled_from([None, 5, 9]), wish=st.booleans())
    def deadline(self, day: int | None, wish: bool) -> None:
        self._press(
            self.model.set_deadline(day, wish=wish),
            change_deadline,
            receipt_id=self.pk,
            deadline=AT + timedelta(days=day) if day else None,
            cause_id=self.ids["wish"] if wish else self.ids["delay"],
        )

    @rule(urgent=st.booleans())
    def urgent(self, urgent: bool) -> None:
        answer = self.model.set_urgent(urgent)
        self._press(answer, set_urgent, receipt_id=self.pk, urgent=urgent)

    @precondition(lambda self: self.last)
    @rule()
    def again(self) -> None:
        """The network repeats the last press, however much later."""
        assert self.last is not None
        service, values = self.last
        before = Event.objects.count()
        assert service(**values).replayed
        assert Event.objects.count() == before

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        row, model = Receipt.objects.select_related("master").get(pk=self.pk), self.model
        assert row.status == model.now.status
        expected = getattr(self.cast, model.now.master).pk if model.now.master else None
        assert row.master_id == expected
        is_open = {"receipt_id": self.pk, "voided_at": None}
        masters = Assignment.objects.filter(ended_at=None, **is_open)
        assert [found.master_id for found in masters] == ([expected] if expected else [])
        holds = [found.status_before for found in Hold.objects.filter(ended_at=None, **is_open)]
        assert holds == ([model.now.hold] if model.now.hold else [])
        checks = QualityCheck.objects.filter(decision=None, **is_open)
        assert checks.exists() == model.now.check_open
        self._records_are_as_the_model_says(row)

    def _records_are_as_the_model_says(self, row: Receipt) -> None:
        model = self.model
        works = Operation.objects.valid().filter(receipt=row).order_by("pk")
        assert sorted(works.values_list("type__code", flat=True)) == sorted(model.works)
        away = DetachedPart.objects.filter(receipt=row, until=None)
        assert away.exists() == model.case_away
        assert PolishingOrder.objects.filter(receipt=row).count() == model.rounds
        days = [
            (moment - AT).days if moment else None for moment in (row.deadline, row.first_promise)
        ]
        assert days == [model.deadline, model.promise]
        assert (row.deadline_changes, row.urgent) == (model.changes, model.urgent)
        planned = Reminder.objects.filter(receipt=row, fate="planned")
        assert planned.count() == (3 if model.reminds else 0)
        assert row.version == Event.objects.filter(stream=row.stream).count()


@pytest.mark.django_db
def test_the_workshop_is_as_the_model_says() -> None:
    Workshop.cast = make_cast()
    Workshop.ids = {
        "assembly": type_id("assembly"),
        "mechanism": type_id("mechanism"),
        "dirt": reason_id("dirt_inside"),
        "parts": HoldReason.objects.get(code="parts").pk,
        "price": RefusalReason.objects.get(code="price").pk,
        "wish": DeadlineCause.objects.get(code="customer").pk,
        "delay": DeadlineCause.objects.get(code="our_delay").pk,
    }
    run_state_machine_as_test(
        Workshop,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=not IS_BIG,
            # Shrinking a failure takes minutes; the big profile does it.
            phases=PHASES if IS_BIG else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
