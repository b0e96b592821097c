"""Hand to a master: numbers or ticks, the master, one confirm; then the next number for him."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Markup,
    Return,
    Screen,
    Series,
    SeriesItem,
    Stay,
    View,
    b,
    cancel_button,
    confirm_button,
    fmt,
    lines,
    menu_item,
    quote,
    tick,
)
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.confirming import INSPECTORS, expected, snapshot
from botapp.screens.deadline import ChooseDeadline
from botapp.screens.handed import handed
from botapp.screens.people import Candidate, PersonPicker, load_employee, masters
from botapp.screens.pickers import SeveralReceipts, load_receipts
from history.commands import CommandKey, Outcome
from receipts.models import OperationType, Receipt
from receipts.services.assignment import assign
from receipts.services.deadlines import change_deadline
from receipts.services.facts import set_urgent
from receipts.states import VERBS, Status
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.compiled import Count, Rows
from workshop.lib.text import REASON_LENGTH, clean_text

WATCHED = ("status", "master_id", "deadline")


class ToHandOut(SeveralReceipts):
    """Which watches."""

    id = "handover.receipts"
    roles = INSPECTORS
    verb = "assign"

    def title(self, ctx: Context) -> str:
        return _("👨‍🔧 Hand to a master")

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        return Go(PickMaster, receipt_ids=[one.pk for one in receipts])


class PickMaster(PersonPicker):
    """Which master; from the card for the one receipt."""

    id = "handover.master"
    roles = INSPECTORS

    def title(self, ctx: Context) -> Markup:
        receipts = load_receipts(_ids(ctx))
        return fmt(_("%(numbers)s: to which master?"), numbers=b(words.numbers(receipts)))

    def candidates(self, ctx: Context) -> list[Candidate]:
        return masters()

    def picked(self, ctx: Context, employee: Employee) -> Answer:
        return Go(Confirm, receipt_ids=_ids(ctx), master_id=employee.pk)

    def subject(self, ctx: Context) -> str:
        return words.numbers(load_receipts(_ids(ctx)))


class Confirm(Screen):
    """Names the master and the watches, old → new; urgency, deadline, purpose are buttons here."""

    id = "handover.confirm"
    roles = INSPECTORS

    def enter(self, ctx: Context) -> None:
        self._look(ctx)
        skills = _skills(ctx.params["master_id"])
        ctx.data["purpose"] = skills[0].pk if skills else None

    def _look(self, ctx: Context) -> None:
        receipts = load_receipts(_ids(ctx))
        ctx.data["shown"] = {str(one.pk): snapshot(one, WATCHED) for one in receipts}

    def view(self, ctx: Context) -> View:
        receipts = load_receipts(_ids(ctx))
        master = load_employee(ctx.params["master_id"])
        reason, deadline = ctx.data.get("reason"), clock.from_iso(ctx.data.get("deadline"))
        text = lines(
            fmt(_("Hand to the master: %(name)s"), name=b(master.short_name)),
            *(_change(one, master, deadline) for one in receipts),
            b(_("Will be marked 🔥 urgent")) if ctx.data.get("urgent") else None,
            quote(reason) if reason else None,
        )
        return View(text, [*self._switches(ctx, receipts), [confirm_button(), cancel_button()]])

    def _switches(self, ctx: Context, receipts: list[Receipt]) -> list[Row]:
        skills = _skills(ctx.params["master_id"])
        purposes = [_choice(ctx, row) for row in skills] if len(skills) > 1 else []
        urgent = tick(_("🔥 Urgent receipt"), "urgent", "flag", on=bool(ctx.data.get("urgent")))
        rows: list[Row] = [purposes] if purposes else []
        rows.append([urgent, Button(_("🕒 Deadline"), "deadline")])
        if any(one.master_id not in (None, ctx.params["master_id"]) for one in receipts):
            rows.append([Button(_("💬 Reason of the change"), "reason")])
        return rows

    def do_purpose(self, ctx: Context, value: str) -> Answer:
        ctx.data["purpose"] = int(value)
        return Stay()

    def do_urgent(self, ctx: Context, value: str) -> Answer:
        ctx.data["urgent"] = value.endswith("=1")
        return Stay()

    def do_deadline(self, ctx: Context, value: str) -> Answer:
        return Go(ChooseDeadline)

    def do_reason(self, ctx: Context, value: str) -> Answer:
        return Go(WhyChanged)

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        shown = ctx.data["shown"]
        self._look(ctx)
        items = [_item(ctx, one, shown.get(str(one.pk), {})) for one in load_receipts(_ids(ctx))]
        return Series(items, lambda results: handed(ctx, results))

    def subject(self, ctx: Context) -> str:
        return words.numbers(load_receipts(_ids(ctx)))


class WhyChanged(Screen):
    """Why another master: may be skipped."""

    id = "handover.reason"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        return View(_("Why does the master change?"), skip=True)

    def on_text(self, ctx: Context, text: str) -> Answer:
        return Return(reason=clean_text(text, field="reason", limit=REASON_LENGTH))

    def on_skip(self, ctx: Context) -> Answer:
        return Return(reason="")


# --- the parts --------------------------------------------------------------------------------


def _ids(ctx: Context) -> list[int]:
    """Several from the list, or the one of the card."""
    return ctx.params.get("receipt_ids") or [ctx.params["receipt_id"]]


_kinds: Rows[OperationType] = Rows(
    lambda slot: (
        OperationType.objects.active()
        .filter(performers=slot("master_id"))
        .filter(recorded_by_polishing=False)
    )
)


def _skills(master_id: int) -> list[OperationType]:
    return _kinds.all(master_id=master_id)


def _choice(ctx: Context, kind: OperationType) -> Button:
    mark = "✅" if ctx.data.get("purpose") == kind.pk else "▫️"
    return Button(f"{mark} {kind.name}", "purpose", kind.pk)


def _change(receipt: Receipt, master: Employee, deadline: datetime | None) -> Markup:
    """One watch, old → new: its master, its status, its deadline when that changes too."""
    now_at = receipt.master.short_name if receipt.master else "–"
    change = {"number": b(words.number(receipt)), "old": now_at, "new": master.short_name}
    stays = receipt.master_id == master.pk
    if stays and receipt.status == Status.IN_WORK:
        handed = fmt(_("%(number)s: %(new)s has it already"), **change)
    elif stays:
        text = _("%(number)s: %(new)s again · %(status)s → %(after)s")
        status = words.status(receipt)
        handed = fmt(text, **change, status=status, after=Status.IN_WORK.label)
    elif receipt.status == Status.IN_WORK:
        handed = fmt(_("%(number)s: %(old)s → %(new)s"), **change)
    else:
        text = _("%(number)s: %(old)s → %(new)s · %(status)s → %(after)s")
        status = words.status(receipt)
        handed = fmt(text, **change, status=status, after=Status.IN_WORK.label)
    if deadline is None or deadline == receipt.deadline:
        return handed
    old, new = words.moment(receipt.deadline), b(words.moment(deadline))
    return lines(handed, fmt(_("Deadline: %(old)s → %(new)s"), old=old, new=new))


def _item(ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> SeriesItem:
    """One receipt in one transaction; the hand-over comes last, so that Undo finds it last."""
    seen = expected(shown)
    data, master_id = ctx.data, ctx.params["master_id"]

    def run(key: CommandKey) -> Outcome[Receipt]:
        if data.get("urgent"):
            set_urgent(
                receipt_id=receipt.pk, urgent=True, actor=ctx.actor, command=_part(key, "urgent")
            )
        if data.get("deadline"):
            change_deadline(
                receipt_id=receipt.pk,
                deadline=clock.from_iso(data["deadline"]),
                expected={"deadline": seen["deadline"]},
                actor=ctx.actor,
                command=_part(key, "deadline"),
            )
        return assign(
            receipt_id=receipt.pk,
            master_id=master_id,
            purpose_id=data.get("purpose"),
            reason=data.get("reason", ""),
            expected={name: seen[name] for name in ("status", "master_id")},
            actor=ctx.actor,
            command=key,
        )

    return SeriesItem(receipt.pk, run, words.number(receipt))


def _part(key: CommandKey, name: str) -> CommandKey:
    return CommandKey(key.client, f"{key.key}:{name}")


_to_hand = Count(
    lambda _slot: Receipt.objects.valid().filter(status__in=(Status.RECEIVED, Status.RETURNED))
)


def _waiting(ctx: Context) -> int:
    return _to_hand.of()


def _label(receipt: Receipt) -> str:
    """Another master is another word."""
    return str(VERBS["assign"].label) if receipt.master_id is None else _("👨‍🔧 Change the master")


card_action("assign", PickMaster.id, label=_label)
menu_item(
    gettext_lazy("👨‍🔧 Hand to a master"),
    ToHandOut.id,
    place=20,
    roles=INSPECTORS,
    counter=_waiting,
)
