"""Taking back from polishing: who polished, or why nothing was done."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Return,
    Screen,
    View,
    b,
    fmt,
    lines,
)
from botapp.screens import words
from botapp.screens.people import Candidate, PersonPicker, polishers
from botapp.screens.polishing_back import load_orders
from staff import roles
from staff.models import Employee
from workshop.lib.text import REASON_LENGTH, require_text

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class AboutOrder:
    """Mixed into the steps about one order: «▶ Continue №101» names its receipt."""

    def subject(self, ctx: Context) -> str:
        return words.numbers([one.receipt for one in load_orders([ctx.params["order_id"]])])


class WhoPolished(AboutOrder, PersonPicker):
    """The parts may have been polished by another one than they were sent to."""

    id = "polishing.who"
    roles = INSPECTORS

    def title(self, ctx: Context) -> Any:
        order = load_orders([ctx.params["order_id"]])[0]
        return fmt(_("%(number)s: who polished?"), number=b(words.number(order.receipt)))

    def candidates(self, ctx: Context) -> list[Candidate]:
        return polishers()

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        return Return(**{f"who:{ctx.params['order_id']}": employee.pk})


class WhyNoWork(AboutOrder, Screen):
    """It came back without work: the reason is part of the record."""

    id = "polishing.no_work"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        order = load_orders([ctx.params["order_id"]])[0]
        text = lines(
            fmt(
                _("%(number)s: came back without polishing"), number=b(words.number(order.receipt))
            ),
            _("Type the reason, or press it."),
        )
        return View(text, [[Button(label, "why", key)] for key, label in _reasons().items()])

    def on_text(self, ctx: Context, text: str) -> Answer:
        reason = require_text(text, field="reason", limit=REASON_LENGTH)
        return Return(**{f"reason:{ctx.params['order_id']}": reason})

    def do_why(self, ctx: Context, value: str) -> Answer:
        return self.on_text(ctx, _reasons()[value])


def _reasons() -> dict[str, str]:
    return {
        "needless": _("Polishing is not needed"),
        "customer": _("The customer does not want it"),
        "impossible": _("Cannot be polished"),
    }
