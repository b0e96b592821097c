"""A record on the wrong receipt moves to the right one: voided there, recorded here, linked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Markup,
    Screen,
    View,
    b,
    fmt,
    lines,
    paged,
)
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.confirming import INSPECTORS, AskReason, ReceiptConfirm
from botapp.screens.pickers import ReceiptPrompt, load_receipt
from history.commands import Outcome
from polishing.models import PolishingOrder
from polishing.services.moving import CHECK, ORDER, RETURN, WORK, move_record
from receipts.models import Operation, QualityCheck, Receipt
from receipts.services.base import last_decision
from receipts.services.quality import open_check
from workshop.lib import clock


class MoveWhat(Screen):
    """Which record stands on the wrong receipt."""

    id = "move.what"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        buttons = [Button(label, "record", key) for key, label in _records(receipt)]
        text = lines(words.head(receipt, ctx.now), "", _("Which record belongs to another one?"))
        return View(text, paged(ctx, buttons))

    def do_record(self, ctx: Context, value: str) -> Answer:
        return Go(MoveWhere, receipt_id=ctx.params["receipt_id"], record=value)

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class MoveWhere(ReceiptPrompt):
    """The receipt it belongs to."""

    id = "move.where"
    roles = INSPECTORS
    verb = "move"

    def title(self, ctx: Context) -> Markup:
        record = _label(load_receipt(ctx.params["receipt_id"]), ctx)
        return lines(b(record), _("To which receipt does it belong?"))

    def likely(self, ctx: Context) -> list[Receipt]:
        """My last ones: a wrong number is mostly noticed at the next watch."""
        return [one for one in self.recent(ctx) if one.pk != ctx.params["receipt_id"]]

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        return Go(MoveWhy, **ctx.params, target_id=receipts[0].pk)

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class MoveWhy(AskReason):
    id = "move.reason"
    then = "move.confirm"

    def title(self, ctx: Context, receipt: Receipt) -> Markup:
        return lines(_move(ctx, receipt), _("Why is it moved? Send the reason."))


class MoveConfirm(ReceiptConfirm):
    id = "move.confirm"

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        return _move(ctx, receipt)

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        what, _sign, pk = ctx.params["record"].partition("=")
        return move_record(
            what=what,
            record_id=int(pk),
            from_receipt_id=receipt.pk,
            to_receipt_id=ctx.params["target_id"],
            reason=ctx.params["reason"],
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> Markup:
        return fmt(_("The record is moved: %(number)s"), number=b(words.number(outcome.object)))


def _records(receipt: Receipt) -> Iterator[tuple[str, str]]:
    """What can be moved: works, polishing, and the last decision when it is one of the QC."""
    works = Operation.objects.valid().filter(receipt=receipt, by_polishing=False)
    for work in works.select_related("type", "employee").order_by("-performed_at", "-id"):
        when = clock.show(work.performed_at)
        yield f"{WORK}={work.pk}", f"{work.type.name}, {work.employee.short_name}, {when}"
    orders = PolishingOrder.objects.valid().filter(receipt=receipt).select_related("polisher")
    for order in orders.order_by("-sent_at"):
        when = clock.show(order.sent_at)
        yield f"{ORDER}={order.pk}", f"{_('Polishing')}, {order.polisher.short_name}, {when}"
    started = open_check(receipt)
    if started is not None:
        yield f"{CHECK}={started.pk}", f"{_('Open QC check')}, {clock.show(started.opened_at)}"
    yield from _decision(receipt)


def _decision(receipt: Receipt) -> Iterator[tuple[str, str]]:
    last = last_decision(receipt)
    check_id = last.payload.get("check_id") if last else None
    check = QualityCheck.objects.valid().filter(pk=check_id).first()
    if last is None or check is None:
        return
    when = clock.show(last.occurred_at)
    if "return_id" in last.payload:
        yield f"{RETURN}={last.payload['return_id']}", f"{_('Return from QC')}, {when}"
    else:
        yield f"{CHECK}={check.pk}", f"{_('QC passed')}, {when}"


def _label(receipt: Receipt, ctx: Context) -> str:
    return dict(_records(receipt)).get(ctx.params["record"], "–")


def _move(ctx: Context, receipt: Receipt) -> Markup:
    return fmt(
        _("%(record)s: %(old)s → %(new)s"),
        record=b(_label(receipt, ctx)),
        old=words.number(receipt),
        new=b(words.number(load_receipt(ctx.params["target_id"]))),
    )


def _has_records(receipt: Receipt) -> bool:
    return any(True for _record in _records(receipt))


card_action("move", MoveWhat.id, more=True, shown=_has_records)
