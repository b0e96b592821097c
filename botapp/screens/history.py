"""The history of a receipt: eight lines a page, each with who and through which door."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from botapp.dialogs import Answer, Button, Context, Go, Return, Screen, View, b, fmt, lines, paged
from botapp.dialogs.controls import pager
from botapp.screens import words
from botapp.screens.card import READERS
from botapp.screens.card_text import event
from botapp.screens.pickers import load_receipt
from history.models import Event
from history.render import kind_labels, line
from receipts.models import Receipt

PAGE = 8


class History(Screen):
    """Newest first; a filter keeps one kind."""

    id = "receipt.history"
    roles = READERS
    parkable = False

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        events = self._events(ctx, receipt)
        pages = max(1, -(-events.count() // PAGE))
        page = min(ctx.frame.page, pages - 1)
        shown = [event(line(row)) for row in events[page * PAGE : (page + 1) * PAGE]]
        kind = ctx.data.get("kind")
        title = fmt(_("%(number)s: history"), number=b(words.number(receipt)))
        kept = fmt(_("Only: %(kind)s"), kind=kind_labels()[kind]) if kind else None
        rows: list[Any] = [pager(page, pages)] if pages > 1 else []
        return View(lines(title, kept, "", *shown), [*rows, [Button(_("Filter"), "filter")]])

    def _events(self, ctx: Context, receipt: Receipt) -> QuerySet[Event]:
        events = Event.objects.filter(stream=receipt.stream)
        if ctx.data.get("kind"):
            events = events.filter(kind=ctx.data["kind"])
        return events.order_by("-sequence")

    def do_filter(self, ctx: Context, value: str) -> Answer:
        ctx.frame.page = 0  # another selection begins at its newest line
        return Go(Kinds, receipt_id=ctx.params["receipt_id"])


class Kinds(Screen):
    """Only the kinds that this history has."""

    id = "receipt.history_kinds"
    roles = READERS
    parkable = False

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        labels = kind_labels()
        kinds = Event.objects.filter(stream=receipt.stream).order_by()
        present = sorted(kinds.values_list("kind", flat=True).distinct(), key=lambda k: labels[k])
        buttons = [Button(labels[kind], "kind", kind) for kind in present]
        text = fmt(_("%(number)s: what to show?"), number=b(words.number(receipt)))
        return View(text, [[Button(_("Everything"), "kind")], *paged(ctx, buttons)])

    def do_kind(self, ctx: Context, value: str) -> Answer:
        return Return(kind=value)
