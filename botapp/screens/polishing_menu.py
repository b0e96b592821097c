"""Polishing: what lies where, send, take back."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    File,
    Go,
    Screen,
    Stay,
    View,
    b,
    esc,
    fmt,
    lines,
    menu_item,
)
from botapp.screens.results import Undoing
from polishing.documents import handover_list
from polishing.models import PolishingBatch
from polishing.selectors import loads, open_orders
from staff import roles
from workshop.lib import clock

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class PolishingMenu(Undoing, Screen):
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
        listed = [[Button(_("🖨 Hand-over list"), "list")]] if ctx.params.get("batch") else []
        return View(text, [*self.undo_rows(ctx), *listed, *rows[: 2 if told else 1]])

    def do_list(self, ctx: Context, value: str) -> Answer:
        """The list that goes with the batch, as a file to print."""
        batch = PolishingBatch.objects.get(pk=ctx.params["batch"])
        name = _("hand-over-list-%(number)s") % {"number": batch.number}
        ctx.send_file(File(f"{name}.html", handover_list(batch).encode(), str(batch)))
        return Stay()

    def do_open(self, ctx: Context, value: str) -> Answer:
        return Go(value)


def out(ctx: Context) -> int:
    """Orders at polishers, for the menu."""
    return open_orders().count()


menu_item(lazy("🪙 Polishing"), PolishingMenu.id, place=30, roles=INSPECTORS, counter=out)
