"""What follows a finished step: a line that says it, and for 15 minutes a way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Context,
    Done,
    Series,
    SeriesItem,
    SeriesResult,
    Stay,
    b,
    fmt,
    lines,
)
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.pickers import load_receipt
from botapp.screens.undo import undo_button
from history.commands import Outcome
from history.models import Command, Event
from receipts.models import Receipt
from receipts.services.undoing import WINDOW, can_undo, undo


def finished(outcome: Outcome[Any], text: Any, screen: str, /, **params: Any) -> Done:
    """The flow is over: say so on ``screen``, which offers Undo (an :class:`Undoing` screen)."""
    return Done(words.done(outcome, text), screen, undo=_commands([outcome]), **params)


def done_series(results: Sequence[SeriesResult], text: Any, screen: str, /, **params: Any) -> Done:
    """The same after several: what was done, what had been done before, what was refused."""
    outcomes = [one.outcome for one in results if one.ok]
    good = [one.item.label for one in results if one.ok and one.outcome.already is None]
    told = [fmt("%(text)s: %(items)s", text=text, items=b(", ".join(good)))] if good else []
    for one in results:
        if one.error is not None:
            told.append(fmt("⚠ %(why)s", why=refusal(one)))
        elif one.outcome.already is not None:
            done = words.done(one.outcome, "")
            told.append(fmt("%(item)s: %(done)s", item=one.item.label, done=done))
    return Done(lines(*told), screen, undo=_commands(outcomes), **params)


def refusal(result: SeriesResult) -> str:
    """Why one of several was refused: the watch is named once, also where the text names it."""
    text = result.error.text() if result.error else ""
    number = result.item.label.removeprefix("🔥 ").partition(",")[0]
    return text if number and number in text else f"{result.item.label}: {text}"


def _commands(outcomes: Sequence[Outcome[Any]]) -> list[int]:
    """The commands that Undo can really take back."""
    done = [one.command for one in outcomes if one.already is None]
    return [command.pk for command in done if command is not None and _undoable(command)]


def _undoable(command: Command) -> bool:
    """A batch that was closed with its last order opens again by itself: only receipts count."""
    events = Event.objects.filter(command=command, stream__startswith="receipt:")
    return can_undo(list(events.values_list("kind", flat=True)))


class Undoing:
    """Mixed into the screens that follow a frequent step: ↩ Undo for 15 minutes, once."""

    def undo_rows(self, ctx: Context) -> list[Row]:
        ids = ctx.params.get("undo")
        if not ids:
            return []
        made = Command.objects.filter(pk=ids[0]).values_list("created_at", flat=True).first()
        if made is None or ctx.now - made > WINDOW:
            return []
        return [[undo_button(ids[0])]]

    def do_undo(self, ctx: Context, value: str) -> Answer:
        def item(command_id: int) -> SeriesItem:
            return SeriesItem(
                command_id, lambda key: undo(command_id=command_id, actor=ctx.actor, command=key)
            )

        def finish(results: list[SeriesResult]) -> Stay:
            refused = [f"⚠ {one.error.text()}" for one in results if one.error is not None]
            taken_back = [_("Taken back.")] if len(refused) < len(results) else []
            ctx.params.pop("undo", None)
            move = Stay()
            move.note(lines(*taken_back, *refused))
            return move

        return Series([item(one) for one in ctx.params["undo"]], finish)


class AboutReceipt:
    """Mixed into the steps about one receipt: «▶ Continue №101» names it."""

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


def shown(receipt: Receipt) -> str:
    """What a confirm screen showed, as the value of its button: status and master."""
    return f"{receipt.status}.{receipt.master_id or ''}"


def expected(value: str) -> dict[str, Any]:
    """The inverse of :func:`shown`: what a service is told to expect."""
    status, _dot, master = value.partition(".")
    return {"status": status, "master_id": int(master) if master else None}
