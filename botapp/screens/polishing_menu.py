"""Polishing: what lies where, send, take back."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Screen,
    View,
    b,
    esc,
    fmt,
    lines,
    menu_item,
)
from polishing.selectors import loads, open_orders
from staff import roles
from workshop.lib import clock
from workshop.lib.compiled import Count

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class PolishingMenu(Screen):
    """Who has how much, and the two things one does."""

    id = "polishing.menu"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        told = [
            fmt(
                _("%(name)s: %(count)s pcs, difficult: %(difficult)s, oldest since %(when)s"),
                name=b(load.polisher),
                count=load.open,
                difficult=load.difficult,
                when=clock.show(load.oldest),
            )
            for load in loads()
            if load.open
        ]
        text = lines(b(_("🪙 Polishing")), *(told or [esc(_("Nothing is at a polisher."))]))
        rows = [
            [Button(_("🪙 Send to polishing"), "open", "polishing.polisher")],
            [Button(_("🪙 Take back from polishing"), "open", "polishing.back")],
        ]
        return View(text, rows[: 2 if told else 1])

    def do_open(self, ctx: Context, value: str) -> Answer:
        return Go(value)


_out = Count(lambda _slot: open_orders())


def out(ctx: Context) -> int:
    """Orders at polishers, for the menu."""
    return _out.of()


menu_item(lazy("🪙 Polishing"), PolishingMenu.id, place=30, roles=INSPECTORS, counter=out)
