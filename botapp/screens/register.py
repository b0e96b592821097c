"""New receipt: the number, then an explicit Create (law 7: a wrong number creates nothing)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Screen,
    View,
    b,
    fmt,
    lines,
    menu_item,
)
from botapp.screens.card import open_card
from botapp.screens.confirming import INSPECTORS
from botapp.screens.pickers import load_receipt, receipt_buttons
from receipts import selectors
from receipts.models import Customer, Receipt
from receipts.numbers import normalise_number
from receipts.services.registration import register_receipt
from workshop.lib.errors import Duplicate


class EnterNumber(Screen):
    """The number as it stands on the paper."""

    id = "register.number"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        typed = ctx.data.get("typed")
        entered = fmt(_("Entered: %(text)s"), text=typed) if typed else None
        customer_id = ctx.params.get("customer_id")
        customer = Customer.objects.filter(pk=customer_id).first() if customer_id else None
        owner = fmt(_("Customer: %(name)s"), name=b(customer)) if customer else None
        return View(lines(_("📥 New receipt"), owner, _("Send the receipt number."), entered))

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["typed"] = text
        number = normalise_number(text)
        known = selectors.by_number(text)
        if known is not None:
            note = fmt(_("Receipt №%(number)s exists already."), number=known.number)
            return open_card(known).note(note)
        return Go(ConfirmNumber, number=number.display, customer_id=ctx.params.get("customer_id"))


class ConfirmNumber(Screen):
    """Create is the confirm; similar open numbers are shown, one of them may be meant."""

    id = "register.confirm"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        number = ctx.params["number"]
        similar = selectors.similar_open(number)
        hint = _("Similar numbers are open. Is it one of them?") if similar else None
        rows = [[button] for button in receipt_buttons(ctx, similar)]
        create = [
            [Button(_("Create №%(number)s") % {"number": number}, "create")],
            [Button(_("Create and fill in"), "fill")],
        ]
        return View(
            lines(fmt(_("New receipt: %(number)s"), number=b(f"№{number}")), hint),
            [*rows, *create],
        )

    def do_receipt(self, ctx: Context, value: str) -> Answer:
        return open_card(load_receipt(int(value)))

    def do_create(self, ctx: Context, value: str) -> Answer:
        return self._create(ctx, "receipt.card")

    def do_fill(self, ctx: Context, value: str) -> Answer:
        return self._create(ctx, "facts.form")

    def _create(self, ctx: Context, then: str) -> Answer:
        customer_id = ctx.params.get("customer_id")
        try:
            outcome = register_receipt(
                number=ctx.params["number"],
                facts={"customer": customer_id} if customer_id else None,
                actor=ctx.actor,
                command=ctx.command,
            )
        except Duplicate as error:
            return self._taken(error)
        receipt: Receipt = outcome.object
        note = fmt(_("Receipt created: №%(number)s"), number=receipt.number)
        return Done(note, then, receipt_id=receipt.pk)

    def _taken(self, error: Duplicate) -> Answer:
        """Somebody was faster: that receipt's card."""
        if error.existing_id is None:
            raise error
        return Done(error.text(), "receipt.card", receipt_id=error.existing_id)

    def subject(self, ctx: Context) -> str:
        return f"№{ctx.params['number']}"


menu_item(gettext_lazy("📥 New receipt"), EnterNumber.id, place=50, roles=INSPECTORS)
