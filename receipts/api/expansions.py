"""What hangs on the rows of a page, by ``?expand=``: one query for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from receipts.api import serializers
from receipts.models import (
    Assignment,
    Customer,
    Hold,
    Operation,
    Photo,
    QualityCheck,
    Reading,
    Receipt,
    ReturnCase,
    ReturnItem,
    Waiver,
)
from receipts.possible import possible_of_all
from workshop.lib.api import rows as plain
from workshop.lib.api.access import Access
from workshop.lib.api.permissions import ensure_scope
from workshop.lib.api.views import expansion


def hanging(rows: QuerySet[Any], form: plain.SerializerClass, key: str) -> dict[int, Any]:
    """Rows in their form, grouped by the id of what they hang on."""
    return plain.by_id(plain.read(rows.order_by("id"), plain.shape_of(form)), key)


@expansion("receipts", "operations", empty=[])
def operations(ids: Sequence[int], access: Access) -> dict[int, Any]:
    rows = Operation.objects.filter(receipt__in=ids)
    return hanging(rows, serializers.OperationForm, "receipt_id")


@expansion("receipts", "assignments", empty=[])
def assignments(ids: Sequence[int], access: Access) -> dict[int, Any]:
    rows = Assignment.objects.filter(receipt__in=ids)
    return hanging(rows, serializers.AssignmentForm, "receipt_id")


@expansion("receipts", "holds", empty=[])
def holds(ids: Sequence[int], access: Access) -> dict[int, Any]:
    return hanging(Hold.objects.filter(receipt__in=ids), serializers.HoldForm, "receipt_id")


@expansion("receipts", "waivers", empty=[])
def waivers(ids: Sequence[int], access: Access) -> dict[int, Any]:
    return hanging(Waiver.objects.filter(receipt__in=ids), serializers.WaiverForm, "receipt_id")


@expansion("receipts", "checks", empty=[])
def checks(ids: Sequence[int], access: Access) -> dict[int, Any]:
    rows = QualityCheck.objects.filter(receipt__in=ids)
    return hanging(rows, serializers.CheckForm, "receipt_id")


@expansion("receipts", "returns", empty=[])
def returns(ids: Sequence[int], access: Access) -> dict[int, Any]:
    rows = ReturnCase.objects.filter(receipt__in=ids)
    return hanging(rows, serializers.ReturnForm, "receipt_id")


@expansion("receipts", "photos", empty=[])
def photos(ids: Sequence[int], access: Access) -> dict[int, Any]:
    return hanging(Photo.objects.filter(receipt__in=ids), serializers.PhotoForm, "receipt_id")


@expansion("receipts", "customer")
def customers(ids: Sequence[int], access: Access) -> dict[int, Any]:
    """Names and phones need a scope of their own."""
    ensure_scope(access, "customers:read")
    pairs = Receipt.objects.filter(pk__in=ids, customer__isnull=False)
    wanted = dict(pairs.values_list("pk", "customer_id"))
    rows = Customer.objects.filter(pk__in=set(wanted.values()))
    known = {row["id"]: row for row in plain.read(rows, plain.shape_of(serializers.CustomerForm))}
    return {receipt: known[customer] for receipt, customer in wanted.items()}


@expansion("receipts", "possible", empty=[])
def possible(ids: Sequence[int], access: Access) -> dict[int, Any]:
    """Verbs that the status allows and this access permits."""
    rows = Receipt.objects.filter(pk__in=ids)
    return {pk: list(found) for pk, found in possible_of_all(rows, access.actor).items()}


@expansion("checks", "readings", empty=[])
def readings(ids: Sequence[int], access: Access) -> dict[int, Any]:
    rows = Reading.objects.filter(quality_check__in=ids)
    return hanging(rows, serializers.ReadingForm, "quality_check_id")


@expansion("returns", "items", empty=[])
def items(ids: Sequence[int], access: Access) -> dict[int, Any]:
    rows = ReturnItem.objects.filter(return_case__in=ids)
    return hanging(rows, serializers.ReturnItemForm, "return_id")
