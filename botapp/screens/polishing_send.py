"""Send to polishing: the polisher, numbers, one screen per watch, one confirm with the list."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Back,
    Button,
    Context,
    Go,
    Markup,
    Move,
    Return,
    Screen,
    Stay,
    View,
    b,
    fmt,
    grid,
    lines,
)
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.past_input import parse_past
from botapp.screens.people import Candidate, PersonPicker, load_employee, polishers
from botapp.screens.pickers import SeveralReceipts, load_receipt
from botapp.screens.polishing_facts import earlier_lines, facts_line, pre_filled, switches
from polishing.selectors import open_orders
from receipts.models import Metal, Receipt
from receipts.states import ensure_possible
from staff import roles
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.errors import RuleViolation
from workshop.lib.text import REASON_LENGTH, clean_text

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class PickPolisher(PersonPicker):
    """Who polishes; with what already lies at him."""

    id = "polishing.polisher"
    roles = INSPECTORS

    def title(self, ctx: Context) -> Any:
        return b(_("Send to polishing: which polisher?"))

    def candidates(self, ctx: Context) -> list[Candidate]:
        return polishers()

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        known = ctx.params.get("receipt_id")
        if known:
            return Go(EachWatch, polisher_id=employee.pk, receipts=[known])
        return Go(PickWatches, polisher_id=employee.pk)


class PickWatches(SeveralReceipts):
    """One number or several in one message."""

    id = "polishing.numbers"
    roles = INSPECTORS
    verb = "polishing_send"

    def title(self, ctx: Context) -> Any:
        polisher = load_employee(ctx.params["polisher_id"])
        return fmt(_("To polishing: %(name)s"), name=b(polisher))

    def likely(self, ctx: Context) -> list[Receipt]:
        return not_out(super().likely(ctx))

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        ensure_sendable(receipts)
        ids = [receipt.pk for receipt in receipts]
        return Go(EachWatch, **ctx.params, receipts=ids, earlier=ctx.data.get("earlier", {}))


class EachWatch(Screen):
    """One watch after the other, everything pre-filled; the answers of all are kept here."""

    id = "polishing.watch"
    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        ctx.data["at"] = 0
        known = ctx.params.get("earlier", {})
        ctx.data["facts"] = {
            str(pk): known.get(str(pk)) or pre_filled(load_receipt(pk))
            for pk in ctx.params["receipts"]
        }

    def _current(self, ctx: Context) -> tuple[Receipt, dict[str, Any]]:
        pk = ctx.params["receipts"][ctx.data["at"]]
        return load_receipt(pk), ctx.data["facts"][str(pk)]

    def view(self, ctx: Context) -> View:
        receipt, facts = self._current(ctx)
        text = lines(
            self._head(ctx, receipt),
            words.watch(receipt) or None,
            *earlier_lines(receipt),
            b(_("⛔ Do not polish")) if receipt.do_not_polish else None,
            "",
            facts_line(facts),
            self._question(ctx, receipt, facts),
        )
        if ctx.data.get("asking") == "metal":
            metals = [Button(row.name, "metal", row.pk) for row in Metal.objects.active()]
            return View(text, grid(metals))
        return View(text, switches(facts))

    def _head(self, ctx: Context, receipt: Receipt) -> Markup:
        """Which of how many, when there are several."""
        count = len(ctx.params["receipts"])
        name = b(load_employee(ctx.params["polisher_id"]))
        if count == 1:
            text = _("%(number)s to polishing: %(name)s")
            return fmt(text, number=b(words.number(receipt)), name=name)
        text = _("%(number)s (%(at)s of %(count)s) to polishing: %(name)s")
        number = b(words.number(receipt))
        return fmt(text, number=number, at=ctx.data["at"] + 1, count=count, name=name)

    def _question(self, ctx: Context, receipt: Receipt, facts: dict[str, Any]) -> str:
        asking = self._asking(ctx, receipt, facts)
        if asking == "allowed_by":
            return _("Who allowed polishing? Type it.")
        if asking == "metal":
            return _("Which metal?")
        if asking == "sent_at":
            return _("When was it handed over? For example: yesterday 15:00 · 20.11 18:30")
        return _("A comment can be typed now.")

    def _asking(self, ctx: Context, receipt: Receipt, facts: dict[str, Any]) -> str:
        if receipt.do_not_polish and not facts["allowed_by"]:
            return "allowed_by"
        return str(ctx.data.get("asking") or "comment")

    def subject(self, ctx: Context) -> str:
        return words.number(self._current(ctx)[0])

    def on_text(self, ctx: Context, text: str) -> Answer:
        receipt, facts = self._current(ctx)
        asking = self._asking(ctx, receipt, facts)
        if asking == "metal":
            return Stay(_("Please use the buttons. /menu opens the menu."))
        if asking == "sent_at":
            facts["sent_at"] = clock.iso(parse_past(text, ctx.now))
        else:
            limit = 150 if asking == "allowed_by" else REASON_LENGTH
            facts[asking] = clean_text(text, field=asking, limit=limit)
        ctx.data["asking"] = ""
        return Stay()

    def on_back(self, ctx: Context) -> Move:
        if ctx.data.get("asking"):
            ctx.data["asking"] = ""
            return Stay()
        if ctx.data["at"] > 0:
            ctx.data["at"] -= 1
            return Stay()
        if "earlier" not in ctx.params or ctx.params.get("one"):
            return Back()
        return Return(earlier=ctx.data["facts"])

    def do_set(self, ctx: Context, value: str) -> Answer:
        """«bracelet=1»: the switch is on."""
        name, _sign, on = value.partition("=")
        self._current(ctx)[1][name] = on == "1"
        return Stay()

    def do_ask(self, ctx: Context, value: str) -> Answer:
        ctx.data["asking"] = value
        return Stay()

    def do_metal(self, ctx: Context, value: str) -> Answer:
        self._current(ctx)[1]["metal"] = int(value)
        ctx.data["asking"] = ""
        return Stay()

    def do_next(self, ctx: Context, value: str) -> Answer:
        receipt, facts = self._current(ctx)
        if receipt.do_not_polish and not facts["allowed_by"]:
            return Stay(_("This watch must not be polished. Who allowed it?"))
        if not (facts["case"] or facts["bracelet"]):
            raise RuleViolation(
                "polishing.no_part", _("Choose what is polished: case, bracelet or both.")
            )
        ctx.data["asking"] = ""
        if ctx.params.get("one"):  # from the list, where the others wait
            pk = str(receipt.pk)
            return Return(**{f"facts:{pk}": facts})
        if ctx.data["at"] + 1 < len(ctx.params["receipts"]):
            ctx.data["at"] += 1
            return Stay()
        return Go(
            "polishing.confirm",
            polisher_id=ctx.params["polisher_id"],
            facts=list(ctx.data["facts"].items()),
        )


def ensure_sendable(receipts: list[Receipt]) -> None:
    for receipt in receipts:
        ensure_possible("polishing_send", receipt.status)


def not_out(receipts: list[Receipt]) -> list[Receipt]:
    """Without those whose parts are at a polisher already: typed, their number is still taken."""
    out = set(open_orders().filter(receipt__in=receipts).values_list("receipt_id", flat=True))
    return [one for one in receipts if one.pk not in out]


card_action("polishing_send", PickPolisher.id)
