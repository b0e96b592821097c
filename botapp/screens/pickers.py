"""Choosing a receipt: the prompts for numbers that all flows share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Screen,
    Stay,
    View,
    fmt,
    grid,
    lines,
    paged,
    tick,
    ticked,
    toggle,
)
from botapp.dialogs.controls import page_of
from botapp.dialogs.view import Row
from botapp.screens import words
from history.models import Event
from receipts import selectors
from receipts.models import Receipt
from receipts.numbers import normalise_number, split_numbers
from receipts.states import Status
from workshop.lib.compiled import Rows
from workshop.lib.errors import NotFound, RuleViolation

OFFERED = 100  # of what waits, over all pages; the rest is found by its number
RECENT = 5
RECENT_EVENTS = 300  # how far back "my last ones" are looked for, among everybody's events

_receipt: Rows[Receipt] = Rows(
    lambda slot: Receipt.objects.select_related("master", "watch", "customer").filter(pk=slot("pk"))
)
_receipts: Rows[Receipt] = Rows(
    lambda slot: Receipt.objects.select_related("master", "watch").filter(pk__in=slot.each("ids"))
)


def find_receipt(text: str) -> Receipt:
    """The receipt with the typed number.

    Raises RuleViolation ``receipts.number_*``, NotFound ``bot.no_such_receipt`` naming similar
    numbers.
    """
    typed = normalise_number(text).display
    found = selectors.by_number(text)
    if found is not None:
        return found
    similar = words.numbers(selectors.similar_open(text))
    if similar:
        raise NotFound(
            "bot.no_such_receipt",
            _("There is no receipt №%(number)s. Similar: %(similar)s"),
            field="number",
            params={"number": typed, "similar": similar},
        )
    raise NotFound(
        "bot.no_such_receipt",
        _("There is no receipt №%(number)s."),
        field="number",
        params={"number": typed},
    )


def read_numbers(text: str) -> tuple[list[Receipt], list[str]]:
    """The receipts of all numbers in one message, each once, and what is wrong with the others."""
    found: dict[int, Receipt] = {}
    refused = []
    for piece in split_numbers(text) or [text]:
        try:
            receipt = find_receipt(piece)
        except (NotFound, RuleViolation) as error:
            refused.append(error.text())
        else:
            found[receipt.pk] = receipt
    return list(found.values()), refused


def load_receipt(receipt_id: int) -> Receipt:
    """The receipt of a screen with master, watch and customer. NotFound when it is not there."""
    found = _receipt.first(pk=receipt_id)
    if found is None:
        raise NotFound("bot.no_such_receipt", _("There is no such receipt."), field="receipt")
    return found


def load_receipts(ids: Iterable[int]) -> list[Receipt]:
    """Several of them, in the order of the ids."""
    wanted = list(ids)
    rows = {one.pk: one for one in _receipts.all(ids=tuple(wanted))} if wanted else {}
    return [rows[pk] for pk in wanted if pk in rows]


def my_recent(ctx: Context, *, limit: int = RECENT) -> list[Receipt]:
    """The receipts this person touched last, latest first (issued ones left out)."""
    latest = Event.objects.order_by("-id").values_list("stream", "actor_kind", "actor_id")
    mine = [
        int(stream.removeprefix("receipt:"))
        for stream, kind, actor_id in latest[:RECENT_EVENTS]
        if (kind, actor_id) == (ctx.actor.kind, ctx.actor.id) and stream.startswith("receipt:")
    ]
    touched = load_receipts(dict.fromkeys(mine))
    here = [one for one in touched if one.voided_at is None and one.status != Status.ISSUED]
    return here[:limit]


def offered_first(ctx: Context, receipts: Iterable[Receipt]) -> list[Receipt]:
    """What the last message named (similar numbers, several at once), then the others."""
    named = load_receipts(ctx.data.get("named", []))
    return list({one.pk: one for one in (*named, *receipts)}.values())


def receipt_page(ctx: Context, waiting: QuerySet[Receipt]) -> list[Row]:
    """A page of what the last message named and of what waits; only that page is read."""
    ids = [*ctx.data.get("named", []), *waiting.values_list("pk", flat=True)]
    shown, turning = page_of(ctx, list(dict.fromkeys(ids)))
    return [*grid(receipt_buttons(ctx, load_receipts(shown))), *turning]


def receipt_buttons(
    ctx: Context, receipts: Iterable[Receipt], action: str = "receipt"
) -> list[Button]:
    """One button per receipt; the value is its id."""
    return [Button(words.label(one, ctx.now), action, one.pk) for one in receipts]


def asks_number(offered: Sequence[Receipt]) -> str:
    """The question for a number; to choose is offered only where there is something."""
    return _("Send the receipt number or choose.") if offered else _("Send the receipt number.")


class ReceiptPrompt(Screen):
    """Asks for a number, likely receipts as buttons. Subclasses say what is asked and what follows.

    ``verb`` is the one of ``receipts.selectors.likely``.
    """

    verb: ClassVar[str] = ""

    @abstractmethod
    def title(self, ctx: Context) -> Any:
        """The question."""

    @abstractmethod
    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        """Where the chosen receipts lead (one, unless ``several``)."""

    def likely(self, ctx: Context) -> list[Receipt]:
        """What is offered: what waits for this verb, then my last ones."""
        waiting = selectors.likely(self.verb, ctx.now, limit=OFFERED)
        mine = sorted(self.recent(ctx), key=lambda one: not one.urgent)
        return list({one.pk: one for one in (*waiting, *mine)}.values())

    def recent(self, ctx: Context) -> list[Receipt]:
        """My last five that the verb is possible for."""
        mine = my_recent(ctx)
        return [one for one in mine if self.verb in selectors.possible_verbs(one, ctx.actor)]

    def view(self, ctx: Context) -> View:
        offered = offered_first(ctx, self.likely(ctx))
        buttons = [Button(self.label(ctx, one), "receipt", one.pk) for one in offered]
        typed = ctx.data.get("typed")
        entered = fmt(_("Entered: %(text)s"), text=typed) if typed else None
        return View(lines(self.title(ctx), asks_number(offered), entered), paged(ctx, buttons))

    def label(self, ctx: Context, receipt: Receipt) -> str:
        """What stands on its button."""
        return words.label(receipt, ctx.now)

    def do_receipt(self, ctx: Context, value: str) -> Answer:
        return self.chosen(ctx, [load_receipt(int(value))])

    def on_text(self, ctx: Context, text: str) -> Answer:
        """One number leads on; of several, and of similar ones, the buttons come first."""
        ctx.data["typed"] = text
        found, refused = read_numbers(text)
        if len(found) == 1 and not refused:
            ctx.data["named"] = [found[0].pk]  # Back finds it again
            return self.chosen(ctx, found)
        name_numbers(ctx, text, found)
        if len(found) > 1:
            refused.append(_("One at a time: choose the first."))
        return Stay("\n".join(refused))


class SeveralReceipts(ReceiptPrompt):
    """The same with check marks: several numbers in one message, or ticks and Next."""

    def view(self, ctx: Context) -> View:
        marked = ticked(ctx, "receipts")
        offered = {one.pk: one for one in offered_first(ctx, self.likely(ctx))}
        offered |= {one.pk: one for one in load_receipts(map(int, marked)) if one.pk not in offered}
        buttons = [
            tick(words.label(one, ctx.now), "tick", pk, on=str(pk) in marked)
            for pk, one in offered.items()
        ]
        text = lines(self.title(ctx), _("Send one or several receipt numbers, or tick them."))
        return View(text, [*paged(ctx, buttons), *next_row(len(marked))])

    def do_tick(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "receipts", value)
        return Stay()

    def do_next(self, ctx: Context, value: str) -> Answer:
        return self.chosen(ctx, load_receipts(map(int, ticked(ctx, "receipts"))))

    def on_text(self, ctx: Context, text: str) -> Answer:
        found, refused = read_numbers(text)
        for one in found:
            toggle(ctx, "receipts", f"{one.pk}=1")
        name_numbers(ctx, text, [])
        if refused:  # the others need not be typed again
            kept = [_("The other numbers are ticked.")] if found else []
            return Stay("\n".join([*refused, *kept]))
        return self.do_next(ctx, "")


def name_numbers(ctx: Context, text: str, found: list[Receipt]) -> None:
    """Keep what a message named for :func:`offered_first`: these, and similar to the unknown."""
    similar = [one.pk for piece in split_numbers(text) for one in similar_to(piece)]
    ctx.data["named"] = list(dict.fromkeys([*(one.pk for one in found), *similar]))
    ctx.frame.page = 0


def similar_to(piece: str) -> list[Receipt]:
    """Open receipts with a similar number, when there is none with this one."""
    try:
        return [] if selectors.by_number(piece) else selectors.similar_open(piece)
    except RuleViolation:
        return []


def next_row(count: int) -> list[Row]:
    """Next, as soon as something is chosen."""
    if not count:
        return []
    return [[Button(_("Next (%(count)s chosen)") % {"count": count}, "next")]]
