"""What all verbs on a receipt share: the version they speak of, their answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from history.api.verbs import ServiceVerb, expected_versions
from history.commands import Outcome
from receipts import locks
from receipts.api.serializers import ReceiptForm
from receipts.api.views import receipts
from receipts.models import Receipt
from receipts.services.base import ensure_fresh
from workshop.lib import clock
from workshop.lib.api import rows as plain
from workshop.lib.api.fields import TextField
from workshop.lib.api.resources import Resource
from workshop.lib.api.rows import SerializerClass
from workshop.lib.errors import NotAllowed

Form = serializers.Serializer[Any]
WRITE: Final = {"POST": "receipts:write"}
MANAGE: Final = {"POST": "receipts:manage"}
MOST_ROWS: Final = 50
NO_VERSION: Final = -1


class Empty(Form):
    """Nothing to say besides."""


class ReasonForm(Form):
    reason = TextField(required=True)


def ensure_version(receipt_id: int, expected: frozenset[int]) -> None:
    """The versions of ``If-Match`` under the receipt's lock; StaleState tells who changed what."""
    receipt = locks.receipt(receipt_id)
    if receipt.version not in expected:
        ensure_fresh(receipt, {"version": NO_VERSION})


class ReceiptVerb(ServiceVerb):
    """A verb on the receipt in the address; answers with the receipt as it is now."""

    scopes = WRITE
    body: ClassVar[type[Form]] = Empty
    result: ClassVar[type[Form]] = ReceiptForm
    as_inspector: ClassVar[bool] = False  # the record names who inspected

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        if self.as_inspector and self.access.actor.employee_id is None:
            raise NotAllowed(
                "api.employee_missing",
                _("This records who inspected: bind the API client to an employee."),
            )
        return super().call(data, **common)

    def target(self) -> dict[str, Any]:
        """What the address names (also a row of the receipt), with the version of If-Match."""
        found = dict(self.kwargs)
        pk, expected = found.pop("pk"), expected_versions(self.request)
        found["receipt_id"] = pk
        if expected is not None:
            found["precondition"] = partial(ensure_version, pk, expected)
        return found

    def receipt(self, outcome: Outcome[Any]) -> Receipt:
        found: Receipt = outcome.object
        return found

    def represent(self, outcome: Outcome[Any]) -> Any:
        row = receipts(clock.now()).filter(pk=self.receipt(outcome).pk)
        body = plain.read(row, plain.shape_of(ReceiptForm))[0]
        return {**body, **outcome.extra}

    def etag(self, outcome: Outcome[Any]) -> str:
        return f"v{self.receipt(outcome).version}"


class HangingVerb(ReceiptVerb):
    """A verb on a row that hangs on a receipt: answers with the row; the ETag is the receipt's.

    ``key`` is what the service calls the row's id; without it the address names the receipt.
    """

    of: ClassVar[Resource]
    key: ClassVar[str] = ""

    @property
    def result(self) -> SerializerClass:  # type: ignore[override]  # read by the schema alone
        return self.of.form

    def target(self) -> dict[str, Any]:
        if not self.key:
            return super().target()
        pk, expected = self.kwargs["pk"], expected_versions(self.request)
        found: dict[str, Any] = {self.key: pk}
        if expected is not None:
            found["precondition"] = partial(self.ensure_version, pk, expected)
        return found

    def ensure_version(self, pk: int, expected: frozenset[int]) -> None:
        for receipt_id in self.of.table().filter(pk=pk).values_list("receipt_id", flat=True):
            ensure_version(receipt_id, expected)

    def receipt(self, outcome: Outcome[Any]) -> Receipt:
        # Fresh: the row was read with the receipt of before.
        return Receipt.objects.get(pk=outcome.object.receipt_id)

    def represent(self, outcome: Outcome[Any]) -> Any:
        return {**self.of.read(outcome.object.pk), **outcome.extra}


def inputs(kind: Callable[..., Any], values: list[Mapping[str, Any]]) -> list[Any]:
    """Rows of a form as the dataclass that the service takes."""
    return [kind(**value) for value in values]


def listed(form: Form, **kwargs: Any) -> serializers.ListField:
    """Several rows of a form, bounded."""
    return serializers.ListField(child=form, max_length=MOST_ROWS, **kwargs)
