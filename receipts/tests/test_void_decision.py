"""Voiding the last decision brings everything back as it was, whatever the decision was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from history.models import Event
from receipts.models import (
    Assignment,
    HoldReason,
    Operation,
    QualityCheck,
    Reading,
    Receipt,
    RefusalReason,
    ReturnCase,
)
from receipts.projection import differences
from receipts.services.assignment import accept, assign, decline
from receipts.services.deadlines import change_deadline
from receipts.services.facts import add_comment
from receipts.services.flow import hold, issue, refuse, reopen, resume, rework_order, submit
from receipts.services.quality import ReadingInput, add_reading, pass_check, start_test_run
from receipts.services.returns import ItemInput, return_watch
from receipts.services.voiding import void_decision
from receipts.services.works import WorkInput, record_work
from tests.cast import Cast, make_cast, make_receipt, make_worked, reason_id, type_id
from tests.domain.snapshot import refused
from tests.domain.standing import standing
from workshop.lib.errors import IllegalTransition, NotAllowed, RuleViolation, StaleState

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Desk:
    """Igor at the desk: every press a minute after the one before."""

    def __init__(self) -> None:
        self.cast = make_cast()
        self.at = AT
        self.pk = make_worked(self.cast, at=AT).pk
        self.do(change_deadline, deadline=AT + timedelta(days=5))

    def do(self, service: Callable[..., Any], who: str = "igor", **values: Any) -> Any:
        self.at += MINUTE
        actor = self.cast.actor(who)
        return service(receipt_id=self.pk, actor=actor, at=self.at, **values)

    # the presses -------------------------------------------------------------------------
    def assign_mark(self) -> None:
        self.do(assign, master_id=self.cast.mark.pk, purpose_id=type_id("assembly"), reason="busy")

    def assign_maxim(self) -> None:
        self.do(assign, master_id=self.cast.maxim.pk)

    def accept(self) -> None:
        self.do(accept, who="anna")

    def decline(self) -> None:
        self.do(decline, who="anna", reason="ill")

    def hold(self) -> None:
        self.do(hold, reason_id=HoldReason.objects.get(code="parts").pk, comment="a crystal")

    def resume(self) -> None:
        self.do(resume)

    def submit(self) -> None:
        self.do(submit)

    def test_run(self) -> None:
        self.do(start_test_run, hours=24)

    def reading(self) -> None:
        self.do(add_reading, reading=ReadingInput(rate=Decimal("4.0")))

    def passed(self) -> None:
        self.do(pass_check)

    def returned(self) -> None:
        item = ItemInput(reason_id("dirt_inside"), "person", self.cast.maxim.pk)
        self.do(return_watch, items=[item], comment="look")

    def returned_and_handed_on(self) -> None:
        item = ItemInput(reason_id("dirt_inside"))
        self.do(return_watch, items=[item], hand_to_id=self.cast.mark.pk)

    def rework(self) -> None:
        self.do(rework_order, master_id=self.cast.mark.pk, reason="a wish")

    def refuse(self) -> None:
        self.do(refuse, reason_id=RefusalReason.objects.get(code="price").pk)

    def reopen(self) -> None:
        self.do(reopen, reason="agreed")

    def issue(self) -> None:
        self.do(issue, received_by="Olga", difference="one link less")

    def void(self) -> Any:
        return self.do(void_decision, reason="wrong press")


CASES = [
    "| assign_mark",
    "hold | assign_mark",
    "hold | assign_maxim",
    "submit | assign_mark",
    "submit | assign_maxim",
    "returned | assign_maxim",
    "submit test_run returned | assign_mark",
    "| hold",
    "submit | hold",
    "hold | resume",
    "submit hold | resume",
    "| submit",
    "returned | submit",
    "| passed",
    "submit | passed",
    "submit test_run reading | passed",
    "submit | returned",
    "submit test_run reading | returned",
    "submit passed | returned",
    "returned_and_handed_on submit | returned",
    "submit passed | rework",
    "submit passed | issue",
    "refuse | issue",
    "| refuse",
    "hold | refuse",
    "submit passed | refuse",
    "refuse | reopen",
    "hold refuse | reopen",
]
SELF_SERVICE_CASES = [
    "assign_mark | accept",
    "assign_mark | decline",
    "hold assign_mark | decline",
    "submit assign_mark | decline",
    "submit assign_maxim | decline",
    "submit passed rework | accept",
    "submit passed rework | decline",
    "assign_mark decline | assign_mark",
    "assign_mark accept | assign_maxim",
]


def _check(case: str) -> None:
    desk = Desk()
    earlier, _, decision = case.partition("|")
    for press in earlier.split():
        getattr(desk, press)()
    before = standing(desk.pk)
    getattr(desk, decision.strip())()
    assert standing(desk.pk) != before
    outcome = desk.void()

    assert standing(desk.pk) == before
    receipt = Receipt.objects.get(pk=desk.pk)
    assert differences(receipt) == {}
    assert outcome.object.status == receipt.status
    event = Event.objects.latest("pk")
    assert (event.kind, event.payload["reason"]) == ("receipt.decision_voided", "wrong press")
    assert event.payload["status_to"] == receipt.status


@pytest.mark.parametrize("case", CASES)
def test_everything_is_as_before(case: str) -> None:
    _check(case)


@pytest.mark.parametrize("case", SELF_SERVICE_CASES)
def test_everything_is_as_before_with_self_service(case: str, settings: Any) -> None:
    settings.WORKSHOP_SELF_SERVICE = True
    _check(case)


def test_decisions_are_voided_one_after_another() -> None:
    desk = Desk()
    states = []
    presses = ("submit", "test_run", "returned", "assign_mark", "hold", "resume", "passed", "issue")
    for press in presses:
        if press != "test_run":
            states.append(standing(desk.pk))
        getattr(desk, press)()
    for before in reversed(states[1:]):
        desk.void()
        assert standing(desk.pk) == before
        assert differences(Receipt.objects.get(pk=desk.pk)) == {}


def test_the_hold_the_press_after_it_and_the_first_assignment() -> None:
    desk = Desk()
    desk.void()  # the assignment of the beginning
    receipt = Receipt.objects.get(pk=desk.pk)
    assert (receipt.status, receipt.master_id) == ("received", None)
    assert receipt.status_since == AT
    with refused(RuleViolation, "receipts.nothing_to_void", "receipt"):
        desk.void()


def test_a_measurement_survives_the_void_and_can_be_decided_again() -> None:
    desk = Desk()
    for press in ("submit", "test_run", "reading", "returned"):
        getattr(desk, press)()
    check = QualityCheck.objects.valid().get(receipt_id=desk.pk)
    desk.void()
    check.refresh_from_db()
    assert (check.decision, check.decided_at, check.decided_by_id) == (None, None, None)
    assert check.test_run_until is not None
    assert ReturnCase.objects.get(receipt_id=desk.pk).is_void
    assert ReturnCase.objects.get(receipt_id=desk.pk).quality_check.is_void
    desk.returned()
    case = ReturnCase.objects.valid().get(receipt_id=desk.pk)
    assert case.quality_check_id == check.pk
    assert Reading.objects.get().quality_check_id == check.pk


def test_a_work_is_no_rework_of_a_void_return() -> None:
    desk = Desk()
    desk.submit()
    desk.returned()
    first = ReturnCase.objects.get()
    desk.assign_maxim()
    desk.submit()
    desk.returned()
    work = WorkInput(type_id("assembly"), desk.cast.maxim.pk)
    desk.do(record_work, works=[work])
    second = ReturnCase.objects.latest("pk")
    row = Operation.objects.latest("pk")
    assert row.rework_of_id == second.pk
    desk.void()
    row.refresh_from_db()
    assert row.rework_of_id == first.pk


def test_facts_recorded_after_the_decision_stay() -> None:
    desk = Desk()
    desk.submit()
    desk.passed()
    desk.do(add_comment, text="the strap is new")
    desk.reading()
    desk.void()
    assert Receipt.objects.get(pk=desk.pk).status == "quality_control"
    assert Reading.objects.valid().filter(quality_check__voided_at__isnull=True).count() == 1


def test_who_may_and_what_is_needed() -> None:
    desk = Desk()
    for who in ("maxim", "boris", "pavel"):
        with refused(NotAllowed, "access.not_allowed"):
            desk.do(void_decision, who=who, reason="x")
    with refused(RuleViolation, "text.required", "reason"):
        desk.do(void_decision, reason=" ")
    with refused(StaleState, "receipts.changed_meanwhile", "status"):
        desk.do(void_decision, reason="x", expected={"status": "ready"})


def test_a_voided_assignment_is_not_who_did_it_already() -> None:
    desk = Desk()
    handed = desk.at - MINUTE
    desk.assign_mark()
    desk.void()
    outcome = desk.do(assign, master_id=desk.cast.maxim.pk)
    assert outcome.already is not None
    assert outcome.already.when == AT
    assert handed == AT


def test_a_voided_pass_is_not_told_as_the_pass() -> None:
    desk = Desk()
    desk.submit()
    desk.passed()
    first = desk.at
    desk.issue()
    desk.void()
    outcome = desk.do(pass_check)
    assert outcome.already is not None
    assert (outcome.already.who, outcome.already.when) == (desk.cast.igor.short_name, first)


def test_impossible_after_the_watch_moved_on() -> None:
    cast: Cast = make_cast()
    receipt = make_receipt(cast)
    with refused(RuleViolation, "receipts.nothing_to_void"):
        void_decision(receipt_id=receipt.pk, reason="x", actor=cast.actor("igor"))
    with refused(IllegalTransition, "receipts.impossible_now", ""):
        issue(receipt_id=receipt.pk, as_taken_in=True, actor=cast.actor("igor"))
    assert Assignment.objects.count() == 0
