"""A required work that this watch does not need: waived with a reason, or required again."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import Answer, Button, Context, Done, Go, Screen, View, b, fmt, paged
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.pickers import load_receipt
from botapp.screens.results import AboutReceipt
from receipts.models import OperationType, Receipt, Waiver, WaiverReason
from receipts.services.quality import missing_works
from receipts.services.works import void_waiver, waive_work
from staff import roles
from workshop.lib.errors import NotFound

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class WhichWork(Screen):
    """What is missing can be waived, what was waived can be required again."""

    id = "waiver.which"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        waive = _("%(work)s: not required")
        again = _("%(work)s: required again")
        buttons = [
            *(Button(waive % {"work": kind}, "waive", kind.pk) for kind in missing_works(receipt)),
            *(Button(again % {"work": row.type}, "again", row.pk) for row in waivers(receipt)),
        ]
        text = fmt(_("%(number)s: which work is not required?"), number=b(words.number(receipt)))
        return View(text, paged(ctx, buttons))

    def do_waive(self, ctx: Context, value: str) -> Answer:
        return Go(WhyWaived, **ctx.params, type_id=int(value))

    def do_again(self, ctx: Context, value: str) -> Answer:
        return Go(WhyAgain, **ctx.params, waiver_id=int(value))


class WhyWaived(AboutReceipt, Screen):
    """The reason, one tap; undone on the card."""

    id = "waiver.reason"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        kind = OperationType.objects.get(pk=ctx.params["type_id"])
        number = words.number(load_receipt(ctx.params["receipt_id"]))
        rows = [[Button(row.name, "why", row.pk)] for row in WaiverReason.objects.active()]
        text = _("%(number)s, %(work)s: why is it not required?")
        return View(fmt(text, number=b(number), work=b(kind)), rows)

    def do_why(self, ctx: Context, value: str) -> Answer:
        kind = OperationType.objects.get(pk=ctx.params["type_id"])
        outcome = waive_work(
            **ctx.params, reason_id=int(value), actor=ctx.actor, command=ctx.command
        )
        told = fmt(_("Not required: %(work)s"), work=b(kind))
        receipt_id = ctx.params["receipt_id"]
        return Done(words.done(outcome, told), "receipt.card", receipt_id=receipt_id)


class WhyAgain(AboutReceipt, Screen):
    """Why it is required after all, in words."""

    id = "waiver.again"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        row = load_waiver(ctx.params["waiver_id"])
        number = words.number(load_receipt(ctx.params["receipt_id"]))
        text = _("%(number)s, %(work)s: type why it is required again.")
        return View(fmt(text, number=b(number), work=b(row.type)))

    def on_text(self, ctx: Context, text: str) -> Answer:
        row = load_waiver(ctx.params["waiver_id"])
        outcome = void_waiver(**ctx.params, reason=text, actor=ctx.actor, command=ctx.command)
        told = fmt(_("Required again: %(type)s"), type=b(row.type))
        receipt_id = ctx.params["receipt_id"]
        return Done(words.done(outcome, told), "receipt.card", receipt_id=receipt_id)


def waivers(receipt: Receipt) -> list[Waiver]:
    return list(Waiver.objects.valid().filter(receipt=receipt).select_related("type"))


def load_waiver(waiver_id: int) -> Waiver:
    row = Waiver.objects.select_related("type").filter(pk=waiver_id).first()
    if row is None:
        raise NotFound("receipts.no_such_waiver", _("There is no such waiver."))
    return row


def makes_sense(receipt: Receipt) -> bool:
    return bool(waivers(receipt) or missing_works(receipt))


card_action("waive", WhichWork.id, label=lazy("Work is not required"), more=True, shown=makes_sense)
