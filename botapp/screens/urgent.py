"""The urgent list: how late, and where the watch is."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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
    grid,
    lines,
    menu_item,
)
from botapp.dialogs.controls import pager
from botapp.screens import words
from botapp.screens.card import READERS, open_card
from botapp.screens.pickers import load_receipt
from botapp.screens.risks import Risks
from receipts import selectors
from receipts.models import Receipt
from workshop.lib.compiled import Count

PAGE = 8


class Urgent(Screen):
    """Flag first, then overdue, then the nearest deadline."""

    id = "urgent.list"
    roles = READERS
    parkable = False

    def view(self, ctx: Context) -> View:
        rows = Receipt.objects.urgent_list().select_related("master")
        count = rows.count()
        why = [Button(_("🚨 What burns, and why"), "risks")]
        if not count:
            return View(_("Nothing is urgent."), [why])
        pages = -(-count // PAGE)
        page = min(ctx.frame.page, pages - 1)
        shown = list(rows[page * PAGE : (page + 1) * PAGE])
        buttons = grid([Button(words.number(one), "receipt", one.pk) for one in shown], 3)
        head = fmt(_("🔥 Urgent: %(count)s"), count=b(count))
        text = lines(head, *(self._line(one, ctx) for one in shown))
        return View(text, [*buttons, *([pager(page, pages)] if pages > 1 else []), why])

    def _line(self, receipt: Receipt, ctx: Context) -> Markup:
        where = "; ".join(f"{place.what}: {place.who}" for place in selectors.places(receipt))
        due = words.late(receipt, ctx.now) or words.moment(receipt.deadline)
        return fmt(
            "%(number)s · %(due)s · %(where)s",
            number=b(words.number(receipt)),
            due=due,
            where=where,
        )

    def do_risks(self, ctx: Context, value: str) -> Answer:
        return Go(Risks)

    def do_receipt(self, ctx: Context, value: str) -> Answer:
        return open_card(load_receipt(int(value)))


_listed = Count(lambda _slot: Receipt.objects.urgent_list())


def _count(ctx: Context) -> int:
    return _listed.of()


menu_item(gettext_lazy("🔥 Urgent"), Urgent.id, place=70, roles=READERS, counter=_count)
