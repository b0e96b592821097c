"""Take back from polishing: open orders, oldest first, several at once; who polished."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
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
from botapp.screens.pickers import (
    Candidate,
    PersonPicker,
    find_receipts,
    load_employee,
    load_receipt,
    next_row,
    polishers,
)
from botapp.screens.results import done_series
from polishing.events import part_names
from polishing.models import PolishingBatch, PolishingOrder
from polishing.selectors import loads, open_orders
from polishing.services.orders import take_back
from receipts.models import Receipt
from staff import roles
from staff.models import Employee
from workshop.lib.errors import NotFound
from workshop.lib.text import REASON_LENGTH, require_text

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class OpenOrders(Screen):
    """What is out: ticks, or numbers in one message; all, of one polisher or of one batch."""

    id = "polishing.back"
    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        known = ctx.params.get("receipt_id")
        if known:
            ctx.data["orders"] = [str(order.pk) for order in orders_of([load_receipt(known)])]

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
        return View(text, [*paged(ctx, rows), *next_row(len(marked)), *filters])

    def _orders(self, ctx: Context) -> QuerySet[PolishingOrder]:
        kind, _sign, pk = str(ctx.data.get("only", "")).partition("=")
        return open_orders(
            polisher_id=int(pk) if kind == "polisher" else None,
            batch_id=int(pk) if kind == "batch" else None,
        )

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
        for order in orders_of(find_receipts(text)):
            toggle(ctx, "orders", f"{order.pk}=1")
        return self.do_next(ctx, "")

    def do_next(self, ctx: Context, value: str) -> Answer:
        orders = [int(one) for one in ticked(ctx, "orders")]
        return Go(TakeBack, orders=orders, earlier=ctx.data.get("earlier", {}))


class TakeBack(Screen):
    """How each round came back; done by the one it was sent to unless said otherwise."""

    id = "polishing.take_back"
    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        ctx.data.update(ctx.params["earlier"])

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
        prefix = f"{words.number(order.receipt)}: " if several else ""
        other = _("no work done")
        if ctx.data.get(f"reason:{order.pk}"):
            return [
                Button(f"{prefix}{_('polished')}", "done", order.pk),
                Button(f"{prefix}{_('reason')}", "no_work", order.pk),
            ]
        return [
            Button(f"{prefix}{_('who polished')}", "who", order.pk),
            Button(f"{prefix}{other}", "no_work", order.pk),
        ]

    def subject(self, ctx: Context) -> str:
        return words.numbers([order.receipt for order in load_orders(ctx.params["orders"])])

    def on_back(self, ctx: Context) -> Move:
        return Return(earlier=dict(ctx.data))

    def do_who(self, ctx: Context, value: str) -> Answer:
        return Go(WhoPolished, order_id=int(value))

    def do_no_work(self, ctx: Context, value: str) -> Answer:
        return Go(WhyNoWork, order_id=int(value))

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
            return done_series(results, _("Taken back from polishing"), "polishing.menu")

        return Series([item(order) for order in load_orders(ctx.params["orders"])], finish)


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


card_action("polishing_take_back", OpenOrders.id, shown=is_out)
