"""Registering, renumbering and voiding receipts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receipts.models import Customer, Receipt, ReceiptNumber, Reminder
from receipts.projection import differences
from receipts.selectors import by_number, similar_open
from receipts.services.facts import add_comment
from receipts.services.flow import issue
from receipts.services.registration import register_receipt, renumber_receipt, void_receipt
from tests.cast import Cast, make_cast, make_ready, make_receipt
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
DAY = timedelta(days=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


class TestRegister:
    def test_only_the_number_is_needed(self, cast: Cast) -> None:
        with writes("receipt.registered") as events:
            outcome = register_receipt(number=" № 00–12а ", actor=cast.actor("igor"), at=AT)
        receipt = Receipt.objects.get()
        assert events[0].payload == {
            "number": "00-12а",
            "number_key": receipt.number_key,
            "similar_key": receipt.similar_key,
            "status_to": "received",
        }
        assert (events[0].stream, events[0].sequence) == (f"receipt:{receipt.pk}", 1)
        assert (receipt.number, receipt.status, receipt.version) == ("00-12а", "received", 1)
        assert (receipt.received_at, receipt.status_since) == (AT, AT)
        assert outcome.object == receipt
        assert receipt.public_token != receipt.label_token
        assert differences(receipt) == {}

    def test_all_of_it_in_one_command(self, cast: Cast) -> None:
        customer = Customer.objects.create(name="Ольга Чужая", phone="+79990000000")
        kinds = ("registered", "facts_changed", "deadline_changed", "urgency_changed")
        with writes(*(f"receipt.{kind}" for kind in kinds)) as events:
            outcome = register_receipt(
                number="7",
                deadline=AT + DAY,
                urgent=True,
                facts={"customer": customer.pk, "complaint": "stops"},
                actor=cast.actor("anna"),
                at=AT,
            )
        assert {event.command_id for event in events} == {outcome.command.pk}  # type: ignore[union-attr]
        assert (outcome.object.deadline, outcome.object.first_promise) == (AT + DAY, AT + DAY)
        assert (outcome.object.deadline_changes, outcome.object.deadline_version) == (0, 1)
        assert outcome.object.version == 4

    @pytest.mark.parametrize("same", ["a-12", "А-12", " №А–12", "a- 12"])
    def test_the_same_number_is_refused_and_named(self, cast: Cast, same: str) -> None:
        first = make_receipt(cast, "A-12")
        with refused(Duplicate, "receipts.number_taken", "number") as refusal:
            register_receipt(number=same, actor=cast.actor("ivan"))
        assert refusal.value.existing_id == first.pk
        assert "A-12" in refusal.value.text()
        assert cast.igor.short_name in refusal.value.text()

    def test_similar_is_not_equal(self, cast: Cast) -> None:
        first = make_receipt(cast, "00123")
        assert [row.pk for row in similar_open("123")] == [first.pk]
        register_receipt(number="123", actor=cast.actor("igor"))
        assert Receipt.objects.count() == 2

    @pytest.mark.parametrize("typed", ["D-1361", "l1361", "Д1361"])
    def test_another_alphabet_is_similar_too(self, cast: Cast, typed: str) -> None:
        first = make_receipt(cast, "Д-1361")
        assert [row.pk for row in similar_open(typed)] == [first.pk]

    def test_what_is_wrong_beside_the_number_takes_all_back(self, cast: Cast) -> None:
        cases: list[tuple[dict[str, Any], type[Any], str, str]] = [
            ({"number": " № "}, RuleViolation, "receipts.number_required", "number"),
            ({"number": "1\x00"}, RuleViolation, "receipts.number_invalid", "number"),
            ({"number": "1" * 33}, RuleViolation, "receipts.number_too_long", "number"),
            ({"deadline": AT}, RuleViolation, "receipts.deadline_in_past", "deadline"),
            ({"facts": {"customer": 10**9}}, NotFound, "receipts.unknown_choice", "customer"),
            ({"facts": {"status": "ready"}}, RuleViolation, "receipts.fact_unknown", "status"),
            ({"facts": {"links_count": -1}}, RuleViolation, "receipts.fact_invalid", "links_count"),
        ]
        for values, kind, code, field in cases:
            with refused(kind, code, field):
                register_receipt(**{"number": "7", "actor": cast.actor("igor"), "at": AT} | values)

    def test_who_may(self, cast: Cast) -> None:
        for who in ("maxim", "pavel", "boris"):
            with refused(NotAllowed, "access.not_allowed"):
                register_receipt(number="7", actor=cast.actor(who))


class TestRenumber:
    def test_the_old_one_stays_findable(self, cast: Cast) -> None:
        receipt = make_receipt(cast, "101")
        with writes("receipt.renumbered") as events:
            renumber_receipt(
                receipt_id=receipt.pk,
                number="110",
                reason="typed wrong",
                actor=cast.actor("igor"),
                at=AT,
            )
        assert events[0].payload == {
            "old": "101", "new": "110", "number_key": "110", "similar_key": "110",
            "reason": "typed wrong",
        }  # fmt: skip
        after = Receipt.objects.get()
        assert (after.number, after.label_outdated) == ("110", True)
        assert by_number("101") == by_number("110") == after
        assert differences(after) == {}
        earlier = ReceiptNumber.objects.get()
        assert (earlier.number, earlier.until) == ("101", AT)

    def test_the_number_is_free_for_another_and_wins_then(self, cast: Cast) -> None:
        receipt = make_receipt(cast, "101")
        igor = cast.actor("igor")
        renumber_receipt(receipt_id=receipt.pk, number="110", reason="x", actor=igor)
        other = make_receipt(cast, "101")
        assert by_number("101") == other
        with refused(Duplicate, "receipts.number_taken", "number") as refusal:
            renumber_receipt(receipt_id=receipt.pk, number="101", reason="back", actor=igor)
        assert refusal.value.existing_id == other.pk

    def test_the_spelling_alone(self, cast: Cast) -> None:
        receipt = make_receipt(cast, "a-1")
        igor = cast.actor("igor")
        with writes("receipt.renumbered"):
            renumber_receipt(receipt_id=receipt.pk, number="A-1", reason="x", actor=igor)
        with writes():
            renumber_receipt(receipt_id=receipt.pk, number="№ A-1", reason="x", actor=igor)

    def test_refusals(self, cast: Cast) -> None:
        receipt = make_receipt(cast, "101")
        igor = cast.actor("igor")
        with refused(RuleViolation, "text.required", "reason"):
            renumber_receipt(receipt_id=receipt.pk, number="110", reason="", actor=igor)
        with refused(RuleViolation, "receipts.number_required", "number"):
            renumber_receipt(receipt_id=receipt.pk, number="", reason="x", actor=igor)
        with refused(StaleState, "receipts.changed_meanwhile", "version"):
            renumber_receipt(
                receipt_id=receipt.pk, number="110", reason="x", expected={"version": 9},
                actor=igor,
            )  # fmt: skip
        ready = make_ready(cast)
        issue(receipt_id=ready.pk, as_taken_in=True, actor=igor)
        with refused(IllegalTransition, "receipts.impossible_now"):
            renumber_receipt(receipt_id=ready.pk, number="110", reason="x", actor=igor)


class TestVoid:
    def test_the_number_becomes_free_and_nothing_reminds_of_it(self, cast: Cast) -> None:
        receipt = register_receipt(
            number="101", deadline=AT + DAY, urgent=True, actor=cast.actor("igor"), at=AT
        ).object
        with writes("receipt.voided") as events:
            void_receipt(
                receipt_id=receipt.pk, reason="entered twice", actor=cast.actor("anna"), at=AT
            )
        assert events[0].payload == {"number": "101", "reason": "entered twice"}
        after = Receipt.objects.get()
        assert (after.voided_at, after.void_reason) == (AT, "entered twice")
        assert differences(after) == {}
        assert not Reminder.objects.filter(fate="planned").exists()
        assert by_number("101") is None
        assert not Receipt.objects.in_workshop().exists()
        assert not Receipt.objects.urgent_list().exists()
        register_receipt(number="101", actor=cast.actor("igor"))
        with refused(NotFound, "receipts.no_such_receipt", "receipt"):
            add_comment(receipt_id=receipt.pk, text="x", actor=cast.actor("igor"))

    def test_only_while_its_registration_stands_alone(self, cast: Cast) -> None:
        receipt = make_receipt(cast)
        add_comment(receipt_id=receipt.pk, text="x", actor=cast.actor("igor"))
        with refused(RuleViolation, "receipts.void_not_empty", "receipt"):
            void_receipt(receipt_id=receipt.pk, reason="x", actor=cast.actor("anna"))
        fresh = make_receipt(cast)
        with refused(RuleViolation, "text.required", "reason"):
            void_receipt(receipt_id=fresh.pk, reason="", actor=cast.actor("anna"))
        with refused(NotAllowed, "access.not_allowed"):
            void_receipt(receipt_id=fresh.pk, reason="x", actor=cast.actor("igor"))
