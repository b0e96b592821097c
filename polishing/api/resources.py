"""Rounds at polishers and their batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import django_filters as filters
from rest_framework import serializers

from polishing.models import PolishingBatch, PolishingOrder
from receipts.api.expansions import hanging
from receipts.api.filters import OfReceipt
from receipts.api.resources import READ
from receipts.api.serializers import PersonForm, RowForm
from workshop.lib.api.access import Access
from workshop.lib.api.filters import IdFilter, YesNoFilter
from workshop.lib.api.moments import MomentFilter
from workshop.lib.api.resources import Resource
from workshop.lib.api.views import expansion


class OrderForm(serializers.Serializer[Any]):
    """One round: which parts, at whom, how it came back."""

    id = serializers.IntegerField()
    receipt_id = serializers.IntegerField()
    batch_id = serializers.IntegerField(allow_null=True)
    polisher = PersonForm()
    case = serializers.BooleanField()
    bracelet = serializers.BooleanField()
    metal = RowForm(allow_null=True)
    difficult = serializers.BooleanField()
    comment = serializers.CharField()
    sent_at = serializers.DateTimeField()
    returned_at = serializers.DateTimeField(allow_null=True)
    result = serializers.ChoiceField(choices=PolishingOrder.Result.choices, allow_null=True)
    result_reason = serializers.CharField()
    polished_by = PersonForm(allow_null=True)
    operation_id = serializers.IntegerField(allow_null=True)
    voided_at = serializers.DateTimeField(allow_null=True)


class OrderFilter(OfReceipt):
    polisher = IdFilter("polisher_id")
    batch = IdFilter("batch_id")
    open = YesNoFilter("returned_at", lookup_expr="isnull")
    sent_from = MomentFilter("sent_at", lookup_expr="gte")
    sent_to = MomentFilter("sent_at", lookup_expr="lt")

    class Meta:
        model = PolishingOrder
        fields: tuple[str, ...] = ()


ORDERS: Final = Resource(
    "polishing-orders",
    OrderForm,
    PolishingOrder.objects.all,
    READ,
    many="Polishing orders, the newest first.",
    one="A polishing order.",
    filters=OrderFilter,
    orders={"-id": "id", "sent_at": "sent_at"},
)


class BatchForm(serializers.Serializer[Any]):
    """Orders handed over together."""

    example: ClassVar = {"number": 6}

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    polisher = PersonForm()
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    flagged_at = serializers.DateTimeField(allow_null=True, help_text="expired")


class BatchFilter(filters.FilterSet):
    polisher = IdFilter("polisher_id")
    open = YesNoFilter("closed_at", lookup_expr="isnull")

    class Meta:
        model = PolishingBatch
        fields: tuple[str, ...] = ()


BATCHES: Final = Resource(
    "polishing-batches",
    BatchForm,
    PolishingBatch.objects.all,
    READ,
    many="Batches, the newest first.",
    one="A batch.",
    filters=BatchFilter,
)


@expansion("receipts", "polishing", empty=[])
def of_receipts(ids: Sequence[int], access: Access) -> dict[int, Any]:
    rows = PolishingOrder.objects.filter(receipt__in=ids)
    return hanging(rows, OrderForm, "receipt_id")


@expansion("polishing-batches", "orders", empty=[])
def of_batches(ids: Sequence[int], access: Access) -> dict[int, Any]:
    return hanging(PolishingOrder.objects.filter(batch__in=ids), OrderForm, "batch_id")
