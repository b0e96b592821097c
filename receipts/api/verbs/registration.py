"""Registration and facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from receipts.api.verbs.base import MANAGE, WRITE, Form, ReasonForm, ReceiptVerb
from receipts.api.views import READ, Receipts
from receipts.models import Receipt
from receipts.services import deadlines, facts, intake, registration
from workshop.lib.api.access import Access
from workshop.lib.api.fields import (
    AmountField,
    IdField,
    MomentField,
    TextField,
    WholeField,
    YesNoField,
)
from workshop.lib.api.permissions import ensure_scope
from workshop.lib.errors import RuleViolation


class FactsForm(Form):
    """Facts of the visit, all optional; only what is sent is touched."""

    complaint = TextField()
    condition = TextField()
    completeness = TextField()
    links_count = WholeField(required=False, allow_null=True, min_value=0, max_value=999)
    description = TextField()
    declared_value = AmountField(12, 2, required=False, allow_null=True, negative=False)
    agreed_price = AmountField(12, 2, required=False, allow_null=True, negative=False)
    prepayment = AmountField(12, 2, required=False, allow_null=True, negative=False)
    do_not_polish = YesNoField(required=False)
    place = TextField()
    visit_kind = serializers.ChoiceField(choices=Receipt.VisitKind.choices, required=False)


class WatchValues(Form):
    brand = TextField()
    model = TextField()
    reference = TextField()
    serial = TextField()
    movement_number = TextField()
    calibre = TextField()


class CustomerValues(Form):
    name = TextField()
    phone = TextField()
    note = TextField()


class PeopleForm(Form):
    """Known rows by their ids, or the values of new ones."""

    example: ClassVar = {
        "customer": {"name": "Петрова Мария", "phone": "+79161234567"},
        "watch_id": 42,
    }

    customer_id = IdField(required=False, help_text="a known customer, or `customer`")
    customer = CustomerValues(required=False, help_text="a new one; needs customers:write")
    watch_id = IdField(required=False, help_text="a known watch, or `watch`")
    watch = WatchValues(required=False, help_text="a new one")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name in ("customer", "watch"):
            if name in attrs and f"{name}_id" in attrs:
                raise RuleViolation(
                    "api.either_or", _("Either the id or the values, not both."), field=name
                )
        return attrs


def customer_and_watch(data: Mapping[str, Any], access: Access) -> dict[str, Any]:
    """As the services take them: an id or values. A new customer needs a scope of its own."""
    if "customer" in data:
        ensure_scope(access, "customers:write")
    names = ("customer_id", "customer", "watch_id", "watch")
    return {name.removesuffix("_id"): data[name] for name in names if name in data}


class RegisterForm(PeopleForm):
    """Only the number is needed."""

    example: ClassVar = {
        "number": "Д-1042",
        "deadline": "2026-12-01T12:30:00Z",
        "facts": {"complaint": "останавливается ночью", "agreed_price": "12500.00"},
        "customer": {"name": "Петрова Мария", "phone": "+79161234567"},
        "watch": {"brand": "Omega", "serial": "48921077"},
    }

    number = TextField(required=True)
    deadline = MomentField(required=False, allow_null=True)
    urgent = YesNoField(required=False)
    facts = FactsForm(required=False)


class ReceiptsAndRegister(ReceiptVerb, Receipts):
    """A new receipt; only the number is needed, a known one is a 409."""

    about = Receipts.__doc__
    scopes: ClassVar = {**READ, **WRITE}
    body = RegisterForm
    created = True
    service = intake.take_in

    def target(self) -> dict[str, Any]:
        return {}

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        own = {name: data[name] for name in ("number", "deadline", "urgent") if name in data}
        facts = dict(data.get("facts") or {})
        return {**own, "facts": facts, **customer_and_watch(data, self.access)}


class Attach(ReceiptVerb):
    """Give the receipt its customer or its watch."""

    body = PeopleForm
    service = intake.attach

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return customer_and_watch(data, self.access)


class EditFacts(ReceiptVerb):
    """Change facts of the visit."""

    body = FactsForm
    service = facts.edit_facts

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"facts": dict(data)}


class UrgentForm(Form):
    urgent = YesNoField()


class Urgent(ReceiptVerb):
    """Mark as urgent, or no longer."""

    body = UrgentForm
    service = facts.set_urgent


class CommentForm(Form):
    text = TextField(required=True)


class Comment(ReceiptVerb):
    """A comment in the history."""

    body = CommentForm
    service = facts.add_comment


class RenumberForm(ReasonForm):
    number = TextField(required=True)


class Renumber(ReceiptVerb):
    """Correct the number; the old one stays findable."""

    body = RenumberForm
    service = registration.renumber_receipt


class VoidReceipt(ReceiptVerb):
    """Void a receipt while only its registration stands on it."""

    scopes = MANAGE
    body = ReasonForm
    service = registration.void_receipt


class DeadlineForm(Form):
    example: ClassVar = {"deadline": "2026-12-01T12:30:00Z", "cause_id": 2, "reason": "ждём деталь"}

    deadline = MomentField(allow_null=True, help_text="null clears it")
    cause_id = IdField(required=False, allow_null=True)
    reason = TextField()


class Deadline(ReceiptVerb):
    """Set, change or clear the deadline."""

    body = DeadlineForm
    service = deadlines.change_deadline


class PublicLinkForm(Form):
    example: ClassVar = {"renew": True}

    renew = YesNoField(required=False, help_text="a new one takes its place")


class PublicLink(ReceiptVerb):
    """Make the customer's link dead; those who subscribed by it are told nothing more."""

    body = PublicLinkForm
    service = facts.revoke_public_link
