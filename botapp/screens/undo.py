"""Undo: for 15 minutes, by the same person, while nothing came after it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from botapp.dialogs import Button, Context, Home, Move, Stay, b, lines
from botapp.screens import words
from botapp.screens.pickers import load_receipt
from history.models import Event
from receipts.models import Receipt
from receipts.services.undoing import VERB, WINDOW, can_undo, undo
from workshop.lib.actor import Actor
from workshop.lib.compiled import Rows

_last: Rows[Event] = Rows(
    lambda slot: (
        Event.objects.filter(stream=slot("stream"))
        .select_related("command")
        .order_by("-sequence")[:1]
    )
)


def last_undoable(receipt: Receipt, actor: Actor, at: datetime) -> int | None:
    """The id of the last command on the receipt when ``actor`` may still take it back."""
    last = _last.first(stream=receipt.stream)
    if last is None:
        return None
    done = last.command
    if done.verb == VERB:
        return None
    if (done.actor_kind, done.actor_id) != (actor.kind, actor.id) or at - done.created_at > WINDOW:
        return None
    kinds = Event.objects.filter(stream=receipt.stream, command=done).values_list("kind", flat=True)
    return done.pk if can_undo(list(kinds)) else None


def undo_button(command_id: int | str) -> Button:
    """Calls ``do_undo`` with the command's id."""
    return Button(_("↩ Undo"), "undo", command_id)


def undo_row(ctx: Context, receipt: Receipt) -> list[list[Button]]:
    """The row with Undo, as long as it would work."""
    command_id = last_undoable(receipt, ctx.actor, ctx.now)
    return [[undo_button(command_id)]] if command_id else []


def undone(ctx: Context, value: str) -> Move:
    """The press of Undo on a screen about one receipt."""
    told = take_back(ctx, int(value))
    receipt = load_receipt(ctx.params["receipt_id"])
    if receipt.is_void:  # its registration was taken back
        free = _("The receipt is voided; its number is free again.")
        return Home().note(lines(b(words.number(receipt)), free))
    return Stay().note(told)


def take_back(ctx: Context, command_id: int) -> str:
    """Undo the command; what to say about it. Raises what ``undoing.undo`` raises."""
    undo(command_id=command_id, actor=ctx.actor, command=ctx.command)
    return _("Taken back.")
