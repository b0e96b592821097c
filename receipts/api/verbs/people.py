"""Customers and watches: added, changed, merged, erased. Skills of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from rest_framework import serializers

from history.api.verbs import RowVerb
from history.commands import Outcome
from receipts import locks
from receipts.api import resources
from receipts.api.verbs.base import MANAGE, WRITE, Empty, Form
from receipts.api.verbs.registration import CustomerValues, WatchValues
from receipts.services import customers, skills, watches
from staff.api.verbs import EmployeeVerb
from workshop.lib.api.fields import AmountField, IdField
from workshop.lib.api.permissions import ensure_scope

CUSTOMERS = {"POST": "customers:write"}


class CustomerForm(CustomerValues):
    """A name, a phone, or both."""

    example: ClassVar = {
        "name": "Петрова Мария",
        "phone": "+79161234567",
        "note": "звонить после 18:00",
    }

    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)


class CustomerVerb(RowVerb):
    scopes = CUSTOMERS
    of = resources.CUSTOMERS
    lock = locks.customer


class AddCustomer(CustomerVerb):
    """Add a customer; a phone that is known already is no obstacle."""

    body = CustomerForm
    created = True
    service = customers.create_customer


class ChangeCustomer(CustomerVerb):
    """Change what is known of a customer; only what is sent is touched."""

    body = CustomerForm
    key = "customer_id"
    service = customers.change_customer

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"values": dict(data)}


class ManagedCustomer(CustomerVerb):
    """What only a manager does: `receipts:manage` and `customers:write`."""

    scopes = MANAGE

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        ensure_scope(self.access, CUSTOMERS["POST"])
        return super().call(data, **common)


class MergeForm(Form):
    merged_id = IdField(help_text="the other row of the same person; its receipts come here")


class MergeCustomers(ManagedCustomer):
    """Two rows of one person become this one (needs `customers:write` besides)."""

    body = MergeForm
    key = "kept_id"
    service = customers.merge_customers


class EraseCustomer(ManagedCustomer):
    """Erase the personal data of a customer for ever (needs `customers:write` besides)."""

    body = Empty
    key = "customer_id"
    service = customers.erase_customer


class WatchForm(WatchValues):
    """At least one of them."""

    metal_id = IdField(required=False, allow_null=True, source="metal")
    water_resistance_bar = AmountField(6, 1, required=False, allow_null=True)


class WatchVerb(RowVerb):
    scopes = WRITE
    of = resources.WATCHES
    body = WatchForm
    lock = locks.watch

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"values": dict(data)}


class AddWatch(WatchVerb):
    """Add a watch; a serial that is known already is no obstacle."""

    created = True
    service = watches.create_watch


class ChangeWatch(WatchVerb):
    """Correct facts of a watch; only what is sent is touched."""

    key = "watch_id"
    service = watches.change_watch


class SkillsForm(Form):
    example: ClassVar = {"type_ids": [1, 2]}

    type_ids = serializers.ListField(child=IdField(), max_length=200, help_text="all of them")


class ChangeSkills(EmployeeVerb):
    """The operation types that a person performs."""

    body = SkillsForm
    service = skills.change_skills
