"""Rounds at a polisher: sent, taken back, corrected, voided; any number of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from polishing.models import PolishingOrder
from polishing.selectors import default_metal, earlier_rounds, loads, open_orders
from polishing.services.batches import open_batch
from polishing.services.orders import (
    correct_order,
    reopen_order,
    send_to_polishing,
    take_back,
    void_order,
)
from receipts.models import DetachedPart, Metal, Operation, OperationType, Receipt
from receipts.selectors import places
from receipts.services.catalogue import save_catalogue_row
from receipts.services.facts import edit_facts
from receipts.services.flow import issue
from receipts.services.returns import ItemInput, return_watch
from staff.services.people import change_roles, set_active
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_polished,
    make_ready,
    make_receipt,
    make_submitted,
    reason_id,
    type_id,
)
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import (
    Duplicate,
    IllegalTransition,
    NotAllowed,
    NotFound,
    RuleViolation,
    StaleState,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _send(cast: Cast, receipt: Receipt, **more: Any) -> Any:
    values = {"polisher_id": cast.pavel.pk, "actor": cast.actor("igor")} | more
    return send_to_polishing(receipt_id=receipt.pk, **values)


def _second_polisher(cast: Cast) -> None:
    anna = cast.actor("anna")
    change_roles(employee_id=cast.mark.pk, roles=["master", "polisher"], actor=anna)
    cast.mark.refresh_from_db()


class TestSend:
    def test_the_parts_leave_and_the_status_stays(self, cast: Cast) -> None:
        receipt = make_in_work(cast, at=AT)
        steel = Metal.objects.get(code="steel")
        with writes("receipt.polishing_sent") as events:
            _send(
                cast, receipt, bracelet=True, metal_id=steel.pk, difficult=True,
                comment="deep scratch", sent_at=AT + HOUR, at=AT + 2 * HOUR,
            )  # fmt: skip
        order = PolishingOrder.objects.get()
        assert events[0].payload == {
            "order_id": order.pk,
            "polisher": {"id": cast.pavel.pk, "name": cast.pavel.short_name},
            "parts": ["case", "bracelet"],
            "metal": {"id": steel.pk, "name": "Сталь"},
            "difficult": True,
            "sent_at": "2026-11-20T10:30:00.000000Z",
            "batch": None,
            "comment": "deep scratch",
            "allowed_by": "",
        }
        after = Receipt.objects.get()
        assert (after.status, after.master_id, after.version) == (
            "in_work", cast.maxim.pk, events[0].sequence,
        )  # fmt: skip
        told = [(place.who, place.since) for place in places(after)]
        assert told == [
            (cast.maxim.short_name, AT),
            (cast.pavel.short_name, AT + HOUR),
            (cast.pavel.short_name, AT + HOUR),
        ]

    def test_one_open_round_per_part(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        _send(cast, receipt, case=False, bracelet=True)
        with refused(Duplicate, "receipts.part_away", "parts") as refusal:
            _send(cast, receipt, bracelet=True)
        assert refusal.value.existing_id == DetachedPart.objects.get().pk
        told = refusal.value.text()
        assert cast.igor.short_name in told
        assert cast.pavel.short_name in told
        _send(cast, receipt)
        assert PolishingOrder.objects.open().count() == 2

    def test_any_number_of_rounds(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        for _ in range(3):
            make_polished(cast, receipt)
        assert earlier_rounds(receipt).count() == 3
        assert Operation.objects.filter(by_polishing=True).count() == 3

    def test_do_not_polish_asks_who_allowed_it(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        edit_facts(receipt_id=receipt.pk, facts={"do_not_polish": True}, actor=cast.actor("igor"))
        with refused(RuleViolation, "polishing.do_not_polish", "allowed_by"):
            _send(cast, receipt, allowed_by="  ")
        with writes("receipt.polishing_sent") as events:
            _send(cast, receipt, allowed_by="Анна")
        assert events[0].payload["allowed_by"] == "Анна"

    def test_refusals(self, cast: Cast) -> None:
        receipt = make_in_work(cast, at=AT)
        cases: list[tuple[dict[str, Any], type[Any], str, str]] = [
            ({"case": False}, RuleViolation, "polishing.no_part", "parts"),
            (
                {"polisher_id": cast.maxim.pk},
                RuleViolation,
                "polishing.not_a_polisher",
                "polisher",
            ),
            ({"polisher_id": 10**9}, NotFound, "staff.no_such_employee", "polisher"),
            ({"metal_id": 10**9}, NotFound, "receipts.unknown_choice", "metal"),
            ({"batch_id": 10**9}, NotFound, "polishing.no_such_batch", "batch"),
            ({"sent_at": AT - HOUR}, RuleViolation, "receipts.before_receipt", "sent_at"),
            ({"sent_at": AT + 2 * HOUR}, RuleViolation, "receipts.in_future", "sent_at"),
            (
                {"expected": {"status": "received"}},
                StaleState,
                "receipts.changed_meanwhile",
                "status",
            ),
            ({"actor": cast.actor("pavel")}, NotAllowed, "access.not_allowed", ""),
        ]
        for values, kind, code, field in cases:
            with refused(kind, code, field):
                _send(cast, receipt, **{"at": AT + HOUR} | values)
        set_active(employee_id=cast.pavel.pk, active=False, actor=cast.actor("anna"))
        with refused(RuleViolation, "receipts.person_inactive", "polisher"):
            _send(cast, receipt)


class TestTakeBack:
    def test_done_records_the_work_of_who_polished(self, cast: Cast) -> None:
        receipt = make_in_work(cast, at=AT)
        order = make_order(cast, receipt, at=AT + HOUR)
        with writes("receipt.work_recorded", "receipt.polishing_taken_back") as events:
            take_back(
                order_id=order.pk,
                returned_at=AT + 2 * HOUR,
                actor=cast.actor("ivan"),
                at=AT + 3 * HOUR,
            )
        order.refresh_from_db()
        row = Operation.objects.get()
        assert (row.type_id, row.employee_id, row.performed_at, row.by_polishing) == (
            type_id("polishing"), cast.pavel.pk, AT + 2 * HOUR, True,
        )  # fmt: skip
        assert (order.result, order.returned_at, order.polished_by_id, order.operation_id) == (
            "done", AT + 2 * HOUR, cast.pavel.pk, row.pk,
        )  # fmt: skip
        assert events[1].payload == {
            "order_id": order.pk,
            "polisher": {"id": cast.pavel.pk, "name": cast.pavel.short_name},
            "polished_by": {"id": cast.pavel.pk, "name": cast.pavel.short_name},
            "parts": ["case"],
            "done": True,
            "reason": "",
            "operation_id": row.pk,
        }
        assert not DetachedPart.objects.filter(until__isnull=True).exists()
        with writes():
            again = take_back(order_id=order.pk, actor=cast.actor("igor"))
        assert again.already is not None
        assert (again.already.who, again.already.when) == (cast.ivan.short_name, AT + 3 * HOUR)

    def test_somebody_else_polished(self, cast: Cast) -> None:
        order = make_order(cast, make_in_work(cast))
        take_back(order_id=order.pk, polished_by_id=cast.mark.pk, actor=cast.actor("igor"))
        order.refresh_from_db()
        assert (order.polisher_id, order.polished_by_id) == (cast.pavel.pk, cast.mark.pk)
        assert Operation.objects.get().employee_id == cast.mark.pk

    def test_without_work_records_none(self, cast: Cast) -> None:
        order = make_order(cast, make_in_work(cast))
        igor = cast.actor("igor")
        with refused(RuleViolation, "text.required", "reason"):
            take_back(order_id=order.pk, done=False, actor=igor)
        with writes("receipt.polishing_taken_back") as events:
            take_back(order_id=order.pk, done=False, reason="plated", actor=igor)
        assert (events[0].payload["done"], events[0].payload["reason"]) == (False, "plated")
        order.refresh_from_db()
        assert (order.result, order.polished_by, order.operation) == ("without_work", None, None)
        assert Operation.objects.count() == 0

    @pytest.mark.parametrize("make", [make_ready, make_submitted, make_receipt])
    def test_in_any_status(self, cast: Cast, make: Any) -> None:
        receipt = make(cast)
        order = make_order(cast, receipt)
        take_back(order_id=order.pk, actor=cast.actor("igor"))
        order.refresh_from_db()
        assert order.returned_at is not None

    def test_refusals(self, cast: Cast) -> None:
        receipt = make_in_work(cast, at=AT)
        order = make_order(cast, receipt, at=AT + HOUR)
        igor = cast.actor("igor")
        take = {"order_id": order.pk, "actor": igor, "at": AT + 2 * HOUR}
        with refused(RuleViolation, "polishing.back_before_sent", "returned_at"):
            take_back(returned_at=AT + HOUR / 2, **take)
        with refused(RuleViolation, "receipts.in_future", "returned_at"):
            take_back(returned_at=AT + 3 * HOUR, **take)
        with refused(NotFound, "staff.no_such_employee", "polished_by"):
            take_back(polished_by_id=10**9, **take)
        with refused(NotFound, "polishing.no_such_order", "order"):
            take_back(order_id=10**9, actor=igor)
        with refused(NotAllowed, "access.not_allowed", ""):
            take_back(order_id=order.pk, actor=cast.actor("pavel"))
        void_order(order_id=order.pk, reason="wrong", actor=igor)
        with refused(RuleViolation, "receipts.already_void", "order"):
            take_back(**take)

    def test_another_type_of_work_takes_over(self, cast: Cast) -> None:
        """Law 6: which work polishing records is a row of the catalogue."""
        anna = cast.actor("anna")
        order = make_order(cast, make_in_work(cast))
        catalogue = "receipts.OperationType"
        save_catalogue_row(
            catalogue=catalogue, row_id=type_id("polishing"), values={"active": False}, actor=anna
        )
        with refused(RuleViolation, "polishing.no_polishing_type", "type"):
            take_back(order_id=order.pk, actor=anna)
        values = {"code": "lapping", "name": "Лапирование", "recorded_by_polishing": True}
        save_catalogue_row(catalogue=catalogue, values=values, actor=anna)
        take_back(order_id=order.pk, actor=anna)
        assert Operation.objects.get().type == OperationType.objects.get(code="lapping")


class TestReopen:
    def test_the_parts_are_away_again_and_the_work_is_void(self, cast: Cast) -> None:
        receipt = make_in_work(cast, at=AT)
        order = make_polished(cast, receipt, at=AT + HOUR)
        igor = cast.actor("igor")
        with refused(RuleViolation, "text.required", "reason"):
            reopen_order(order_id=order.pk, reason="", actor=igor)
        with writes("receipt.work_voided", "receipt.polishing_reopened") as events:
            reopen_order(order_id=order.pk, reason="another watch", actor=igor)
        assert events[1].payload["reason"] == "another watch"
        order.refresh_from_db()
        assert (order.returned_at, order.result, order.polished_by, order.operation) == (
            None, None, None, None,
        )  # fmt: skip
        away = DetachedPart.objects.get(until__isnull=True)
        assert (away.holder, away.since) == (cast.pavel, AT + HOUR)
        assert Operation.objects.get().is_void
        with refused(RuleViolation, "polishing.not_back", "order"):
            reopen_order(order_id=order.pk, reason="x", actor=igor)
        take_back(order_id=order.pk, actor=igor)
        assert Operation.objects.valid().count() == 1

    def test_not_when_the_part_went_out_again(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        order = make_polished(cast, receipt)
        make_order(cast, receipt)
        with refused(Duplicate, "receipts.part_away", "parts"):
            reopen_order(order_id=order.pk, reason="x", actor=cast.actor("igor"))

    def test_not_when_the_work_is_blamed(self, cast: Cast) -> None:
        receipt = make_submitted(cast)
        order = make_polished(cast, receipt)
        items = [ItemInput(reason_id("polishing"), "person", cast.pavel.pk)]
        return_watch(receipt_id=receipt.pk, items=items, actor=cast.actor("igor"))
        for service in (reopen_order, void_order):
            with refused(RuleViolation, "receipts.work_blamed", "operation"):
                service(order_id=order.pk, reason="x", actor=cast.actor("igor"))

    def test_not_after_the_hand_over(self, cast: Cast) -> None:
        receipt = make_ready(cast)
        order = make_polished(cast, receipt)
        igor = cast.actor("igor")
        issue(receipt_id=receipt.pk, as_taken_in=True, actor=igor)
        for service in (reopen_order, void_order):
            with refused(IllegalTransition, "receipts.impossible_now"):
                service(order_id=order.pk, reason="x", actor=igor)


class TestVoid:
    def test_an_open_one_closes(self, cast: Cast) -> None:
        order = make_order(cast, make_in_work(cast))
        igor = cast.actor("igor")
        with refused(RuleViolation, "text.required", "reason"):
            void_order(order_id=order.pk, reason=" ", actor=igor)
        with writes("receipt.polishing_voided") as events:
            void_order(order_id=order.pk, reason="never sent", actor=igor, at=AT)
        assert (events[0].payload["was_open"], events[0].payload["reason"]) == (True, "never sent")
        order.refresh_from_db()
        assert (order.voided_at, order.void_reason) == (AT, "never sent")
        assert not DetachedPart.objects.filter(until__isnull=True).exists()
        assert list(open_orders()) == []
        assert [load.open for load in loads()] == [0]
        with refused(RuleViolation, "receipts.already_void", "order"):
            void_order(order_id=order.pk, reason="again", actor=igor)

    def test_a_finished_one_takes_its_work_along(self, cast: Cast) -> None:
        order = make_polished(cast, make_in_work(cast))
        with writes("receipt.work_voided", "receipt.polishing_voided") as events:
            void_order(order_id=order.pk, reason="wrong", actor=cast.actor("igor"))
        assert events[1].payload["was_open"] is False
        assert Operation.objects.valid().count() == 0

    def test_a_finished_one_leaves_a_later_open_one_away(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        order = make_polished(cast, receipt)
        make_order(cast, receipt)
        void_order(order_id=order.pk, reason="wrong", actor=cast.actor("igor"))
        assert DetachedPart.objects.filter(until__isnull=True).count() == 1


class TestCorrect:
    def _correct(self, cast: Cast, order: PolishingOrder, **changes: Any) -> Any:
        return correct_order(
            order_id=order.pk, changes=changes, reason="typed wrong", actor=cast.actor("igor")
        )

    def test_old_and_new_in_words(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        order = make_order(cast, receipt)
        steel = Metal.objects.get(code="steel")
        with writes("receipt.polishing_corrected") as events:
            self._correct(cast, order, metal=steel.pk, difficult=True, comment="polish lightly")
        assert events[0].payload == {
            "order_id": order.pk,
            "changes": {
                "metal": ["", "Сталь"], "difficult": ["−", "+"], "comment": ["", "polish lightly"],
            },
            "reason": "typed wrong",
        }  # fmt: skip
        assert default_metal(receipt) == steel
        with writes():
            self._correct(cast, order, metal=steel.pk)

    def test_where_the_parts_are_follows(self, cast: Cast) -> None:
        receipt = make_in_work(cast, at=AT)
        order = make_order(cast, receipt, at=AT + 2 * HOUR)
        self._correct(cast, order, sent_at=AT + HOUR)
        away = DetachedPart.objects.get(until__isnull=True)
        assert (away.holder, away.since) == (cast.pavel, AT + HOUR)
        _second_polisher(cast)
        self._correct(cast, order, polisher=cast.mark.pk)
        assert DetachedPart.objects.get(until__isnull=True).holder == cast.mark
        order.refresh_from_db()
        take_back(order_id=order.pk, actor=cast.actor("igor"))
        assert Operation.objects.get().employee == cast.mark

    def test_who_polished_is_another_work(self, cast: Cast) -> None:
        order = make_polished(cast, make_in_work(cast, at=AT), at=AT + HOUR)
        kinds = ("work_voided", "work_recorded", "polishing_corrected")
        with writes(*(f"receipt.{kind}" for kind in kinds)):
            self._correct(cast, order, polished_by=cast.mark.pk)
        order.refresh_from_db()
        row = Operation.objects.valid().get()
        assert (row.employee_id, row.performed_at, order.operation_id) == (
            cast.mark.pk, AT + HOUR, row.pk,
        )  # fmt: skip

    def test_a_batch_keeps_to_its_polisher(self, cast: Cast) -> None:
        _second_polisher(cast)
        igor = cast.actor("igor")
        batch = open_batch(polisher_id=cast.pavel.pk, actor=igor).object
        order = _send(cast, make_in_work(cast), batch_id=batch.pk).object
        with refused(RuleViolation, "polishing.batch_of_another", "batch"):
            self._correct(cast, order, polisher=cast.mark.pk)

    def test_refusals(self, cast: Cast) -> None:
        order = make_polished(cast, make_in_work(cast, at=AT), at=AT + HOUR)
        is_out = make_order(cast, make_in_work(cast))
        cases: list[tuple[PolishingOrder, dict[str, Any], type[Any], str, str]] = [
            (
                order,
                {"sent_at": AT + 2 * HOUR},
                RuleViolation,
                "polishing.back_before_sent",
                "sent_at",
            ),
            (order, {"sent_at": AT - HOUR}, RuleViolation, "receipts.before_receipt", "sent_at"),
            (order, {"result": "done"}, RuleViolation, "receipts.fact_unknown", "result"),
            (
                order,
                {"polisher": cast.maxim.pk},
                RuleViolation,
                "polishing.not_a_polisher",
                "polisher",
            ),
            (
                is_out,
                {"polished_by": cast.mark.pk},
                RuleViolation,
                "polishing.not_back",
                "polished_by",
            ),
        ]
        for row, changes, kind, code, field in cases:
            with refused(kind, code, field):
                self._correct(cast, row, **changes)
        with refused(RuleViolation, "text.required", "reason"):
            correct_order(
                order_id=order.pk, changes={"difficult": True}, reason="", actor=cast.actor("igor")
            )
