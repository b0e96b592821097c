"""The deadline: natural text or a button, shown resolved with weekday and year, then confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

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
    grid,
    lines,
)
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.confirming import INSPECTORS, ReceiptConfirm
from botapp.screens.pickers import load_receipt
from history.commands import Outcome
from receipts.deadline_input import parse_deadline, quick_choices
from receipts.models import DeadlineCause, Receipt
from receipts.services.calendars import current_calendar
from receipts.services.deadlines import change_deadline
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

CLEAR = "clear"
UNREADABLE = "receipts.deadline_unreadable"


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


class AskDeadline(Screen):
    """Text or a button; subclasses say where the resolved moment goes."""

    roles = INSPECTORS

    def title(self, ctx: Context) -> Any:
        raise NotImplementedError

    def resolved(self, ctx: Context, at: datetime) -> Answer:
        raise NotImplementedError

    def more_rows(self, ctx: Context) -> list[Row]:
        return []

    def view(self, ctx: Context) -> View:
        typed = ctx.data.get("typed")
        text = lines(
            self.title(ctx),
            _("Send a date (25.12 · 25.12 18:00 · tomorrow 12:00 · in 3 days) or choose."),
            fmt(_("Entered: %(text)s"), text=typed) if typed else None,
        )
        first, *others = choice_buttons(ctx.now)
        return View(text, [[first], *grid(others), *self.more_rows(ctx)])

    def do_at(self, ctx: Context, value: str) -> Answer:
        return self.resolved(ctx, datetime.fromisoformat(value))

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["typed"] = text
        return self.resolved(ctx, parse(text, ctx.now))


class EnterDeadline(AskDeadline):
    """A new deadline for one receipt."""

    id = "deadline.enter"

    def title(self, ctx: Context) -> Markup:
        return words.head(load_receipt(ctx.params["receipt_id"]), ctx.now)

    def more_rows(self, ctx: Context) -> list[Row]:
        if load_receipt(ctx.params["receipt_id"]).deadline is None:
            return []
        return [[Button(_("Clear the deadline"), CLEAR)]]

    def resolved(self, ctx: Context, at: datetime) -> Answer:
        return Go(ConfirmDeadline, receipt_id=ctx.params["receipt_id"], deadline=clock.iso(at))

    def do_clear(self, ctx: Context, value: str) -> Answer:
        return Go(ConfirmDeadline, receipt_id=ctx.params["receipt_id"], deadline=None)

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class ChooseDeadline(AskDeadline):
    """The same inside another flow, which shows the moment on its own confirm screen."""

    id = "deadline.choose"

    def title(self, ctx: Context) -> str:
        return _("Until when?")

    def resolved(self, ctx: Context, at: datetime) -> Answer:
        return Return(deadline=clock.iso(at))


class ConfirmDeadline(ReceiptConfirm):
    """Old → new. Changing an existing one: the cause is the confirming button."""

    id = "deadline.confirm"
    watched = ("deadline",)

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        new = clock.from_iso(ctx.params["deadline"])
        change = fmt(
            _("Deadline: %(old)s → %(new)s"),
            old=words.moment(receipt.deadline),
            new=b(words.moment(new) if new else _("no deadline")),
        )
        why = _("Why is it changed? The answer saves it.") if receipt.deadline else None
        return lines(change, why)

    def view(self, ctx: Context) -> View:
        shown = super().view(ctx)
        if load_receipt(ctx.params["receipt_id"]).deadline is None:
            return shown
        causes = [Button(row.name, "confirm", row.pk) for row in DeadlineCause.objects.active()]
        return View(shown.text, grid(causes), skip=True)

    def on_text(self, ctx: Context, text: str) -> Answer:
        """Another date takes the place of the one shown; the rest is read as everywhere."""
        try:
            ctx.params["deadline"] = clock.iso(parse(text, ctx.now))
        except RuleViolation as error:
            if error.code != UNREADABLE:
                raise
            return super().on_text(ctx, text)
        return Stay()

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        ctx.data["cause"] = int(value) if value else None
        return self.confirmed(ctx)

    def on_skip(self, ctx: Context) -> Answer:
        return self.do_confirm(ctx, "")

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        return change_deadline(
            receipt_id=receipt.pk,
            deadline=clock.from_iso(ctx.params["deadline"]),
            cause_id=ctx.data["cause"],
            expected=shown,
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> Any:
        if outcome.object.deadline is None:
            return _("The deadline is cleared.")
        return fmt(_("Deadline saved: %(when)s"), when=b(words.moment(outcome.object.deadline)))


card_action("deadline", EnterDeadline.id)
