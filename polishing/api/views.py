"""Rounds at polishers: reads and verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import django_filters as filters
from django.db.models import QuerySet
from rest_framework import serializers

from history.api.verbs import expected_version
from history.commands import Outcome
from polishing.models import PolishingBatch, PolishingOrder
from polishing.services import batches, orders
from receipts.api.expansions import hanging
from receipts.api.filters import IdFilter, OfReceipt
from receipts.api.serializers import PersonForm, RowForm
from receipts.api.verbs.base import WRITE, Form, ReasonForm, ReceiptVerb, ensure_version
from receipts.models import Receipt
from workshop.lib.api import rows as plain
from workshop.lib.api.access import Access
from workshop.lib.api.fields import IdField, MomentField, TextField
from workshop.lib.api.moments import MomentFilter
from workshop.lib.api.views import ListView, RowView, expansion

READ = {"GET": "receipts:read"}


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
    open = filters.BooleanFilter("returned_at", lookup_expr="isnull")
    sent_from = MomentFilter("sent_at", lookup_expr="gte")
    sent_to = MomentFilter("sent_at", lookup_expr="lt")

    class Meta:
        model = PolishingOrder
        fields: tuple[str, ...] = ()


class Orders(ListView):
    """Polishing orders, the newest first."""

    resource = "polishing-orders"
    form = OrderForm
    scopes: ClassVar = READ
    filters = OrderFilter
    orders: ClassVar = {"-id": "id", "sent_at": "sent_at"}

    def rows(self) -> QuerySet[Any]:
        return PolishingOrder.objects.all()


class OneOrder(RowView, Orders):
    """A polishing order."""


class BatchForm(serializers.Serializer[Any]):
    """Orders handed over together."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    polisher = PersonForm()
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    flagged_at = serializers.DateTimeField(allow_null=True, help_text="expired")


class BatchFilter(filters.FilterSet):
    polisher = IdFilter("polisher_id")
    open = filters.BooleanFilter("closed_at", lookup_expr="isnull")

    class Meta:
        model = PolishingBatch
        fields: tuple[str, ...] = ()


class Batches(ListView):
    """Batches, the newest first."""

    resource = "polishing-batches"
    form = BatchForm
    scopes: ClassVar = READ
    filters = BatchFilter

    def rows(self) -> QuerySet[Any]:
        return PolishingBatch.objects.all()


class OneBatch(RowView, Batches):
    """A batch."""


@expansion("receipts", "polishing", empty=[])
def of_receipts(ids: Sequence[int], access: Access) -> dict[int, Any]:
    rows = PolishingOrder.objects.filter(receipt__in=ids)
    return hanging(rows, OrderForm, "receipt_id")


@expansion("polishing-batches", "orders", empty=[])
def of_batches(ids: Sequence[int], access: Access) -> dict[int, Any]:
    return hanging(PolishingOrder.objects.filter(batch__in=ids), OrderForm, "batch_id")


# --- verbs ------------------------------------------------------------------------------------


class OrderVerb(ReceiptVerb):
    """Answers with the order; ``ETag`` and ``If-Match`` are the receipt's."""

    result = OrderForm

    def target(self) -> dict[str, Any]:
        pk, expected = self.kwargs["pk"], expected_version(self.request)
        found: dict[str, Any] = {"order_id": pk}
        if expected:
            found["precondition"] = partial(_ensure_version, pk, expected)
        return found

    def receipt(self, outcome: Outcome[Any]) -> Receipt:
        # Fresh: the order was read with the receipt of before.
        return Receipt.objects.get(pk=outcome.object.receipt_id)

    def represent(self, outcome: Outcome[Any]) -> Any:
        row = PolishingOrder.objects.filter(pk=outcome.object.pk)
        return {**plain.read(row, plain.shape_of(OrderForm))[0], **outcome.extra}


def _ensure_version(order_id: int, expected: Mapping[str, Any]) -> None:
    receipt_id = PolishingOrder.objects.filter(pk=order_id).values_list("receipt_id", flat=True)
    for found in receipt_id:
        ensure_version(found, expected)


class SendForm(Form):
    polisher_id = IdField()
    case = serializers.BooleanField(required=False)
    bracelet = serializers.BooleanField(required=False)
    metal_id = IdField(required=False, allow_null=True)
    difficult = serializers.BooleanField(required=False)
    comment = TextField()
    sent_at = MomentField(required=False, allow_null=True)
    allowed_by = TextField(help_text="who allowed it, for a watch that must not be polished")
    batch_id = IdField(required=False, allow_null=True)


class Send(OrderVerb):
    """Send parts of a watch to polishing."""

    body = SendForm
    created = True
    service = orders.send_to_polishing

    def target(self) -> dict[str, Any]:
        return ReceiptVerb.target(self)


class TakeBackForm(Form):
    polished_by_id = IdField(required=False, allow_null=True)
    done = serializers.BooleanField(required=False, help_text="false: came back without work")
    reason = TextField()
    returned_at = MomentField(required=False, allow_null=True)


class TakeBack(OrderVerb):
    """The parts are back."""

    body = TakeBackForm
    service = orders.take_back


class VoidOrder(OrderVerb):
    """Void a wrong order."""

    body = ReasonForm
    service = orders.void_order


class OpenBatchForm(Form):
    polisher_id = IdField()
    due_at = MomentField(required=False, allow_null=True)


class BatchesAndOpen(ReceiptVerb, Batches):
    """GET: the list. POST: open a batch; send orders with its id."""

    scopes: ClassVar = {**READ, **WRITE}
    body = OpenBatchForm
    result = BatchForm
    created = True
    service = batches.open_batch

    def target(self) -> dict[str, Any]:
        return {}

    def represent(self, outcome: Outcome[Any]) -> Any:
        row = PolishingBatch.objects.filter(pk=outcome.object.pk)
        return plain.read(row, plain.shape_of(BatchForm))[0]

    def etag(self, outcome: Outcome[Any]) -> str:
        return ""
