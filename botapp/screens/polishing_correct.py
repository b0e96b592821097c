"""Correct a polishing order later: facts old → new, a wrong taking back, a wrong order."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Return,
    Screen,
    Stay,
    View,
    b,
    cancel_button,
    confirm_button,
    fmt,
    grid,
    lines,
    paged,
    quote,
)
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.people import Candidate, PersonPicker, polishers
from botapp.screens.pickers import load_receipt
from botapp.screens.polishing_answers import AboutOrder
from botapp.screens.polishing_back import load_orders
from history.commands import Outcome
from polishing.events import part_names
from polishing.models import PolishingOrder
from polishing.services.orders import correct_order, reopen_order, void_order
from receipts.models import Metal, Receipt
from staff import roles
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.text import REASON_LENGTH, clean_text

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class WhichOrder(Screen):
    """The rounds of this receipt, latest first."""

    id = "polishing.which"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        buttons = [Button(order_label(order), "open", order.pk) for order in orders_of(receipt)]
        text = _("%(number)s: which polishing order is corrected?")
        return View(fmt(text, number=b(words.number(receipt))), paged(ctx, buttons))

    def do_open(self, ctx: Context, value: str) -> Answer:
        return Go(CorrectOrder, order_id=int(value))


class CorrectOrder(AboutOrder, Screen):
    """What is changed is pressed, why is typed; the confirm stands below old → new."""

    id = "polishing.correct"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        order = load_order(ctx)
        reason = ctx.data.get("reason")
        changes = [
            fmt("%(label)s: %(old)s → %(new)s", label=label, old=old, new=b(new))
            for label, old, new in self._changes(ctx, order)
        ]
        text = lines(
            fmt("%(order)s", order=b(order_label(order))),
            *changes,
            quote(reason) if reason else _("Press what was wrong, then type why it is changed."),
        )
        if ctx.data.get("asking") == "metal":
            metals = [Button(row.name, "metal", row.pk) for row in Metal.objects.active()]
            return View(text, grid(metals))
        ready = [[confirm_button(), cancel_button()]] if changes and reason else []
        return View(text, [*self._rows(ctx, order), *ready])

    def _changes(self, ctx: Context, order: PolishingOrder) -> list[tuple[str, Any, Any]]:
        """What is to be changed, in words; a wrong round or taking back counts as one change."""
        undone = {
            "void": (_("Polishing order"), order_label(order), _("void")),
            "reopen": (_("Polishing order"), _("taken back"), _("at the polisher")),
        }
        whole = ctx.data.get("whole")
        if whole:
            return [undone[whole]]
        found: list[tuple[str, Any, Any]] = []
        for name, value in ctx.data.get("changes", {}).items():
            new = _in_words(name, value)
            found.append((_labels()[name], _in_words(name, _present(order, name)), new))
        return found

    def _rows(self, ctx: Context, order: PolishingOrder) -> list[Row]:
        facts = ctx.data.get("changes", {})
        difficult = facts.get("difficult", order.difficult)
        rows: list[Row] = [
            [
                Button(_("Polisher"), "who", "polisher"),
                *([Button(_("Who polished"), "who", "polished_by")] if order.operation_id else []),
            ],
            [
                Button(_("Metal"), "ask", "metal"),
                Button(
                    _("Not difficult") if difficult else _("Difficult"),
                    "difficult",
                    0 if difficult else 1,
                ),
            ],
            [
                *([Button(_("Not back yet"), "whole", "reopen")] if order.returned_at else []),
                Button(_("Void the order"), "whole", "void"),
            ],
        ]
        return rows

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["reason"] = clean_text(text, field="reason", limit=REASON_LENGTH)
        return Stay()

    def on_back(self, ctx: Context) -> Any:
        return Stay() if ctx.data.pop("asking", "") else super().on_back(ctx)

    def _change(self, ctx: Context, name: str, value: Any) -> Stay:
        ctx.data["changes"] = {**ctx.data.get("changes", {}), name: value}
        ctx.data["whole"], ctx.data["asking"] = "", ""
        return Stay()

    def do_who(self, ctx: Context, value: str) -> Answer:
        return Go(PickAnother, field=value, changes=ctx.data.get("changes", {}), **ctx.params)

    def do_ask(self, ctx: Context, value: str) -> Answer:
        ctx.data["asking"] = value
        return Stay()

    def do_metal(self, ctx: Context, value: str) -> Answer:
        return self._change(ctx, "metal", int(value))

    def do_difficult(self, ctx: Context, value: str) -> Answer:
        return self._change(ctx, "difficult", value == "1")

    def do_whole(self, ctx: Context, value: str) -> Answer:
        ctx.data["whole"], ctx.data["changes"] = value, {}
        return Stay()

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        order = load_order(ctx)
        outcome = self._run(ctx, order)
        told = fmt(_("Corrected: %(order)s"), order=b(order_label(load_order(ctx))))
        return Done(words.done(outcome, told), "receipt.card", receipt_id=order.receipt_id)

    def _run(self, ctx: Context, order: PolishingOrder) -> Outcome[PolishingOrder]:
        common: dict[str, Any] = {
            "order_id": order.pk,
            "reason": ctx.data["reason"],
            "actor": ctx.actor,
            "command": ctx.command,
        }
        if ctx.data.get("whole") == "void":
            return void_order(**common)
        if ctx.data.get("whole") == "reopen":
            return reopen_order(**common)
        return correct_order(changes=ctx.data["changes"], **common)


class PickAnother(AboutOrder, PersonPicker):
    """Another polisher, for the order or for who really polished."""

    id = "polishing.correct_who"
    roles = INSPECTORS

    def title(self, ctx: Context) -> Any:
        return fmt("%(label)s?", label=_labels()[ctx.params["field"]])

    def candidates(self, ctx: Context) -> list[Candidate]:
        return polishers()

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        changes = {**ctx.params["changes"], ctx.params["field"]: employee.pk}
        return Return(changes=changes, whole="")


def orders_of(receipt: Receipt) -> list[PolishingOrder]:
    rows = PolishingOrder.objects.valid().filter(receipt=receipt)
    return list(rows.select_related("receipt", "polisher", "polished_by").order_by("-sent_at"))


def load_order(ctx: Context) -> PolishingOrder:
    return load_orders([ctx.params["order_id"]])[0]


def order_label(order: PolishingOrder) -> str:
    """«№101 · Павлов П. · корпус · 01.02.2026 10:00»."""
    who = (order.polished_by or order.polisher).short_name
    parts = [words.number(order.receipt), who, part_names(order.parts), clock.show(order.sent_at)]
    return " · ".join(parts)


def _labels() -> dict[str, str]:
    return {
        "polisher": _("Polisher"),
        "polished_by": _("Who polished"),
        "metal": _("Metal"),
        "difficult": _("Difficult"),
    }


def _present(order: PolishingOrder, name: str) -> Any:
    return order.difficult if name == "difficult" else getattr(order, f"{name}_id")


def _in_words(name: str, value: Any) -> str:
    if name == "difficult":
        return _("yes") if value else _("no")
    if value is None:
        return "–"
    if name == "metal":
        return str(Metal.objects.get(pk=value))
    return Employee.objects.get(pk=value).short_name


def was_sent(receipt: Receipt) -> bool:
    return bool(orders_of(receipt))


card_action(
    "polishing_correct",
    WhichOrder.id,
    label=lazy("Correct polishing"),
    more=True,
    shown=was_sent,
)
