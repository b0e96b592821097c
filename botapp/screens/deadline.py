"""The deadline: natural text or a button, shown resolved with weekday and year, then saved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Markup,
    Move,
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
)
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.confirming import INSPECTORS, ReceiptConfirm
from botapp.screens.pickers import ReceiptPrompt, load_receipt
from history.commands import Outcome
from receipts.deadline_input import parse_deadline, quick_choices
from receipts.models import DeadlineCause, Receipt
from receipts.services.calendars import current_calendar
from receipts.services.deadlines import change_deadline
from receipts.states import VERBS
from workshop.lib import clock

CLEAR = "clear"


def parse(text: str, now: datetime) -> datetime:
    """The moment that was typed. RuleViolation ``receipts.deadline_*``."""
    default = settings.WORKSHOP_DEADLINE_TIME
    return parse_deadline(text, now=now, default_time=default, zone=clock.zone()).at


def choice_buttons(now: datetime) -> list[Button]:
    """The quick choices; each button carries the very moment that its label shows."""
    choices = quick_choices(
        now,
        settings.WORKSHOP_DEADLINE_TIME,
        clock.zone(),
        current_calendar(),
        settings.WORKSHOP_DEADLINE_DEFAULT_DAYS,
    )
    return [
        Button(f"{one.label} · {words.short_day(one.at)}", "at", clock.iso(one.at) or "")
        for one in choices
    ]


class ChooseDeadline(Screen):
    """Inside another flow, which shows the moment on its own confirm screen."""

    id = "deadline.choose"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        first, *others = choice_buttons(ctx.now)
        text = lines(_("Until when?"), asks(), entered(ctx))
        return View(text, [[first], *grid(others)])

    def do_at(self, ctx: Context, value: str) -> Answer:
        return Return(deadline=value)

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["typed"] = text
        return Return(deadline=clock.iso(parse(text, ctx.now)))


class EnterDeadline(ReceiptConfirm):
    """A new deadline for one receipt: chosen or typed, old → new, and saved, on one screen.

    Where none stands yet the usual one is chosen already; where one is changed, nothing is, and
    the cause is the confirming button. ``deadline`` among the params: the one of the last receipt.
    """

    id = "deadline.enter"
    watched = ("deadline",)

    def enter(self, ctx: Context) -> None:
        super().enter(ctx)
        receipt = load_receipt(ctx.params["receipt_id"])
        usual = choice_buttons(ctx.now)[0].value if receipt.deadline is None else None
        ctx.data["deadline"] = ctx.params.get("deadline") or usual

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        chosen = ctx.data["deadline"]
        if chosen == CLEAR:
            new = _("no deadline")
        else:
            new = words.moment(clock.from_iso(chosen)) if chosen else "?"
        old = words.moment(receipt.deadline) if receipt.deadline else _("not set")
        return fmt(_("Deadline: %(old)s → %(new)s"), old=old, new=b(new))

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        chosen = ctx.data["deadline"]
        changed = receipt.deadline is not None
        text = lines(
            words.head(receipt, ctx.now, due=False),
            "",
            self.question(ctx, receipt),
            None if changed and chosen else asks(),
            entered(ctx),
            b(_("Why is it changed? The answer saves it.")) if changed and chosen else None,
        )
        rows = self._choices(ctx, receipt)
        if not chosen:
            return View(text, rows)
        if not changed:
            return View(text, [*rows, [confirm_button(), cancel_button()]])
        causes = [Button(row.name, "confirm", row.pk) for row in DeadlineCause.objects.active()]
        return View(text, [*rows, *grid(causes)], skip=True)

    def _choices(self, ctx: Context, receipt: Receipt) -> list[Row]:
        buttons = choice_buttons(ctx.now)
        if receipt.deadline is not None:
            buttons.append(Button(_("Clear the deadline"), "at", CLEAR))
        marked = [
            Button(
                f"{'✅' if one.value == ctx.data['deadline'] else '▫️'} {one.label}", "at", one.value
            )
            for one in buttons
        ]
        return [marked[:1], *grid(marked[1:])]

    def do_at(self, ctx: Context, value: str) -> Answer:
        ctx.data["deadline"] = value
        ctx.data.pop("typed", None)
        return Stay()

    def on_text(self, ctx: Context, text: str) -> Answer:
        """A refused date leaves nothing chosen: Confirm must not save another one instead."""
        ctx.data.update(typed=text, deadline=None)
        ctx.data["deadline"] = clock.iso(parse(text, ctx.now))
        return Stay()

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        ctx.data["cause"] = int(value) if value else None
        return self.confirmed(ctx)

    def on_skip(self, ctx: Context) -> Answer:
        return self.do_confirm(ctx, "")

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        chosen = ctx.data["deadline"]
        return change_deadline(
            receipt_id=receipt.pk,
            deadline=None if chosen == CLEAR else clock.from_iso(chosen),
            cause_id=ctx.data["cause"],
            expected=shown,
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> Any:
        if outcome.object.deadline is None:
            return _("The deadline is cleared.")
        return fmt(_("Deadline saved: %(when)s"), when=b(words.moment(outcome.object.deadline)))

    def after(self, ctx: Context, note: Markup, receipt: Receipt) -> Move:
        """The card, which offers the same deadline for another; in a series the next number."""
        chosen = ctx.data["deadline"]
        if ctx.params.get("series"):
            told = lines(b(words.number(receipt)), note)
            return Done(told, SameDeadline, deadline=chosen)
        same = {} if chosen == CLEAR else {"same_deadline": chosen}
        return Done(note, "receipt.card", receipt_id=receipt.pk, **same)


class SameDeadline(ReceiptPrompt):
    """The same deadline for another receipt: its number, then one tap."""

    id = "deadline.same"
    roles = INSPECTORS
    verb = "deadline"

    def title(self, ctx: Context) -> Markup:
        at = clock.from_iso(ctx.params["deadline"])
        return fmt(_("The next receipt with the deadline %(when)s"), when=b(words.moment(at)))

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        deadline = ctx.params["deadline"]
        return Go(EnterDeadline, receipt_id=receipts[0].pk, deadline=deadline, series=True)


def asks() -> str:
    return _("Send a date (25.12 · 25.12 18:00 · tomorrow 12:00 · in 3 days) or choose.")


def entered(ctx: Context) -> Markup | None:
    typed = ctx.data.get("typed")
    return fmt(_("Entered: %(text)s"), text=typed) if typed else None


def _label(receipt: Receipt) -> str:
    """There is nothing to change yet where none was set."""
    return str(VERBS["deadline"].label) if receipt.deadline else _("🕒 Set the deadline")


card_action("deadline", EnterDeadline.id, label=_label)
