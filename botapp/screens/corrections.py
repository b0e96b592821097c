"""Corrections of wrong records: a compensating event with a reason, never a deletion."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Markup,
    Move,
    Screen,
    Stay,
    View,
    b,
    fmt,
    lines,
    paged,
)
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.card_text import event
from botapp.screens.confirming import INSPECTORS, AskReason, ReceiptConfirm
from botapp.screens.pickers import load_receipt
from history.commands import Outcome
from history.models import Event
from history.render import line
from receipts.models import Operation, Receipt
from receipts.numbers import normalise_number
from receipts.services.base import last_decision
from receipts.services.registration import renumber_receipt, void_receipt
from receipts.services.voiding import void_decision
from receipts.services.works import find_operation, void_work
from staff import roles
from workshop.lib import clock

MANAGERS = (roles.MANAGER,)


# --- the last decision ------------------------------------------------------------------------


class VoidDecisionWhy(AskReason):
    id = "void_decision.reason"
    then = "void_decision.confirm"

    def title(self, ctx: Context, receipt: Receipt) -> Markup:
        return lines(_decision(receipt), _("Why was it wrong? Send the reason."))


class VoidDecisionConfirm(ReceiptConfirm):
    id = "void_decision.confirm"
    watched = ("status", "master_id", "version")

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        return lines(b(_("Will be voided:")), _decision(receipt))

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        return void_decision(
            receipt_id=receipt.pk,
            reason=ctx.params["reason"],
            expected=shown,
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> Markup:
        return fmt(_("Voided. Status now: %(status)s"), status=b(words.status(outcome.object)))


def _decision(receipt: Receipt) -> Markup:
    last = last_decision(receipt)
    return event(line(last)) if last else Markup("–")


# --- the number -------------------------------------------------------------------------------


class NewNumber(Screen):
    """The right number."""

    id = "renumber.number"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        typed = ctx.data.get("typed")
        entered = fmt(_("Entered: %(text)s"), text=typed) if typed else None
        return View(lines(words.head(receipt, ctx.now), "", _("Send the right number."), entered))

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["typed"] = text
        number = normalise_number(text)
        known = Receipt.objects.valid().filter(number_key=number.key)
        if known.exclude(pk=ctx.params["receipt_id"]).exists():
            return Stay(_("Receipt №%(number)s exists already.") % {"number": number.display})
        return Go(RenumberWhy, **ctx.params, number=number.display)

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class RenumberWhy(AskReason):
    id = "renumber.reason"
    then = "renumber.confirm"

    def title(self, ctx: Context, receipt: Receipt) -> Markup:
        return lines(_numbers(receipt, ctx), _("Why is it corrected? Send the reason."))


class RenumberConfirm(ReceiptConfirm):
    id = "renumber.confirm"
    watched = ("number",)

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        return _numbers(receipt, ctx)

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        return renumber_receipt(
            receipt_id=receipt.pk,
            number=ctx.params["number"],
            reason=ctx.params["reason"],
            expected=shown,
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> str:
        return _("The number is corrected. The label must be printed again.")


def _numbers(receipt: Receipt, ctx: Context) -> Markup:
    new = ctx.params["number"]
    return fmt(_("Number: %(old)s → %(new)s"), old=f"№{receipt.number}", new=b(f"№{new}"))


# --- a work -----------------------------------------------------------------------------------


class WhichWork(Screen):
    """Which record is wrong."""

    id = "void_work.which"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        buttons = [Button(_work_label(row), "work", row.pk) for row in _works(receipt)]
        text = lines(words.head(receipt, ctx.now), "", _("Which work is recorded wrongly?"))
        return View(text, paged(ctx, buttons))

    def do_work(self, ctx: Context, value: str) -> Answer:
        return Go(VoidWorkWhy, receipt_id=ctx.params["receipt_id"], operation_id=int(value))

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class VoidWorkWhy(AskReason):
    id = "void_work.reason"
    then = "void_work.confirm"

    def title(self, ctx: Context, receipt: Receipt) -> Markup:
        return lines(_work(ctx, receipt), _("Why was it wrong? Send the reason."))


class VoidWorkConfirm(ReceiptConfirm):
    id = "void_work.confirm"

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        return lines(b(_("Will be voided:")), _work(ctx, receipt))

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        return void_work(
            receipt_id=receipt.pk,
            operation_id=ctx.params["operation_id"],
            reason=ctx.params["reason"],
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> str:
        return _("The work is voided.")


def _works(receipt: Receipt) -> list[Operation]:
    rows = Operation.objects.valid().filter(receipt=receipt).select_related("type", "employee")
    return list(rows.order_by("-performed_at", "-id"))


def _work_label(row: Operation) -> str:
    return f"{row.type.name}, {row.employee.short_name}, {clock.show(row.performed_at)}"


def _work(ctx: Context, receipt: Receipt) -> str:
    return _work_label(find_operation(receipt, ctx.params["operation_id"]))


# --- the receipt itself -----------------------------------------------------------------------


class VoidReceiptWhy(AskReason):
    id = "void_receipt.reason"
    roles = MANAGERS
    then = "void_receipt.confirm"

    def title(self, ctx: Context, receipt: Receipt) -> str:
        return _("Why was it created wrongly? Send the reason.")


class VoidReceiptConfirm(ReceiptConfirm):
    id = "void_receipt.confirm"
    roles = MANAGERS

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        return fmt(
            _("Receipt %(number)s will be voided; its number becomes free."),
            number=b(f"№{receipt.number}"),
        )

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        return void_receipt(
            receipt_id=receipt.pk,
            reason=ctx.params["reason"],
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> str:
        return _("The receipt is voided.")

    def after(self, ctx: Context, note: Markup, receipt: Receipt) -> Move:
        """Nothing can be done with it any more: the menu."""
        return Done(note)


def _only_registered(receipt: Receipt) -> bool:
    """Nothing came after the command that created it."""
    events = Event.objects.filter(stream=receipt.stream).order_by()
    return events.values("command").distinct().count() == 1


card_action(
    "void_decision", VoidDecisionWhy.id, more=True, shown=lambda one: last_decision(one) is not None
)
card_action("void_work", WhichWork.id, more=True, shown=lambda one: bool(_works(one)))
card_action("renumber", NewNumber.id, more=True)
card_action("void_receipt", VoidReceiptWhy.id, more=True, shown=_only_registered)
