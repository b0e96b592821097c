"""Handing over, taking on and declining."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receipts.models import Assignment, Hold, HoldReason, Receipt, Reminder
from receipts.services.assignment import accept, assign, decline
from receipts.services.deadlines import change_deadline
from receipts.services.flow import hold, rework_order
from staff.services.people import set_active
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_ready,
    make_receipt,
    make_submitted,
    type_id,
)
from tests.domain.snapshot import refused, writes
from tests.domain.standing import standing
from workshop.lib.errors import (
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


def _ref(person: Any) -> dict[str, Any]:
    return {"id": person.pk, "name": person.short_name}


def test_the_first_hand_over(cast: Cast) -> None:
    receipt = make_receipt(cast, at=AT)
    with writes("receipt.assigned") as events:
        outcome = assign(
            receipt_id=receipt.pk,
            master_id=cast.maxim.pk,
            purpose_id=type_id("assembly"),
            reason=" he knows it ",
            actor=cast.actor("igor"),
            at=AT + HOUR,
        )
    row = Assignment.objects.get()
    assert events[0].payload == {
        "status_from": "received",
        "status_to": "in_work",
        "assignment_id": row.pk,
        "master": _ref(cast.maxim),
        "purpose": {"id": type_id("assembly"), "name": "Сборка"},
        "previous_master": None,
        "ended_assignment_id": None,
        "ended_hold_id": None,
        "accepted": True,
        "reason": "he knows it",
    }
    assert (events[0].stream, events[0].occurred_at) == (receipt.stream, AT + HOUR)
    assert (row.master_id, row.assigned_at, row.accepted_at) == (
        cast.maxim.pk, AT + HOUR, AT + HOUR,
    )  # fmt: skip
    after = Receipt.objects.get()
    assert (after.status, after.master_id, after.status_since) == (
        "in_work", cast.maxim.pk, AT + HOUR,
    )  # fmt: skip
    assert after.version == outcome.object.version == 2
    assert outcome.warnings == ()


def test_another_master_ends_the_first_hand_over_and_keeps_the_time_in_work(cast: Cast) -> None:
    receipt = make_in_work(cast, at=AT)
    with writes("receipt.assigned") as events:
        assign(
            receipt_id=receipt.pk, master_id=cast.mark.pk, actor=cast.actor("anna"), at=AT + HOUR
        )
    first, second = Assignment.objects.order_by("pk")
    assert events[0].payload["previous_master"] == _ref(cast.maxim)
    assert events[0].payload["ended_assignment_id"] == first.pk
    assert (first.ended_at, second.ended_at) == (AT + HOUR, None)
    after = Receipt.objects.get()
    assert (after.master_id, after.status_since) == (cast.mark.pk, AT)


def test_the_same_master_is_already_done_with_who_and_when(cast: Cast) -> None:
    receipt = make_in_work(cast, at=AT)
    with writes():
        outcome = assign(
            receipt_id=receipt.pk,
            master_id=cast.maxim.pk,
            expected={"status": "received"},
            actor=cast.actor("ivan"),
        )
    assert outcome.already is not None
    assert (outcome.already.who, outcome.already.when) == (cast.igor.short_name, AT)


def test_already_done_after_rework_names_who_ordered_it(cast: Cast) -> None:
    receipt = make_ready(cast, at=AT)
    rework_order(
        receipt_id=receipt.pk,
        master_id=cast.maxim.pk,
        reason="a wish",
        actor=cast.actor("anna"),
        at=AT + HOUR,
    )
    for service, more in ((assign, {"master_id": cast.maxim.pk}), (accept, {})):
        outcome: Any = service(  # type: ignore[operator]
            receipt_id=receipt.pk, actor=cast.actor("anna"), **more
        )
        assert (outcome.already.who, outcome.already.when) == (cast.anna.short_name, AT + HOUR)


def test_a_hold_ends_with_the_hand_over(cast: Cast) -> None:
    receipt = make_in_work(cast)
    reason = HoldReason.objects.get(code="parts").pk
    hold(receipt_id=receipt.pk, reason_id=reason, actor=cast.actor("igor"))
    with writes("receipt.assigned") as events:
        assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=cast.actor("igor"), at=AT)
    row = Hold.objects.get()
    assert (events[0].payload["ended_hold_id"], row.ended_at) == (row.pk, AT)


def test_a_missing_skill_warns_and_does_not_refuse(cast: Cast) -> None:
    receipt = make_receipt(cast)
    outcome = assign(
        receipt_id=receipt.pk,
        master_id=cast.maxim.pk,
        purpose_id=type_id("polishing"),
        actor=cast.actor("igor"),
    )
    assert outcome.warnings == ("master.skill_missing",)


def test_whom_a_watch_is_not_handed_to(cast: Cast) -> None:
    receipt = make_receipt(cast)
    igor = cast.actor("igor")
    for person in (cast.pavel, cast.igor, cast.boris):
        with refused(RuleViolation, "receipts.not_a_master", "master"):
            assign(receipt_id=receipt.pk, master_id=person.pk, actor=igor)
    set_active(employee_id=cast.mark.pk, active=False, actor=cast.actor("anna"))
    with refused(RuleViolation, "receipts.person_inactive", "master"):
        assign(receipt_id=receipt.pk, master_id=cast.mark.pk, actor=igor)
    with refused(NotFound, "staff.no_such_employee", "master"):
        assign(receipt_id=receipt.pk, master_id=10**9, actor=igor)
    with refused(NotFound, "receipts.unknown_choice", "purpose"):
        assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, purpose_id=10**9, actor=igor)
    with refused(NotFound, "receipts.no_such_receipt", "receipt"):
        assign(receipt_id=10**9, master_id=cast.maxim.pk, actor=igor)
    with refused(RuleViolation, "text.too_long", "reason"):
        assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, reason="x" * 501, actor=igor)
    with refused(RuleViolation, "text.control_characters", "reason"):
        assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, reason="a\0b", actor=igor)


@pytest.mark.parametrize("field", ["status", "master_id", "version"])
def test_what_the_screen_showed_is_no_longer_true(cast: Cast, field: str) -> None:
    receipt = make_receipt(cast)
    shown = {field: getattr(receipt, field)}
    assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=cast.actor("ivan"), at=AT)
    with refused(StaleState, "receipts.changed_meanwhile", field) as refusal:
        assign(
            receipt_id=receipt.pk,
            master_id=cast.mark.pk,
            expected=shown,
            actor=cast.actor("igor"),
        )
    text = refusal.value.text()
    assert cast.ivan.short_name in text
    assert cast.maxim.short_name in text
    assert "20.11.2026 12:30" in text


class TestSelfService:
    @pytest.fixture(autouse=True)
    def _on(self, settings: Any) -> None:
        settings.WORKSHOP_SELF_SERVICE = True

    def test_the_master_takes_it_on_once(self, cast: Cast) -> None:
        receipt = make_in_work(cast, at=AT)
        assert Assignment.objects.get().accepted_at is None
        with writes("receipt.accepted") as events:
            accept(receipt_id=receipt.pk, actor=cast.actor("maxim"), at=AT + HOUR)
        assert events[0].payload == {
            "status_from": "in_work",
            "status_to": "in_work",
            "assignment_id": Assignment.objects.get().pk,
            "master": _ref(cast.maxim),
        }
        assert Assignment.objects.get().accepted_at == AT + HOUR
        with writes():
            again = accept(receipt_id=receipt.pk, actor=cast.actor("anna"))
        assert again.already is not None
        assert (again.already.who, again.already.when) == (cast.maxim.short_name, AT + HOUR)

    def test_only_that_master_or_a_manager(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        for who in ("mark", "igor", "boris", "pavel"):
            with refused(NotAllowed, "access.not_allowed"):
                accept(receipt_id=receipt.pk, actor=cast.actor(who))
            with refused(NotAllowed, "access.not_allowed"):
                decline(receipt_id=receipt.pk, reason="no", actor=cast.actor(who))

    def test_who_was_deactivated_takes_nothing_on(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        set_active(employee_id=cast.maxim.pk, active=False, actor=cast.actor("anna"))
        cast.maxim.refresh_from_db()
        with refused(NotAllowed, "access.not_allowed"):
            accept(receipt_id=receipt.pk, actor=cast.actor("maxim"))

    def test_declining_brings_the_master_before_back(self, cast: Cast) -> None:
        receipt = make_in_work(cast, at=AT)
        assign(receipt_id=receipt.pk, master_id=cast.mark.pk, actor=cast.actor("igor"))
        with writes("receipt.declined") as events:
            decline(receipt_id=receipt.pk, reason="ill", actor=cast.actor("mark"), at=AT + HOUR)
        first, second = Assignment.objects.order_by("pk")
        assert (first.ended_at, second.declined_at, second.ended_at) == (
            None, AT + HOUR, AT + HOUR,
        )  # fmt: skip
        assert events[0].payload["restored_master"] == _ref(cast.maxim)
        assert Receipt.objects.get().master_id == cast.maxim.pk
        again = assign(receipt_id=receipt.pk, master_id=cast.maxim.pk, actor=cast.actor("igor"))
        assert again.already is not None
        assert again.already.when == AT, "the hand-over that stands, not the declined one"

    @pytest.mark.parametrize("start", ["received", "on_hold", "quality_control", "ready"])
    def test_declining_brings_the_status_before_back(self, cast: Cast, start: str) -> None:
        igor = cast.actor("igor")
        if start == "received":
            receipt = make_receipt(cast)
        elif start == "on_hold":
            receipt = make_receipt(cast)
            reason = HoldReason.objects.get(code="parts").pk
            hold(receipt_id=receipt.pk, reason_id=reason, actor=igor)
        else:
            receipt = make_ready(cast) if start == "ready" else make_submitted(cast)
        change_deadline(
            receipt_id=receipt.pk, deadline=datetime(2099, 1, 1, tzinfo=UTC), actor=igor
        )
        before = standing(receipt.pk)
        if start == "ready":
            rework_order(receipt_id=receipt.pk, master_id=cast.mark.pk, reason="a wish", actor=igor)
        else:
            assign(receipt_id=receipt.pk, master_id=cast.mark.pk, actor=igor)
        decline(receipt_id=receipt.pk, reason="ill", actor=cast.actor("mark"))
        after = standing(receipt.pk)
        assert after["receipt"] | {"status_since": None} == before["receipt"] | {
            "status_since": None
        }
        assert (after["Hold"], after["reminders"]) == (before["Hold"], before["reminders"])
        is_open = [row for row in after["Assignment"] if row["ended_at"] is None]
        assert is_open == [row for row in before["Assignment"] if row["ended_at"] is None]

    def test_what_is_accepted_is_not_declined(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        accept(receipt_id=receipt.pk, actor=cast.actor("maxim"))
        with refused(RuleViolation, "receipts.already_accepted", "receipt"):
            decline(receipt_id=receipt.pk, reason="ill", actor=cast.actor("maxim"))

    def test_a_reason_is_needed(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        with refused(RuleViolation, "text.required", "reason"):
            decline(receipt_id=receipt.pk, reason="  ", actor=cast.actor("maxim"))

    def test_polishing_goes_on_beside_it(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        order = make_order(cast, receipt)
        decline(receipt_id=receipt.pk, reason="ill", actor=cast.actor("maxim"))
        order.refresh_from_db()
        assert order.returned_at is None


def test_declining_an_impossible_status(cast: Cast) -> None:
    receipt = make_receipt(cast)
    with refused(IllegalTransition, "receipts.impossible_now"):
        decline(receipt_id=receipt.pk, reason="x", actor=cast.actor("anna"))
    assert Reminder.objects.count() == 0
