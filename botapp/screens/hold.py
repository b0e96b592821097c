"""Hold: the reason, until when, confirm."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Markup,
    Screen,
    View,
    b,
    fmt,
    grid,
    lines,
    paged,
)
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.confirming import INSPECTORS, ReceiptConfirm
from botapp.screens.pickers import load_receipt
from history.commands import Outcome
from receipts.deadline_input import parse_deadline
from receipts.models import HoldReason, Receipt
from receipts.services.flow import hold
from receipts.states import Status
from workshop.lib import clock

END_OF_DAY = time(23, 59)
OFFERED_DAYS = (1, 3, 7, 14)


class HoldWhy(Screen):
    """Why the watch waits."""

    id = "hold.reason"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        buttons = [Button(row.name, "reason", row.pk) for row in HoldReason.objects.active()]
        text = lines(words.head(receipt, ctx.now), "", _("Why does it wait?"))
        return View(text, paged(ctx, buttons, columns=2))

    def do_reason(self, ctx: Context, value: str) -> Answer:
        return Go(HoldUntil, receipt_id=ctx.params["receipt_id"], reason_id=int(value))

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class HoldUntil(Screen):
    """Until when; Skip when nobody knows: then it is asked again."""

    id = "hold.until"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        typed = ctx.data.get("typed")
        entered = fmt(_("Entered: %(text)s"), text=typed) if typed else None
        text = lines(
            _("Until when is it expected? Send a date or choose."),
            _("Unknown: skip; it is asked again in 7 days."),
            entered,
        )
        today = clock.local(ctx.now).date()
        buttons = [
            Button(_days(days), "day", (today + timedelta(days=days)).isoformat())
            for days in OFFERED_DAYS
        ]
        return View(text, grid(buttons), skip=True)

    def do_day(self, ctx: Context, value: str) -> Answer:
        return self._until(ctx, date.fromisoformat(value))

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["typed"] = text
        found = parse_deadline(text, now=ctx.now, default_time=END_OF_DAY, zone=clock.zone())
        return self._until(ctx, clock.local(found.at).date())

    def on_skip(self, ctx: Context) -> Answer:
        return self._until(ctx, None)

    def _until(self, ctx: Context, day: date | None) -> Answer:
        return Go(HoldConfirm, **ctx.params, until=day.isoformat() if day else None)

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class HoldConfirm(ReceiptConfirm):
    id = "hold.confirm"

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        return fmt(
            _("%(old)s → %(new)s: %(reason)s, until %(day)s"),
            old=words.status(receipt),
            new=b(Status.ON_HOLD.label),
            reason=b(HoldReason.objects.get(pk=ctx.params["reason_id"]).name),
            day=b(words.day(_day(ctx)) if _day(ctx) else _("unknown")),
        )

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Receipt]:
        return hold(
            receipt_id=receipt.pk,
            reason_id=ctx.params["reason_id"],
            expected_on=_day(ctx),
            expected=shown,
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> Any:
        """Offers to move the deadline, which a wait often breaks."""
        receipt = outcome.object
        if receipt.deadline is None:
            return _("Put on hold")
        stays = _("The deadline stays: %(when)s. It can be moved here.")
        return lines(_("Put on hold"), fmt(stays, when=b(words.moment(receipt.deadline))))


def _day(ctx: Context) -> date | None:
    return date.fromisoformat(ctx.params["until"]) if ctx.params["until"] else None


def _days(count: int) -> str:
    return ngettext("+%(days)s day", "+%(days)s days", count) % {"days": count}


card_action("hold", HoldWhy.id)
