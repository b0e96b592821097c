"""Find: one smart box for numbers, serials, brands and phones."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Screen,
    View,
    b,
    fmt,
    lines,
    menu_item,
    paged,
)
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.card import READERS, open_card
from botapp.screens.confirming import INSPECTORS
from botapp.screens.pickers import load_receipt, load_receipts, my_recent, receipt_buttons
from receipts import selectors
from receipts.models import Receipt
from receipts.numbers import normalise_number, split_numbers
from receipts.phones import looks_like_phone
from receipts.selectors import SEARCH_LIMIT
from workshop.lib.errors import RuleViolation


class Find(Screen):
    """The box; my last receipts are one tap away."""

    id = "find.box"
    roles = READERS
    parkable = False

    def view(self, ctx: Context) -> View:
        typed = ctx.data.get("typed")
        text = lines(
            _("Send a number or a part of it, a serial number, a brand or a phone."),
            fmt(_("Entered: %(text)s"), text=typed) if typed else None,
        )
        mine = sorted(my_recent(ctx), key=lambda one: not one.urgent)
        return View(text, paged(ctx, receipt_buttons(ctx, mine)))

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["typed"] = text
        exact = selectors.by_number(text)
        return open_card(exact) if exact is not None else Go(Results, query=text)

    def do_receipt(self, ctx: Context, value: str) -> Answer:
        return open_card(load_receipt(int(value)))


class Results(Find):
    """What was found, newest first; another text searches again."""

    id = "find.results"

    def view(self, ctx: Context) -> View:
        query = ctx.params["query"]
        found = list(selectors.search(query)) or _several(query)
        similar = [] if found or not _is_number(query) else selectors.similar_open(query)
        rows = paged(
            ctx, [_result(one) for one in load_receipts(one.pk for one in found or similar)]
        )
        return View(self._text(query, len(found), len(similar)), [*rows, *self._create(ctx)])

    def _text(self, query: str, found: int, similar: int) -> object:
        head = fmt(_("Search: %(query)s"), query=b(query))
        if similar:
            return lines(head, _("Nothing found. Similar numbers:"))
        if not found:
            again = _("Send a number or a part of it, a serial number, a brand or a phone.")
            return lines(head, _("Nothing found."), again)
        more = _("Only the newest are shown: narrow the search.") if found >= SEARCH_LIMIT else None
        return lines(head, fmt(_("Found: %(count)s"), count=found), more)

    def _create(self, ctx: Context) -> list[Row]:
        """An unknown number may be created: an explicit step of its own."""
        query = ctx.params["query"]
        known = not _may_be_new(query) or selectors.by_number(query) is not None
        if known or not ctx.has(*INSPECTORS):
            return []
        number = normalise_number(query).display
        return [[Button(_("📥 New receipt №%(number)s") % {"number": number}, "create")]]

    def do_create(self, ctx: Context, value: str) -> Answer:
        return Go("register.confirm", number=normalise_number(ctx.params["query"]).display)


def _result(receipt: Receipt) -> Button:
    """With the watch, by which people tell the results of a brand or a customer apart."""
    parts = [words.number(receipt), words.make(receipt), words.status(receipt)]
    return Button(" · ".join(filter(None, parts)), "receipt", receipt.pk)


def _several(text: str) -> list[Receipt]:
    """The receipts of several whole numbers in one message."""
    found = map(selectors.by_number, split_numbers(text))
    return [one for one in found if one is not None]


def _may_be_new(text: str) -> bool:
    """One number that somebody may want to create: not several, no phone."""
    return _is_number(text) and len(split_numbers(text)) == 1 and not looks_like_phone(text)


def _is_number(text: str) -> bool:
    """Looks like a number: digits are in it."""
    try:
        return any(char.isdigit() for char in normalise_number(text).key)
    except RuleViolation:
        return False


menu_item(gettext_lazy("🔎 Find"), Find.id, place=80, roles=READERS)
