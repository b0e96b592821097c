"""Refusing a repair, reopening it, and a rework order on a ready watch."""

from __future__ import annotations

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
from botapp.screens.people import Candidate, PersonPicker, load_employee, masters
from botapp.screens.pickers import load_receipt
from history.commands import Outcome
from receipts.models import Receipt, RefusalReason
from receipts.services.flow import refuse, reopen, rework_order
from receipts.states import Status
from staff.models import Employee


class RefuseWhy(Screen):
    """Why there will be no repair."""

    id = "refuse.reason"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        buttons = [Button(row.name, "reason", row.pk) for row in RefusalReason.objects.active()]
        text = lines(words.head(receipt, ctx.now), "", _("Why is the repair refused?"))
        return View(text, paged(ctx, buttons, columns=2))

    def do_reason(self, ctx: Context, value: str) -> Answer:
        return Go(RefuseConfirm, receipt_id=ctx.params["receipt_id"], reason_id=int(value))

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class RefuseConfirm(ReceiptConfirm):
    id = "refuse.confirm"

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        reason = RefusalReason.objects.get(pk=ctx.params["reason_id"])
        return lines(_change(receipt, Status.REFUSED), fmt(_("Reason: %(reason)s"), reason=reason))

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        return refuse(
            receipt_id=receipt.pk,
            reason_id=ctx.params["reason_id"],
            expected=shown,
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> str:
        return _("The repair is refused.")


class ReopenWhy(AskReason):
    id = "reopen.reason"
    then = "reopen.confirm"

    def title(self, ctx: Context, receipt: Receipt) -> str:
        return _("Why is the repair reopened? Send the reason.")


class ReopenConfirm(ReceiptConfirm):
    id = "reopen.confirm"

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        return _change(receipt, Status.IN_WORK if receipt.master_id else Status.RECEIVED)

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        return reopen(
            receipt_id=receipt.pk,
            reason=ctx.params["reason"],
            expected=shown,
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> str:
        return _("The repair is reopened.")


class ReworkMaster(PersonPicker):
    """Who does the rework."""

    id = "rework.master"
    roles = INSPECTORS

    def title(self, ctx: Context) -> Markup:
        receipt = load_receipt(ctx.params["receipt_id"])
        return fmt(_("%(numbers)s: to which master?"), numbers=b(words.number(receipt)))

    def candidates(self, ctx: Context) -> list[Candidate]:
        return masters()

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        return Go(ReworkWhy, receipt_id=ctx.params["receipt_id"], master_id=employee.pk)

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class ReworkWhy(AskReason):
    id = "rework.reason"
    then = "rework.confirm"

    def title(self, ctx: Context, receipt: Receipt) -> str:
        return _("Why is it reworked? The customer's wish, a forgotten work… Send the reason.")


class ReworkConfirm(ReceiptConfirm):
    id = "rework.confirm"

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        master = load_employee(ctx.params["master_id"])
        return lines(
            _change(receipt, Status.IN_WORK),
            fmt(_("Hand to the master: %(name)s"), name=b(master.short_name)),
            _("It is no return and does not count in quality."),
        )

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        return rework_order(
            receipt_id=receipt.pk,
            master_id=ctx.params["master_id"],
            reason=ctx.params["reason"],
            expected=shown,
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> str:
        return _("Taken for rework.")


def _change(receipt: Receipt, new: Status) -> Markup:
    """Status old → new."""
    return fmt(_("Status: %(old)s → %(new)s"), old=words.status(receipt), new=b(new.label))


card_action("rework_order", ReworkMaster.id)
card_action("refuse", RefuseWhy.id, more=True)
card_action("reopen", ReopenWhy.id)
