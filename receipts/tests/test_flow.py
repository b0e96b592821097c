"""Hold, resume, submit, rework order, refuse, reopen, issue."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from receipts.models import Assignment, Hold, HoldReason, Receipt, RefusalReason, Reminder
from receipts.services.assignment import assign
from receipts.services.deadlines import change_deadline
from receipts.services.flow import hold, issue, refuse, reopen, resume, rework_order, submit
from receipts.services.quality import pass_check
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_ready,
    make_receipt,
    make_submitted,
)
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import IllegalTransition, NotFound, RuleViolation, StaleState

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # a Friday, 12:30 in Moscow
HOUR = timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _hold_reason(code: str = "parts") -> int:
    return HoldReason.objects.get(code=code).pk


def _refusal() -> int:
    return RefusalReason.objects.get(code="price").pk


class TestHold:
    def test_until_a_day(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        with writes("receipt.held") as events:
            hold(
                receipt_id=receipt.pk,
                reason_id=_hold_reason("incident"),
                expected_on=date(2026, 11, 20),
                comment="dropped",
                actor=cast.actor("igor"),
                at=AT,
            )
        row = Hold.objects.get()
        assert events[0].payload == {
            "status_from": "in_work",
            "status_to": "on_hold",
            "hold_id": row.pk,
            "reason": {"id": _hold_reason("incident"), "name": "Происшествие"},
            "comment": "dropped",
            "expected_on": "2026-11-20",
            "is_incident": True,
        }
        assert (row.status_before, row.ask_again_on, row.ended_at) == ("in_work", None, None)
        assert Assignment.objects.get().ended_at is None

    def test_unknown_asks_again_in_seven_days(self, cast: Cast) -> None:
        receipt = make_receipt(cast)
        # 23:30 in Moscow is still the 20th there.
        late = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
        hold(receipt_id=receipt.pk, reason_id=_hold_reason(), actor=cast.actor("igor"), at=late)
        row = Hold.objects.get()
        assert (row.expected_on, row.ask_again_on) == (None, date(2026, 11, 27))

    def test_refusals(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        igor = cast.actor("igor")
        with refused(RuleViolation, "receipts.hold_in_past", "expected_on"):
            hold(
                receipt_id=receipt.pk,
                reason_id=_hold_reason(),
                expected_on=date(2026, 11, 19),
                actor=igor,
                at=AT,
            )
        with refused(NotFound, "receipts.unknown_choice", "reason"):
            hold(receipt_id=receipt.pk, reason_id=10**9, actor=igor)
        HoldReason.objects.filter(code="parts").update(active=False)
        with refused(NotFound, "receipts.unknown_choice", "reason"):
            hold(receipt_id=receipt.pk, reason_id=_hold_reason(), actor=igor)
        with refused(StaleState, "receipts.changed_meanwhile", "status"):
            hold(
                receipt_id=receipt.pk,
                reason_id=_hold_reason("payment"),
                expected={"status": "received"},
                actor=igor,
            )

    @pytest.mark.parametrize("before", ["received", "in_work", "quality_control"])
    def test_resuming_goes_back_to_where_it_was(self, cast: Cast, before: str) -> None:
        make = {
            "received": make_receipt, "in_work": make_in_work, "quality_control": make_submitted,
        }[before]  # fmt: skip
        receipt: Any = make(cast)  # type: ignore[operator]
        igor = cast.actor("igor")
        hold(receipt_id=receipt.pk, reason_id=_hold_reason(), actor=igor)
        with writes("receipt.resumed") as events:
            resume(receipt_id=receipt.pk, actor=igor, at=AT)
        row = Hold.objects.get()
        assert events[0].payload == {
            "status_from": "on_hold", "status_to": before, "hold_id": row.pk,
        }  # fmt: skip
        assert (row.ended_at, Receipt.objects.get().status) == (AT, before)
        with writes():
            again = resume(receipt_id=receipt.pk, actor=cast.actor("ivan"))
        assert again.already is not None
        assert (again.already.who, again.already.when) == (cast.igor.short_name, AT)

    def test_what_never_waited_is_not_resumed(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        with refused(IllegalTransition, "receipts.impossible_now"):
            resume(receipt_id=receipt.pk, actor=cast.actor("igor"))

    def test_a_second_hold_is_a_row_of_its_own(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        igor = cast.actor("igor")
        for _ in range(2):
            hold(receipt_id=receipt.pk, reason_id=_hold_reason(), actor=igor)
            resume(receipt_id=receipt.pk, actor=igor)
        assert Hold.objects.filter(ended_at__isnull=False).count() == 2


class TestSubmit:
    def test_the_assignment_stays_open(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        with writes("receipt.submitted") as events:
            submit(receipt_id=receipt.pk, actor=cast.actor("igor"), at=AT)
        assert events[0].payload == {"status_from": "in_work", "status_to": "quality_control"}
        after = Receipt.objects.get()
        assert (after.master_id, after.status_since) == (cast.maxim.pk, AT)
        assert Assignment.objects.get().ended_at is None
        again = submit(receipt_id=receipt.pk, actor=cast.actor("ivan"))
        assert again.already is not None
        assert (again.already.who, again.already.when) == (cast.igor.short_name, AT)

    def test_without_a_master_too(self, cast: Cast) -> None:
        receipt = make_receipt(cast)
        submit(receipt_id=receipt.pk, actor=cast.actor("igor"))
        assert Receipt.objects.get().status == "quality_control"


class TestReworkOrder:
    def test_no_return_and_reminders_planned_again(self, cast: Cast) -> None:
        receipt = make_ready(cast)
        igor = cast.actor("igor")
        change_deadline(receipt_id=receipt.pk, deadline=AT + timedelta(days=3), actor=igor, at=AT)
        assert Reminder.objects.filter(fate="planned").count() == 0
        with writes("receipt.rework_ordered") as events:
            rework_order(
                receipt_id=receipt.pk,
                master_id=cast.mark.pk,
                reason="forgot the date",
                actor=igor,
                at=AT,
            )
        row = Assignment.objects.latest("pk")
        assert events[0].payload == {
            "status_from": "ready",
            "status_to": "in_work",
            "assignment_id": row.pk,
            "master": {"id": cast.mark.pk, "name": cast.mark.short_name},
            "reason": "forgot the date",
        }
        assert receipt.returns.count() == 0
        assert Reminder.objects.filter(fate="planned").count() == 3

    def test_refusals(self, cast: Cast) -> None:
        receipt = make_ready(cast)
        igor = cast.actor("igor")
        with refused(RuleViolation, "text.required", "reason"):
            rework_order(receipt_id=receipt.pk, master_id=cast.mark.pk, reason="", actor=igor)
        with refused(RuleViolation, "receipts.not_a_master", "master"):
            rework_order(receipt_id=receipt.pk, master_id=cast.pavel.pk, reason="x", actor=igor)


class TestRefuseAndReopen:
    def test_everything_open_stays_open(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        order = make_order(cast, receipt)
        igor = cast.actor("igor")
        change_deadline(receipt_id=receipt.pk, deadline=AT + timedelta(days=3), actor=igor, at=AT)
        with writes("receipt.refused") as events:
            refuse(receipt_id=receipt.pk, reason_id=_refusal(), comment="dear", actor=igor, at=AT)
        assert events[0].payload == {
            "status_from": "in_work",
            "status_to": "refused",
            "reason": {"id": _refusal(), "name": "Клиент не согласен с ценой"},
            "comment": "dear",
            "ended_hold_id": None,
        }
        order.refresh_from_db()
        assert (Assignment.objects.get().ended_at, order.returned_at) == (None, None)
        assert Reminder.objects.filter(fate="planned").count() == 0
        assert Receipt.objects.in_workshop().filter(pk=receipt.pk).exists()
        assert not Receipt.objects.urgent_list().filter(pk=receipt.pk).exists()
        with refused(RuleViolation, "receipts.part_detached", "parts"):
            issue(receipt_id=receipt.pk, as_taken_in=True, actor=igor)

    def test_a_hold_ends_with_the_refusal(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        igor = cast.actor("igor")
        hold(receipt_id=receipt.pk, reason_id=_hold_reason(), actor=igor)
        refuse(receipt_id=receipt.pk, reason_id=_refusal(), actor=igor, at=AT)
        assert Hold.objects.get().ended_at == AT

    @pytest.mark.parametrize(("has_master", "status"), [(True, "in_work"), (False, "received")])
    def test_reopened_at_its_master_or_received(
        self, cast: Cast, has_master: bool, status: str
    ) -> None:
        receipt = make_in_work(cast) if has_master else make_receipt(cast)
        igor = cast.actor("igor")
        change_deadline(receipt_id=receipt.pk, deadline=AT + timedelta(days=3), actor=igor, at=AT)
        refuse(receipt_id=receipt.pk, reason_id=_refusal(), actor=igor, at=AT)
        with writes("receipt.reopened") as events:
            reopen(receipt_id=receipt.pk, reason="agreed", actor=igor, at=AT)
        assert events[0].payload == {
            "status_from": "refused", "status_to": status, "reason": "agreed",
        }  # fmt: skip
        assert Receipt.objects.get().status == status
        assert Reminder.objects.filter(fate="planned").count() == 3

    def test_a_refused_ready_watch_has_no_master_any_more(self, cast: Cast) -> None:
        receipt = make_ready(cast)
        igor = cast.actor("igor")
        refuse(receipt_id=receipt.pk, reason_id=_refusal(), actor=igor)
        reopen(receipt_id=receipt.pk, reason="agreed", actor=igor)
        assert Receipt.objects.get().status == "received"

    def test_a_reason_is_needed_to_reopen(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        igor = cast.actor("igor")
        refuse(receipt_id=receipt.pk, reason_id=_refusal(), actor=igor)
        with refused(RuleViolation, "text.required", "reason"):
            reopen(receipt_id=receipt.pk, reason=" ", actor=igor)
        with writes():
            again = refuse(receipt_id=receipt.pk, reason_id=_refusal(), actor=cast.actor("anna"))
        assert again.already is not None
        assert again.already.who == cast.igor.short_name


class TestIssue:
    def test_as_taken_in(self, cast: Cast) -> None:
        receipt = make_ready(cast)
        with writes("receipt.issued") as events:
            issue(
                receipt_id=receipt.pk,
                received_by="Ольга Чужая",
                as_taken_in=True,
                actor=cast.actor("igor"),
                at=AT,
            )
        assert events[0].payload == {
            "status_from": "ready",
            "status_to": "issued",
            "ended_assignment_id": None,
            "difference_explained": False,
        }
        after = Receipt.objects.get()
        assert (after.issued_at, after.received_by, after.master_id) == (AT, "Ольга Чужая", None)
        assert not Receipt.objects.in_workshop().exists()
        again = issue(receipt_id=receipt.pk, actor=cast.actor("ivan"))
        assert again.already is not None
        assert (again.already.who, again.already.when) == (cast.igor.short_name, AT)

    def test_a_difference_is_explained_or_nothing_is_handed_out(self, cast: Cast) -> None:
        receipt = make_ready(cast)
        igor = cast.actor("igor")
        with refused(RuleViolation, "receipts.completeness_unchecked", "difference"):
            issue(receipt_id=receipt.pk, actor=igor)
        with writes("receipt.issued") as events:
            issue(receipt_id=receipt.pk, difference="one link less", actor=igor)
        assert events[0].payload["difference_explained"] is True
        assert Receipt.objects.get().issue_difference == "one link less"

    def test_a_refused_one_ends_its_assignment(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        igor = cast.actor("igor")
        refuse(receipt_id=receipt.pk, reason_id=_refusal(), actor=igor)
        with writes("receipt.issued") as events:
            issue(receipt_id=receipt.pk, as_taken_in=True, actor=igor, at=AT)
        row = Assignment.objects.get()
        assert (events[0].payload["ended_assignment_id"], row.ended_at) == (row.pk, AT)

    def test_not_while_a_part_is_away(self, cast: Cast) -> None:
        receipt = make_ready(cast)
        make_order(cast, receipt)
        with refused(RuleViolation, "receipts.part_detached", "parts") as refusal:
            issue(receipt_id=receipt.pk, as_taken_in=True, actor=cast.actor("igor"))
        assert cast.pavel.short_name in refusal.value.text()

    def test_after_it_nothing_is_assigned_or_passed(self, cast: Cast) -> None:
        receipt = make_ready(cast)
        igor = cast.actor("igor")
        issue(receipt_id=receipt.pk, as_taken_in=True, actor=igor)
        with refused(IllegalTransition, "receipts.impossible_now") as refusal:
            assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=igor)
        assert refusal.value.allowed == ("void_decision",)
        with refused(IllegalTransition, "receipts.impossible_now"):
            pass_check(receipt_id=receipt.pk, actor=igor)
