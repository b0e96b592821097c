"""Recording and voiding works, waiving required ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receipts.models import Operation, OperationType, Receipt, Waiver, WaiverReason
from receipts.selectors import suggest_performer
from receipts.services.assignment import assign
from receipts.services.flow import issue
from receipts.services.works import WorkInput, record_work, void_waiver, void_work, waive_work
from staff.services.people import set_active
from tests.cast import Cast, make_cast, make_in_work, make_polished, make_ready, type_id
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import Duplicate, IllegalTransition, NotFound, RuleViolation, StaleState

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _work(kind: str, person: Any, **more: Any) -> WorkInput:
    return WorkInput(type_id(kind), person.pk, **more)


def test_several_at_once_one_event_each(cast: Cast) -> None:
    receipt = make_in_work(cast, at=AT)
    works = [
        _work("assembly", cast.maxim, comment=" oiled "),
        _work("mechanism", cast.mark, performed_at=AT + HOUR),
        _work("assembly", cast.maxim),
    ]
    with writes(*["receipt.work_recorded"] * 3) as events:
        outcome = record_work(
            receipt_id=receipt.pk, works=works, actor=cast.actor("igor"), at=AT + 2 * HOUR
        )
    rows = list(Operation.objects.order_by("pk"))
    assert outcome.extra == {"operation_ids": [row.pk for row in rows]}
    assert outcome.warnings == ()
    assert events[0].payload == {
        "operation_id": rows[0].pk,
        "type": {"id": type_id("assembly"), "name": "Сборка"},
        "employee": {"id": cast.maxim.pk, "name": cast.maxim.short_name},
        "performed_at": "2026-11-20T11:30:00.000000Z",
        "rework_of": None,
        "comment": "oiled",
        "by_polishing": False,
    }
    assert rows[1].performed_at == AT + HOUR
    assert events[1].occurred_at == AT + 2 * HOUR
    assert outcome.object.version == events[-1].sequence


def test_a_missing_skill_warns_once(cast: Cast) -> None:
    receipt = make_in_work(cast)
    works = [_work("polishing", cast.maxim), _work("assembly", cast.pavel)]
    outcome = record_work(receipt_id=receipt.pk, works=works, actor=cast.actor("igor"))
    assert outcome.warnings == ("employee.skill_missing",)


def test_who_left_can_still_have_done_it(cast: Cast) -> None:
    receipt = make_in_work(cast)
    set_active(employee_id=cast.mark.pk, active=False, actor=cast.actor("anna"))
    works = [_work("assembly", cast.mark)]
    record_work(receipt_id=receipt.pk, works=works, actor=cast.actor("igor"))
    assert Operation.objects.get().employee == cast.mark


def test_refusals_take_the_whole_list_back(cast: Cast) -> None:
    receipt = make_in_work(cast, at=AT)
    good = _work("assembly", cast.maxim)
    cases: list[tuple[list[WorkInput], type[Any], str, str]] = [
        ([], RuleViolation, "receipts.works_empty", "works"),
        (
            [good, _work("assembly", cast.mark, performed_at=AT - HOUR)],
            RuleViolation,
            "receipts.before_receipt",
            "performed_at",
        ),
        (
            [good, _work("assembly", cast.mark, performed_at=AT + 2 * HOUR)],
            RuleViolation,
            "receipts.in_future",
            "performed_at",
        ),
        ([good, WorkInput(10**9, cast.mark.pk)], NotFound, "receipts.unknown_choice", "works"),
        (
            [good, WorkInput(type_id("assembly"), 10**9)],
            NotFound,
            "staff.no_such_employee",
            "employee",
        ),
        (
            [good, _work("assembly", cast.mark, comment="x" * 501)],
            RuleViolation,
            "text.too_long",
            "comment",
        ),
    ]
    for works, kind, code, field in cases:
        with refused(kind, code, field):
            record_work(receipt_id=receipt.pk, works=works, actor=cast.actor("igor"), at=AT + HOUR)
    OperationType.objects.filter(code="assembly").update(active=False)
    with refused(NotFound, "receipts.unknown_choice", "works"):
        record_work(receipt_id=receipt.pk, works=[good], actor=cast.actor("igor"))


def test_a_clock_that_is_a_little_ahead_is_now(cast: Cast) -> None:
    receipt = make_in_work(cast, at=AT)
    works = [_work("assembly", cast.maxim, performed_at=AT + timedelta(seconds=59))]
    record_work(receipt_id=receipt.pk, works=works, actor=cast.actor("igor"), at=AT)
    assert Operation.objects.get().performed_at == AT


def test_it_is_recorded_on_what_the_screen_showed(cast: Cast) -> None:
    receipt = make_in_work(cast)
    with refused(StaleState, "receipts.changed_meanwhile", "version"):
        record_work(
            receipt_id=receipt.pk,
            works=[_work("assembly", cast.maxim)],
            expected={"version": receipt.version - 1},
            actor=cast.actor("igor"),
        )


def test_the_same_press_without_a_key_is_two_works(cast: Cast) -> None:
    receipt = make_in_work(cast)
    for _ in range(2):
        works = [_work("assembly", cast.maxim)]
        record_work(receipt_id=receipt.pk, works=works, actor=cast.actor("igor"))
    assert Operation.objects.count() == 2


class TestVoiding:
    def _recorded(self, cast: Cast) -> tuple[Receipt, int]:
        receipt = make_in_work(cast)
        works = [_work("assembly", cast.maxim)]
        done = record_work(receipt_id=receipt.pk, works=works, actor=cast.actor("igor"))
        return receipt, done.extra["operation_ids"][0]

    def test_with_the_reason(self, cast: Cast) -> None:
        receipt, pk = self._recorded(cast)
        void = {"receipt_id": receipt.pk, "operation_id": pk, "actor": cast.actor("anna")}
        with refused(RuleViolation, "text.required", "reason"):
            void_work(reason="", **void)
        with writes("receipt.work_voided") as events:
            void_work(reason="wrong watch", at=AT, **void)
        assert events[0].payload == {
            "operation_id": pk,
            "type": {"id": type_id("assembly"), "name": "Сборка"},
            "employee": {"id": cast.maxim.pk, "name": cast.maxim.short_name},
            "reason": "wrong watch",
        }
        row = Operation.objects.get()
        assert (row.voided_at, row.void_reason) == (AT, "wrong watch")
        assert list(Operation.objects.valid()) == []
        with refused(RuleViolation, "receipts.already_void", "operation"):
            void_work(reason="again", **void)

    def test_only_on_its_own_receipt(self, cast: Cast) -> None:
        _receipt, pk = self._recorded(cast)
        other = make_in_work(cast)
        with refused(NotFound, "receipts.no_such_work", "operation"):
            void_work(receipt_id=other.pk, operation_id=pk, reason="x", actor=cast.actor("igor"))

    def test_not_after_the_hand_over(self, cast: Cast) -> None:
        receipt = make_ready(cast)
        issue(receipt_id=receipt.pk, as_taken_in=True, actor=cast.actor("igor"))
        with refused(IllegalTransition, "receipts.impossible_now"):
            void_work(
                receipt_id=receipt.pk,
                operation_id=Operation.objects.get().pk,
                reason="x",
                actor=cast.actor("igor"),
            )

    def test_polishing_is_voided_with_its_order(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        order = make_polished(cast, receipt)
        assert order.operation_id is not None
        with refused(RuleViolation, "receipts.work_of_polishing", "operation"):
            void_work(
                receipt_id=receipt.pk,
                operation_id=order.operation_id,
                reason="x",
                actor=cast.actor("igor"),
            )


def test_a_waiver_once_and_void(cast: Cast) -> None:
    receipt = make_in_work(cast)
    reason = WaiverReason.objects.get(code="polishing_only")
    waive = {
        "receipt_id": receipt.pk,
        "type_id": type_id("assembly"),
        "reason_id": reason.pk,
        "actor": cast.actor("igor"),
    }
    with writes("receipt.work_waived") as events:
        outcome = waive_work(comment="only the clasp", **waive)
    pk = outcome.extra["waiver_id"]
    assert events[0].payload == {
        "waiver_id": pk,
        "type": {"id": type_id("assembly"), "name": "Сборка"},
        "reason": {"id": reason.pk, "name": reason.name},
        "comment": "only the clasp",
    }
    with refused(Duplicate, "receipts.already_waived", "type") as refusal:
        waive_work(**waive)
    assert refusal.value.existing_id == pk
    void = {"receipt_id": receipt.pk, "waiver_id": pk, "actor": cast.actor("igor")}
    with refused(RuleViolation, "text.required", "reason"):
        void_waiver(reason="", **void)
    with writes("receipt.waiver_voided") as events:
        void_waiver(reason="it was opened", **void)
    assert events[0].payload["reason"] == "it was opened"
    with refused(NotFound, "receipts.no_such_waiver", "waiver"):
        void_waiver(reason="x", **void)
    waive_work(**waive)
    assert Waiver.objects.valid().count() == 1
    with refused(RuleViolation, "receipts.work_not_required", "type"):
        waive_work(**waive | {"type_id": type_id("mechanism")})
    with refused(NotFound, "receipts.unknown_choice", "reason"):
        waive_work(**waive | {"reason_id": 10**9})


def test_who_probably_did_it(cast: Cast) -> None:
    receipt = make_in_work(cast)
    mechanism = OperationType.objects.get(code="mechanism")
    assert suggest_performer(receipt, mechanism) == cast.maxim
    assign(
        receipt_id=receipt.pk,
        master_id=cast.mark.pk,
        purpose_id=mechanism.pk,
        actor=cast.actor("igor"),
    )
    assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=cast.actor("igor"))
    receipt.refresh_from_db()
    assert suggest_performer(receipt, mechanism) == cast.mark
