"""Verbs of polishing, and moving a record to another receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from rest_framework import serializers

from history.api.verbs import RowVerb
from polishing.api.resources import BATCHES, ORDERS
from polishing.services import batches, moving, orders
from receipts.api.verbs.base import WRITE, Form, HangingVerb, ReasonForm, ReceiptVerb
from workshop.lib.api.fields import IdField, MomentField, TextField, YesNoField


class OrderVerb(HangingVerb):
    of = ORDERS
    key = "order_id"


class SendForm(Form):
    example: ClassVar = {"polisher_id": 8, "case": True, "bracelet": True, "comment": "без фаски"}

    polisher_id = IdField()
    case = YesNoField(required=False)
    bracelet = YesNoField(required=False)
    metal_id = IdField(required=False, allow_null=True)
    difficult = YesNoField(required=False)
    comment = TextField()
    sent_at = MomentField(required=False, allow_null=True)
    allowed_by = TextField(help_text="who allowed it, for a watch that must not be polished")
    batch_id = IdField(required=False, allow_null=True)


class Send(OrderVerb):
    """Send parts of a watch to polishing."""

    key = ""
    body = SendForm
    created = True
    service = orders.send_to_polishing


class TakeBackForm(Form):
    example: ClassVar = {"polished_by_id": 8, "done": True}

    polished_by_id = IdField(required=False, allow_null=True)
    done = YesNoField(required=False, help_text="false: came back without work")
    reason = TextField()
    returned_at = MomentField(required=False, allow_null=True)


class TakeBack(OrderVerb):
    """The parts are back."""

    body = TakeBackForm
    service = orders.take_back


class ReopenOrder(OrderVerb):
    """A wrong "taken back": the parts are at the polisher still."""

    body = ReasonForm
    service = orders.reopen_order


class CorrectForm(ReasonForm):
    """Only what is sent is touched."""

    example: ClassVar = {
        "reason": "ошибка при записи",
        "difficult": True,
        "comment": "глубокая царапина",
    }

    polisher_id = IdField(required=False)
    polished_by_id = IdField(required=False)
    metal_id = IdField(required=False, allow_null=True)
    difficult = YesNoField(required=False)
    comment = TextField()
    sent_at = MomentField(required=False)


class CorrectOrder(OrderVerb):
    """Correct facts of an order: old → new with a reason."""

    body = CorrectForm
    service = orders.correct_order

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        changes = {name.removesuffix("_id"): value for name, value in data.items()}
        return {"reason": changes.pop("reason"), "changes": changes}


class VoidOrder(OrderVerb):
    """Void a wrong order."""

    body = ReasonForm
    service = orders.void_order


class OpenBatchForm(Form):
    polisher_id = IdField()
    due_at = MomentField(required=False, allow_null=True)


class OpenBatch(RowVerb):
    """Open a batch; send orders with its id."""

    scopes = WRITE
    of = BATCHES
    body = OpenBatchForm
    created = True
    service = batches.open_batch


class MoveForm(ReasonForm):
    what = serializers.ChoiceField(
        choices=[moving.WORK, moving.ORDER, moving.CHECK, moving.RETURN], help_text="what it is"
    )
    record_id = IdField(help_text="its id on this receipt")
    to_receipt_id = IdField()


class Move(ReceiptVerb):
    """Move a record to the receipt it belongs to; answers with that receipt and the new id."""

    body = MoveForm
    service = moving.move_record

    def target(self) -> dict[str, Any]:
        found = super().target()
        return {"from_receipt_id": found.pop("receipt_id"), **found}


ORDER_VERBS: Final = {
    "take-back": TakeBack,
    "reopen": ReopenOrder,
    "correct": CorrectOrder,
    "void": VoidOrder,
}
