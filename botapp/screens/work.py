"""Record work: a number, the kinds of work with check marks, each with its person, done."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Markup,
    Return,
    Screen,
    Stay,
    View,
    b,
    fmt,
    lines,
    menu_item,
    tick,
    ticked,
    toggle,
)
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.people import Candidate, PersonPicker, everybody, load_employee, performers
from botapp.screens.pickers import ReceiptPrompt, load_receipt
from botapp.screens.quality import work_lines
from botapp.screens.results import AboutReceipt, Undoing, expected, finished, shown
from polishing.selectors import open_orders
from receipts import selectors
from receipts.models import OperationType, Receipt
from receipts.services.works import WorkInput, record_work
from staff import roles
from staff.models import Employee
from workshop.lib.errors import RuleViolation

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class Start(Undoing, ReceiptPrompt):
    """Which watch; in a series the kinds of the last one stay ticked."""

    id = "work.start"
    roles = INSPECTORS
    parkable = False
    verb = "record_work"

    def title(self, ctx: Context) -> Any:
        return b(_("Record work"))

    def view(self, ctx: Context) -> View:
        usual = super().view(ctx)
        return View(usual.text, [*self.undo_rows(ctx), *usual.rows])

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        kinds = ctx.params.get("kinds", [])
        return Go(Kinds, receipt_id=receipts[0].pk, kinds=kinds, series=True)


class Kinds(AboutReceipt, Screen):
    """What was done and by whom: a tick, the suggested person, a tap changes him."""

    id = "work.types"
    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        receipt = load_receipt(ctx.params["receipt_id"])
        offered = {str(kind.pk) for kind in offered_kinds(receipt)}
        ctx.data["kinds"] = [one for one in ctx.params.get("kinds", []) if one in offered]

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        chosen = ticked(ctx, "kinds")
        rows: list[Row] = []
        for kind in offered_kinds(receipt):
            on = str(kind.pk) in chosen
            person = self._person(ctx, receipt, kind)
            name = person.short_name if person else _("who?")
            row = [tick(f"{kind}: {name}", "mark", kind.pk, on=on)]
            rows.append([*row, Button(_("✏ Who"), "who", kind.pk)] if on else row)
        if chosen:
            label = _("🔧 Record (%(count)s)") % {"count": len(chosen)}
            rows.append([Button(label, "record", shown(receipt))])
        text = lines(
            words.head(receipt, ctx.now),
            "",
            *work_lines(receipt),
            *self._unskilled(ctx, receipt, chosen),
            _("What was done? Tick it."),
        )
        return View(text, rows)

    def _unskilled(self, ctx: Context, receipt: Receipt, chosen: list[str]) -> list[Markup]:
        """A ticked work that is not among its person's skills: said before it is recorded."""
        told = []
        for kind in offered_kinds(receipt):
            person = self._person(ctx, receipt, kind) if str(kind.pk) in chosen else None
            if person and not kind.performers.filter(pk=person.pk).exists():
                text = _("⚠ %(work)s is not among the skills of: %(name)s")
                told.append(fmt(text, work=kind, name=person.short_name))
        return told

    def _person(self, ctx: Context, receipt: Receipt, kind: OperationType) -> Employee | None:
        given = ctx.data.get(f"who:{kind.pk}")
        return load_employee(given) if given else selectors.suggest_performer(receipt, kind)

    def do_mark(self, ctx: Context, value: str) -> Answer:
        toggle(ctx, "kinds", value)
        return Stay()

    def do_who(self, ctx: Context, value: str) -> Answer:
        return Go(Performer, receipt_id=ctx.params["receipt_id"], type_id=int(value))

    def do_record(self, ctx: Context, value: str) -> Answer:
        receipt = load_receipt(ctx.params["receipt_id"])
        works, told = [], []
        for kind in offered_kinds(receipt):
            if str(kind.pk) not in ticked(ctx, "kinds"):
                continue
            person = self._person(ctx, receipt, kind)
            if person is None:
                raise RuleViolation(
                    "bot.performer_open", _("Who did it: %(work)s?"), params={"work": kind}
                )
            works.append(WorkInput(kind.pk, person.pk))
            told.append(f"{kind}, {person.short_name}")
        outcome = record_work(
            receipt_id=receipt.pk,
            works=works,
            expected=expected(value),
            actor=ctx.actor,
            command=ctx.command,
        )
        text = fmt(
            _("%(number)s: recorded: %(works)s"),
            number=b(words.number(receipt)),
            works="; ".join(told),
        )
        if ctx.params.get("series"):
            return finished(outcome, text, Start.id, kinds=ticked(ctx, "kinds"))
        return finished(outcome, text, "receipt.card", receipt_id=receipt.pk)


class Performer(AboutReceipt, PersonPicker):
    """Who did this work."""

    id = "work.who"
    roles = INSPECTORS

    def title(self, ctx: Context) -> Any:
        kind = OperationType.objects.get(pk=ctx.params["type_id"])
        number = words.number(load_receipt(ctx.params["receipt_id"]))
        return fmt(_("%(number)s, %(work)s: who did it?"), number=number, work=b(kind))

    def candidates(self, ctx: Context) -> list[Candidate]:
        if ctx.data.get("all"):
            return everybody()
        return performers(OperationType.objects.get(pk=ctx.params["type_id"])) or everybody()

    def view(self, ctx: Context) -> View:
        usual = super().view(ctx)
        other = [] if ctx.data.get("all") else [[Button(_("Someone else"), "all")]]
        return View(usual.text, [*usual.rows, *other])

    def do_all(self, ctx: Context, value: str) -> Answer:
        ctx.data["all"] = True
        return Stay()

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        return Return(**{f"who:{ctx.params['type_id']}": employee.pk})


def offered_kinds(receipt: Receipt) -> list[OperationType]:
    """All active kinds; polishing only while nothing lies at a polisher: it is taken back there."""
    kinds = OperationType.objects.active()
    if open_orders().filter(receipt=receipt).exists():
        kinds = kinds.filter(recorded_by_polishing=False)
    return list(kinds)


card_action("record_work", Kinds.id)
menu_item(lazy("🔧 Record work"), Start.id, place=40, roles=INSPECTORS)
