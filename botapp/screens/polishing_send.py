"""Send to polishing: the polisher, numbers, one screen per watch, one confirm with the list."""

from __future__ import annotations

from typing import Any

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
    cancel_button,
    confirm_button,
    fmt,
    grid,
    lines,
)
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.past_input import parse_past
from botapp.screens.pickers import (
    Candidate,
    PersonPicker,
    SeveralReceipts,
    load_employee,
    load_receipt,
    polishers,
)
from botapp.screens.polishing_facts import earlier_lines, facts_line, pre_filled, switches
from botapp.screens.results import done_series
from history.commands import CommandKey, Outcome
from polishing.models import PolishingOrder
from polishing.services.batches import open_batch
from polishing.services.orders import send_to_polishing
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

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        for receipt in receipts:
            ensure_possible(self.verb, receipt.status)
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
            fmt(
                _("%(number)s (%(at)s of %(count)s) to polishing: %(name)s"),
                number=b(words.number(receipt)),
                at=ctx.data["at"] + 1,
                count=len(ctx.params["receipts"]),
                name=b(load_employee(ctx.params["polisher_id"])),
            ),
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
        return Return(earlier=ctx.data["facts"]) if "earlier" in ctx.params else Back()

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
        if ctx.data["at"] + 1 < len(ctx.params["receipts"]):
            ctx.data["at"] += 1
            return Stay()
        return Go(
            ConfirmSend,
            polisher_id=ctx.params["polisher_id"],
            facts=list(ctx.data["facts"].items()),
        )


class ConfirmSend(Screen):
    """One confirm with the whole list; several watches make a batch."""

    id = "polishing.confirm"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        polisher = load_employee(ctx.params["polisher_id"])
        told = [
            fmt("• %(number)s: %(facts)s", number=b(_number(pk)), facts=facts_line(facts))
            for pk, facts in ctx.params["facts"]
        ]
        text = lines(fmt(_("Send to polishing: %(name)s"), name=b(polisher)), *told)
        return View(text, [[confirm_button(), cancel_button()]])

    def subject(self, ctx: Context) -> str:
        return ", ".join(_number(pk) for pk, _facts in ctx.params["facts"])

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        handed = ctx.params["facts"]
        batch = _Batch(ctx) if len(handed) > 1 else None
        items = [_item(ctx, int(pk), facts, batch) for pk, facts in handed]

        def finish(results: list[SeriesResult]) -> Done:
            name = load_employee(ctx.params["polisher_id"]).short_name
            head = fmt(_("Sent to polishing: %(name)s"), name=b(name))
            told = fmt("%(head)s · %(batch)s", head=head, batch=batch) if batch else head
            number = batch.id if batch else 0
            return done_series(results, told, "polishing.menu", batch=number)

        return Series(items, finish)


class _Batch:
    """The batch of one confirm: opened by the first watch that really goes, in its transaction."""

    def __init__(self, ctx: Context) -> None:
        self.ctx, self.key, self.name, self.id = ctx, ctx.command_for("batch"), "", 0

    def __str__(self) -> str:
        return self.name

    def __bool__(self) -> bool:
        return bool(self.id)

    def send(self, key: CommandKey, **facts: Any) -> Outcome[PolishingOrder]:
        batch = open_batch(
            polisher_id=facts["polisher_id"], actor=self.ctx.actor, command=self.key
        ).object
        outcome = send_to_polishing(**facts, batch_id=batch.pk, actor=self.ctx.actor, command=key)
        self.id, self.name = batch.pk, str(batch)
        return outcome


def _item(ctx: Context, pk: int, facts: dict[str, Any], batch: _Batch | None) -> SeriesItem:
    values = {
        "receipt_id": pk,
        "polisher_id": ctx.params["polisher_id"],
        "case": facts["case"],
        "bracelet": facts["bracelet"],
        "metal_id": facts["metal"],
        "difficult": facts["difficult"],
        "comment": facts["comment"],
        "sent_at": clock.from_iso(facts["sent_at"]),
        "allowed_by": facts["allowed_by"],
    }

    def run(key: CommandKey) -> Outcome[PolishingOrder]:
        if batch is not None:
            return batch.send(key, **values)
        return send_to_polishing(**values, actor=ctx.actor, command=key)

    return SeriesItem(pk, run, _number(pk))


def _number(pk: int | str) -> str:
    return words.number(load_receipt(int(pk)))


card_action("polishing_send", PickPolisher.id)
