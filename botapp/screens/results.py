"""What follows a finished step: a line that says it, and for 15 minutes a way back."""

from __future__ import annotations

from typing import Any

from botapp.dialogs import Answer, Context, Done, Stay
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.undo import take_back, undo_button
from history.commands import Outcome
from history.models import Command
from receipts.models import Receipt
from receipts.services.undoing import WINDOW


def finished(outcome: Outcome[Any], text: Any, screen: str, /, **params: Any) -> Done:
    """The flow is over: say so on ``screen``, which offers Undo (an :class:`Undoing` screen)."""
    done = outcome.command
    if done is not None and outcome.already is None:
        params["undo"] = done.pk
    return Done(words.done(outcome, text), screen, **params)


class Undoing:
    """Mixed into the screens that follow a frequent step: ↩ Undo for 15 minutes, once."""

    def undo_rows(self, ctx: Context) -> list[Row]:
        command_id = ctx.params.get("undo")
        if not command_id:
            return []
        made = Command.objects.filter(pk=command_id).values_list("created_at", flat=True).first()
        if made is None or ctx.now - made > WINDOW:
            return []
        return [[undo_button(command_id)]]

    def do_undo(self, ctx: Context, value: str) -> Answer:
        told = take_back(ctx, int(value))
        ctx.params.pop("undo", None)
        return Stay().note(told)


def shown(receipt: Receipt) -> str:
    """What a confirm screen showed, as the value of its button: status and master."""
    return f"{receipt.status}.{receipt.master_id or ''}"


def expected(value: str) -> dict[str, Any]:
    """The inverse of :func:`shown`: what a service is told to expect."""
    status, _dot, master = value.partition(".")
    return {"status": status, "master_id": int(master) if master else None}
