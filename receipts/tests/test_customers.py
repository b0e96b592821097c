"""Customers: hints and merging, erasing, and no personal data in the record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from history.models import Command, Event
from receipts.models import Customer, Receipt
from receipts.services.customers import (
    change_customer,
    create_customer,
    erase_customer,
    merge_customers,
)
from receipts.services.facts import edit_facts
from receipts.services.flow import issue
from tests.cast import Cast, make_cast, make_ready, make_receipt
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def _make(cast: Cast, name: str = "Ольга Чужая", phone: str = "8 (999) 000-00-00") -> Customer:
    return create_customer(
        name=name, phone=phone, note="likes tea", actor=cast.actor("igor")
    ).object


def test_added_with_a_number_that_is_known_already(cast: Cast) -> None:
    with writes("customer.added") as events:
        first = _make(cast)
    assert events[0].payload == {"customer_id": first.pk}
    assert (events[0].stream, first.phone) == (f"customer:{first.pk}", "+79990000000")
    assert _make(cast).phone == first.phone, "two people may share a phone"


def test_changed_fields_are_named_their_values_are_not(cast: Cast) -> None:
    customer = _make(cast)
    with writes("customer.changed") as events:
        change_customer(
            customer_id=customer.pk,
            values={"name": "Ольга Иная", "phone": customer.phone, "note": "coffee"},
            actor=cast.actor("igor"),
        )
    assert events[0].payload == {"customer_id": customer.pk, "fields": ["name", "note"]}


def test_refusals(cast: Cast) -> None:
    customer = _make(cast)
    igor = cast.actor("igor")
    with refused(RuleViolation, "receipts.customer_empty", "customer"):
        create_customer(note="nobody", actor=igor)
    with refused(RuleViolation, "receipts.fact_unknown", "erased_at"):
        change_customer(customer_id=customer.pk, values={"erased_at": "x"}, actor=igor)
    with refused(NotFound, "receipts.no_such_customer", "customer"):
        change_customer(customer_id=10**9, values={}, actor=igor)
    with refused(RuleViolation, "receipts.merge_self", "customer"):
        merge_customers(kept_id=customer.pk, merged_id=customer.pk, actor=cast.actor("anna"))
    with refused(NotAllowed, "access.not_allowed"):
        create_customer(name="x", actor=cast.actor("maxim"))
    with refused(NotAllowed, "access.not_allowed"):
        erase_customer(customer_id=customer.pk, actor=igor)
    with refused(NotAllowed, "access.not_allowed"):
        merge_customers(kept_id=customer.pk, merged_id=_make(cast).pk, actor=igor)


def _of(cast: Cast, customer: Customer) -> Receipt:
    receipt = make_receipt(cast)
    edit_facts(receipt_id=receipt.pk, facts={"customer": customer.pk}, actor=cast.actor("igor"))
    return receipt


def test_merged_receipts_follow_with_an_event_each(cast: Cast) -> None:
    kept, merged = _make(cast), _make(cast)
    receipts = [_of(cast, merged) for _ in range(2)]
    kinds = ["receipt.facts_changed"] * 2 + ["customer.merged"] * 2
    with writes(*kinds) as events:
        merge_customers(kept_id=kept.pk, merged_id=merged.pk, actor=cast.actor("anna"))
    assert set(Receipt.objects.values_list("customer_id", flat=True)) == {kept.pk}
    assert {event.stream for event in events[2:]} == {kept.stream, merged.stream}
    assert events[2].payload["receipts"] == [row.pk for row in receipts]
    merged.refresh_from_db()
    assert merged.merged_into == kept


def test_what_is_merged_is_not_used_again(cast: Cast) -> None:
    anna = cast.actor("anna")
    kept, merged, third = _make(cast), _make(cast), _make(cast)
    merge_customers(kept_id=kept.pk, merged_id=merged.pk, actor=anna)
    for pair in ((merged, kept), (kept, merged), (third, merged), (merged, third)):
        with refused(RuleViolation, "receipts.customer_merged", "customer"):
            merge_customers(kept_id=pair[0].pk, merged_id=pair[1].pk, actor=anna)
    with refused(RuleViolation, "receipts.customer_merged", "customer"):
        change_customer(customer_id=merged.pk, values={"name": "x"}, actor=anna)


def test_erasing_blanks_every_row_of_the_person(cast: Cast) -> None:
    anna = cast.actor("anna")
    first, second, third = (_make(cast, name=f"Ольга {n}") for n in range(3))
    merge_customers(kept_id=second.pk, merged_id=first.pk, actor=anna)
    merge_customers(kept_id=third.pk, merged_id=second.pk, actor=anna)
    receipt = make_ready(cast)
    edit_facts(receipt_id=receipt.pk, facts={"customer": third.pk}, actor=anna)
    issue(receipt_id=receipt.pk, received_by="Ольга 2", as_taken_in=True, actor=anna)
    other = make_ready(cast)
    issue(receipt_id=other.pk, received_by="Пётр", as_taken_in=True, actor=anna)
    with writes(*["customer.erased"] * 3) as events:
        erase_customer(customer_id=third.pk, actor=anna, at=AT)
    assert {event.payload["customer_id"] for event in events} == {first.pk, second.pk, third.pk}
    for row in Customer.objects.all():
        assert (row.name, row.phone, row.note, row.erased_at) == ("", "", "", AT)
    assert [row.received_by for row in Receipt.objects.order_by("pk")] == ["", "Пётр"]
    with writes():
        erase_customer(customer_id=third.pk, actor=anna)
    with refused(RuleViolation, "receipts.customer_erased", "customer"):
        change_customer(customer_id=third.pk, values={"name": "x"}, actor=anna)
    with refused(RuleViolation, "receipts.customer_erased", "customer"):
        merge_customers(kept_id=_make(cast).pk, merged_id=third.pk, actor=anna)


def test_no_personal_data_enters_events_or_commands(cast: Cast) -> None:
    """Law 3: therefore erasing a customer never has to touch the history."""
    customer = _make(cast, name="Ольга Канарейкина", phone="+79995551234")
    anna = cast.actor("anna")
    receipt = make_ready(cast)
    edit_facts(receipt_id=receipt.pk, facts={"customer": customer.pk}, actor=anna)
    change_customer(
        customer_id=customer.pk,
        values={"name": "Ольга Синицына", "note": "родинка", "phone": "+79995551235"},
        actor=anna,
    )
    issue(receipt_id=receipt.pk, received_by="Ольга Синицына", as_taken_in=True, actor=anna)
    stored: list[Any] = list(Event.objects.values()) + list(Command.objects.values())
    text = json.dumps(stored, default=str, ensure_ascii=False)
    for canary in ("Канарейкина", "Синицына", "родинка", "5551234", "5551235", "likes tea"):
        assert canary not in text
