"""A reason in words, then a confirm that names everything: the two steps many verbs share."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Context,
    Done,
    Go,
    Markup,
    Move,
    Screen,
    View,
    cancel_button,
    confirm_button,
    fmt,
    lines,
    quote,
)
from botapp.screens import words
from botapp.screens.pickers import load_receipt
from history.commands import Outcome
from receipts.models import Receipt
from staff import roles
from workshop.lib import clock
from workshop.lib.text import REASON_LENGTH, require_text

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


def snapshot(receipt: Receipt, fields: tuple[str, ...]) -> dict[str, Any]:
    """The old values as a screen shows them; JSON."""
    values = {name: getattr(receipt, name) for name in fields}
    return {k: clock.iso(v) if isinstance(v, datetime) else v for k, v in values.items()}


def expected(shown: dict[str, Any]) -> dict[str, Any]:
    """What services take as ``expected`` from a :func:`snapshot`."""
    return {k: clock.from_iso(v) if k == "deadline" else v for k, v in shown.items()}


class AskReason(Screen):
    """Free words that a verb needs; ``then`` is opened with ``reason`` beside the other params."""

    roles: ClassVar[tuple[str, ...]] = INSPECTORS
    then: ClassVar[str] = ""

    @abstractmethod
    def title(self, ctx: Context, receipt: Receipt) -> Any:
        """What the reason is asked for."""

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        entered = quote(ctx.data["reason"]) if ctx.data.get("reason") else None
        return View(lines(words.head(receipt, ctx.now), "", self.title(ctx, receipt), entered))

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["reason"] = text
        reason = require_text(text, field="reason", limit=REASON_LENGTH)
        return Go(self.then, **{**ctx.params, "reason": reason})

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


class ReceiptConfirm(Screen):
    """The last step: names the number, the person and old → new; Confirm calls the service.

    ``watched`` are the values whose change since they were shown must be told.
    """

    roles: ClassVar[tuple[str, ...]] = INSPECTORS
    watched: ClassVar[tuple[str, ...]] = ("status", "master_id")

    @abstractmethod
    def question(self, ctx: Context, receipt: Receipt) -> Any:
        """What is about to happen, with old → new."""

    @abstractmethod
    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, Any]) -> Outcome[Any]:
        """Call the one service; ``shown`` is its ``expected``."""

    @abstractmethod
    def told(self, ctx: Context, outcome: Outcome[Any]) -> Any:
        """The line on the card afterwards."""

    def enter(self, ctx: Context) -> None:
        receipt = load_receipt(ctx.params["receipt_id"])
        ctx.data["shown"] = snapshot(receipt, self.watched)

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        reason = ctx.params.get("reason")
        said = fmt(_("Reason: %(reason)s"), reason=reason) if reason else None
        return View(
            lines(words.head(receipt, ctx.now), "", self.question(ctx, receipt), said),
            [[confirm_button(), cancel_button()]],
        )

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        return self.confirmed(ctx)

    def confirmed(self, ctx: Context) -> Answer:
        """Check against what was shown; after a refusal the screen shows the present values."""
        receipt = load_receipt(ctx.params["receipt_id"])
        shown = expected(ctx.data["shown"])
        ctx.data["shown"] = snapshot(receipt, self.watched)
        outcome = self.run(ctx, receipt, shown)
        return self.after(ctx, words.done(outcome, self.told(ctx, outcome)), receipt)

    def after(self, ctx: Context, note: Markup, receipt: Receipt) -> Move:
        """Where it leads: the card."""
        return Done(note, "receipt.card", receipt_id=receipt.pk)

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))
