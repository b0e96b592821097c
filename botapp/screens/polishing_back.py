"""Take back from polishing: open orders, oldest first, several at once; who polished."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Back,
    Button,
    Context,
    Done,
    Go,
    Move,
    Return,
    Screen,
    Series,
    SeriesItem,
    SeriesResult,
    Stay,
    View,
    b,
    fmt,
    grid,
    lines,
    paged,
    tick,
    ticked,
    toggle,
)
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.people import load_employee
from botapp.screens.pickers import load_receipt, next_row, read_numbers
from botapp.screens.results import Undoing, done_series
from polishing.events import part_names
from polishing.models import PolishingBatch, PolishingOrder
from polishing.selectors import loads, open_orders
from polishing.services.orders import take_back
from receipts.models import Receipt
from staff import roles
from workshop.lib.errors import NotFound

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class OpenOrders(Undoing, Screen):
    """What is out: ticks, or numbers in one message; all, of one polisher or of one batch.

    Also where a series goes on: Undo for what was just taken, the next number.
    """

    id = "polishing.back"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        marked = ticked(ctx, "orders")
        rows = [
            tick(order_label(order, ctx), "mark", order.pk, on=str(order.pk) in marked)
            for order in self._orders(ctx)
        ]
        empty = None if rows else _("Nothing is at a polisher.")
        text = lines(
            b(_("Take back from polishing")),
            _("Send one or several receipt numbers, or tick them.") if rows else empty,
        )
        filters = grid(self._filters(ctx), 2)
        return View(
            text, [*self.undo_rows(ctx), *paged(ctx, rows), *next_row(len(marked)), *filters]
        )

    def _orders(self, ctx: Context) -> QuerySet[PolishingOrder]:
        """Urgent watches first, then the oldest."""
        kind, _sign, pk = str(ctx.data.get("only", "")).partition("=")
        rows = open_orders(
            polisher_id=int(pk) if kind == "polisher" else None,
            batch_id=int(pk) if kind == "batch" else None,
        )
        return rows.order_by("-receipt__urgent", "sent_at", "id")

    def _filters(self, ctx: Context) -> list[Button]:
        """By polisher when several have something, by open batch, and back to all."""
        if ctx.data.get("only"):
            return [Button(_("Show all"), "only", "")]
        people = [load for load in loads() if load.open]
        batches = PolishingBatch.objects.open().order_by("opened_at")[:4]
        by_person = [
            Button(f"{load.polisher} ({load.open})", "only", f"polisher={load.polisher.pk}")
            for load in people
        ]
        by_batch = [Button(str(batch), "only", f"batch={batch.pk}") for batch in batches]
        return [*(by_person if len(people) > 1 else []), *by_batch]

    def do_only(self, ctx: Context, value: str) -> Answer:
        ctx.data["only"], ctx.frame.page = value, 0
        if value.startswith("batch="):
            ctx.data["orders"] = [str(order.pk) for order in self._orders(ctx)]
        return Stay()

    def do_mark(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "orders", value)
        return Stay()

    def on_text(self, ctx: Context, text: str) -> Answer:
        """The good ones of several numbers are kept, the others named."""
        found, refused = read_numbers(text)
        for receipt in found:
            try:
                orders = orders_of([receipt])
            except NotFound as error:
                refused.append(error.text())
                continue
            for order in orders:
                toggle(ctx, "orders", f"{order.pk}=1")
        if not refused:
            return self.do_next(ctx, "")
        kept = [_("The other numbers are ticked.")] if ticked(ctx, "orders") else []
        return Stay("\n".join([*refused, *kept]))

    def do_next(self, ctx: Context, value: str) -> Answer:
        orders = [int(one) for one in ticked(ctx, "orders")]
        return Go(TakeBack, orders=orders, earlier=ctx.data.get("earlier", {}))


class TakeBack(Screen):
    """How each round came back; done by the one it was sent to unless said otherwise.

    From the card: all that is out of the one receipt.
    """

    id = "polishing.take_back"
    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        ctx.data.update(ctx.params.get("earlier", {}))
        if "orders" not in ctx.params:
            receipt = load_receipt(ctx.params["receipt_id"])
            ctx.params["orders"] = [order.pk for order in orders_of([receipt])]

    def view(self, ctx: Context) -> View:
        orders = load_orders(ctx.params["orders"])
        told = [
            fmt(
                _("• %(number)s (%(parts)s): %(result)s"),
                number=b(words.number(order.receipt)),
                parts=part_names(order.parts),
                result=b(result_words(ctx, order)),
            )
            for order in orders
        ]
        rows = [row for order in orders for row in self._rows(ctx, order, len(orders) > 1)]
        label = _("🪙 Take back (%(count)s)") % {"count": len(orders)}
        text = lines(b(_("Take back from polishing")), *told)
        return View(text, [[Button(label, "take")], *paged(ctx, rows, size=10, columns=2)])

    def _rows(self, ctx: Context, order: PolishingOrder, several: bool) -> list[Button]:
        def label(text: str) -> str:
            return f"{words.number(order.receipt)}: {text}" if several else text

        if ctx.data.get(f"reason:{order.pk}"):
            return [
                Button(label(_("polished")), "done", order.pk),
                Button(label(_("reason")), "no_work", order.pk),
            ]
        return [
            Button(label(_("who polished")), "who", order.pk),
            Button(label(_("no work done")), "no_work", order.pk),
        ]

    def subject(self, ctx: Context) -> str:
        return words.numbers([order.receipt for order in load_orders(ctx.params["orders"])])

    def on_back(self, ctx: Context) -> Move:
        return Back() if "receipt_id" in ctx.params else Return(earlier=dict(ctx.data))

    def do_who(self, ctx: Context, value: str) -> Answer:
        return Go("polishing.who", order_id=int(value))

    def do_no_work(self, ctx: Context, value: str) -> Answer:
        return Go("polishing.no_work", order_id=int(value))

    def do_done(self, ctx: Context, value: str) -> Answer:
        ctx.data.pop(f"reason:{value}", None)
        return Stay()

    def do_take(self, ctx: Context, value: str) -> Answer:
        def item(order: PolishingOrder) -> SeriesItem:
            reason = ctx.data.get(f"reason:{order.pk}", "")
            person = ctx.data.get(f"who:{order.pk}")
            return SeriesItem(
                order.pk,
                lambda key: take_back(
                    order_id=order.pk,
                    polished_by_id=None if reason else person,
                    done=not reason,
                    reason=reason,
                    actor=ctx.actor,
                    command=key,
                ),
                f"{words.number(order.receipt)}, {result_words(ctx, order)}",
            )

        def finish(results: list[SeriesResult]) -> Done:
            told = _("Taken back from polishing")
            receipt_id = ctx.params.get("receipt_id")
            if receipt_id:
                return done_series(results, told, "receipt.card", receipt_id=receipt_id)
            return done_series(results, told, OpenOrders.id)

        return Series([item(order) for order in load_orders(ctx.params["orders"])], finish)


def orders_of(receipts: list[Receipt]) -> list[PolishingOrder]:
    """The open orders of these receipts; NotFound ``bot.not_at_polisher`` names who has none."""
    found: list[PolishingOrder] = []
    for receipt in receipts:
        orders = list(open_orders().filter(receipt=receipt))
        if not orders:
            raise NotFound(
                "bot.not_at_polisher",
                _("%(number)s: nothing of it is at a polisher."),
                params={"number": words.number(receipt)},
            )
        found.extend(orders)
    return found


def load_orders(ids: list[int]) -> list[PolishingOrder]:
    """The orders of a screen, also one that somebody has taken back meanwhile."""
    rows = PolishingOrder.objects.select_related("receipt", "polisher").in_bulk(ids)
    return [rows[pk] for pk in ids if pk in rows]


def order_label(order: PolishingOrder, ctx: Context) -> str:
    """«№101 · Павлов П. · корпус · 3 дн»: whose, what, for how long."""
    out_for = words.span(ctx.now - order.sent_at)
    parts = [words.number(order.receipt), order.polisher.short_name, part_names(order.parts)]
    return " · ".join([*parts, out_for])


def result_words(ctx: Context, order: PolishingOrder) -> str:
    reason = ctx.data.get(f"reason:{order.pk}")
    if reason:
        return _("no work done (%(reason)s)") % {"reason": reason}
    who = ctx.data.get(f"who:{order.pk}")
    return (load_employee(who) if who else order.polisher).short_name


def is_out(receipt: Receipt) -> bool:
    return open_orders().filter(receipt=receipt).exists()


card_action("polishing_take_back", TakeBack.id, shown=is_out)
