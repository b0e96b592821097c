"""Who is responsible, decided or changed later: old → new with a reason."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Screen,
    Stay,
    View,
    b,
    cancel_button,
    confirm_button,
    fmt,
    lines,
    paged,
    quote,
)
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.pickers import load_receipt
from botapp.screens.results import AboutReceipt
from botapp.screens.return_draft import Said, not_ours
from botapp.screens.return_people import PickAssembler, WhoIsIt
from receipts.models import Receipt, ReturnCase, ReturnItem
from receipts.services.returns import change_assembler, change_responsible
from staff import roles
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.errors import NotFound
from workshop.lib.text import REASON_LENGTH, clean_text

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class Items(Screen):
    """The reasons of all returns of a receipt, each with who it stands with."""

    id = "return.items"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        buttons = [
            Button(f"{item.reason_name}: {stands_with(item)}", "open", item.pk)
            for item in items_of(receipt)
        ]
        for case in cases_of(receipt):
            label = _("Whole watch, assembler: %(name)s") % {"name": case.assembler or _("nobody")}
            buttons.append(Button(label, "assembler", case.pk))
        text = _("%(number)s: which reason is decided or changed?")
        return View(fmt(text, number=b(words.number(receipt))), paged(ctx, buttons))

    def do_open(self, ctx: Context, value: str) -> Answer:
        return Go(Decide, item_id=int(value))

    def do_assembler(self, ctx: Context, value: str) -> Answer:
        return Go(DecideAssembler, return_id=int(value), receipt_id=ctx.params["receipt_id"])


class Decide(Screen):
    """One reason: the person is pressed, the reason is typed, both are confirmed."""

    id = "return.decide"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        item = load_item(ctx.params["item_id"])
        said = self._said(ctx, item)
        reason = ctx.data.get("reason")
        text = lines(
            fmt(
                _("%(number)s, return of %(when)s: %(reason)s"),
                number=b(words.number(item.return_case.receipt)),
                when=clock.show(item.return_case.returned_at),
                reason=b(item.reason_name),
            ),
            item.return_case.comment or None,
            fmt(
                _("Responsible: %(old)s → %(new)s"),
                old=stands_with(item),
                new=b(said.words() if said.answer else "?"),
            ),
            quote(reason) if reason else None,
            _wanted(said, reason),
        )
        rows = [[Button(_("Responsible?"), "who")]]
        ready = [[confirm_button(), cancel_button()]] if said.answer and reason else []
        return View(text, [*rows, *ready])

    def subject(self, ctx: Context) -> str:
        return words.number(load_item(ctx.params["item_id"]).return_case.receipt)

    def _said(self, ctx: Context, item: ReturnItem) -> Said:
        return Said(ctx.data.get(f"who:{item.reason_id}", ""))

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["reason"] = clean_text(text, field="reason", limit=REASON_LENGTH)
        return Stay()

    def do_who(self, ctx: Context, value: str) -> Answer:
        item = load_item(ctx.params["item_id"])
        receipt_id = item.return_case.receipt_id
        return Go(WhoIsIt, receipt_id=receipt_id, reason_id=item.reason_id)

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        item = load_item(ctx.params["item_id"])
        said = self._said(ctx, item)
        receipt = item.return_case.receipt
        outcome = change_responsible(
            receipt_id=receipt.pk,
            item_id=item.pk,
            responsibility=said.responsibility,
            responsible_id=said.person_id,
            cause=said.cause,
            reason=ctx.data["reason"],
            actor=ctx.actor,
            command=ctx.command,
        )
        told = fmt(_("Responsible: %(old)s → %(new)s"), old=stands_with(item), new=b(said.words()))
        return Done(words.done(outcome, told), "receipt.card", receipt_id=receipt.pk)


def _wanted(said: Said, reason: str | None) -> str | None:
    """What is still to be said."""
    if not said.answer:
        return _("Press “Responsible?” and type the reason.")
    return None if reason else _("Type the reason of the decision.")


class DecideAssembler(AboutReceipt, Screen):
    """The assembler of record of one return: pressed, with the reason typed."""

    id = "return.decide_assembler"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        case = self._case(ctx)
        reason, chosen = ctx.data.get("reason"), "assembler" in ctx.data
        new = (self._new(ctx) or _("nobody")) if chosen else "?"
        text = lines(
            fmt(
                _("%(number)s, return of %(when)s"),
                number=b(words.number(load_receipt(ctx.params["receipt_id"]))),
                when=clock.show(case.returned_at),
            ),
            fmt(
                _("Whole watch, assembler: %(old)s → %(new)s"),
                old=case.assembler or _("nobody"),
                new=b(new),
            ),
            quote(reason) if reason else _("Type the reason of the decision."),
        )
        ready = [[confirm_button(), cancel_button()]] if chosen and reason else []
        return View(text, [[Button(_("Assembler"), "who")], *ready])

    def _case(self, ctx: Context) -> ReturnCase:
        for case in cases_of(load_receipt(ctx.params["receipt_id"])):
            if case.pk == ctx.params["return_id"]:
                return case
        raise NotFound("receipts.no_such_return", _("There is no such return."))

    def _new(self, ctx: Context) -> Employee | None:
        return Employee.objects.filter(pk=ctx.data["assembler"]).first()

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["reason"] = clean_text(text, field="reason", limit=REASON_LENGTH)
        return Stay()

    def do_who(self, ctx: Context, value: str) -> Answer:
        return Go(PickAssembler, receipt_id=ctx.params["receipt_id"])

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        new = self._new(ctx)
        outcome = change_assembler(
            receipt_id=ctx.params["receipt_id"],
            return_id=ctx.params["return_id"],
            assembler_id=new.pk if new else None,
            reason=ctx.data["reason"],
            actor=ctx.actor,
            command=ctx.command,
        )
        told = fmt(_("Whole watch, assembler: %(name)s"), name=b(new or _("nobody")))
        receipt_id = ctx.params["receipt_id"]
        return Done(words.done(outcome, told), "receipt.card", receipt_id=receipt_id)


def load_item(item_id: int) -> ReturnItem:
    """A reason of a return that stands."""
    rows = ReturnItem.objects.select_related("return_case__receipt", "responsible")
    found = rows.filter(pk=item_id, return_case__voided_at__isnull=True).first()
    if found is None:
        raise NotFound("receipts.no_such_item", _("There is no such return."))
    return found


def items_of(receipt: Receipt) -> list[ReturnItem]:
    """The reasons of the returns that stand, latest first."""
    rows = ReturnItem.objects.filter(
        return_case__receipt=receipt, return_case__voided_at__isnull=True
    )
    return list(rows.select_related("responsible").order_by("-return_case_id", "id"))


def cases_of(receipt: Receipt) -> list[ReturnCase]:
    """The returns that stand, latest first."""
    rows = ReturnCase.objects.valid().filter(receipt=receipt)
    return list(rows.select_related("assembler").order_by("-returned_at", "-id"))


def stands_with(item: ReturnItem) -> str:
    """Who it stands with now, in words."""
    if item.responsible is not None:
        return item.responsible.short_name
    if item.responsibility == ReturnItem.Responsibility.NOT_OURS:
        return not_ours(item.cause)
    return _("Decide later")


def was_returned(receipt: Receipt) -> bool:
    return bool(items_of(receipt))


card_action(
    "change_responsible",
    Items.id,
    label=lazy("Change the responsible"),
    more=True,
    shown=was_returned,
)
