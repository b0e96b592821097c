"""After a hand-over: what was done, Undo for all of it, and the next number for this master."""

from __future__ import annotations

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Markup,
    Move,
    Screen,
    Series,
    SeriesItem,
    SeriesResult,
    Stay,
    View,
    b,
    fmt,
    lines,
)
from botapp.dialogs.view import Row
from botapp.screens import words
from botapp.screens.confirming import INSPECTORS
from botapp.screens.people import load_employee
from botapp.screens.pickers import (
    OFFERED,
    name_numbers,
    read_numbers,
    receipt_page,
)
from botapp.screens.results import refusal
from botapp.screens.undo import undo_button
from receipts import selectors
from receipts.services.undoing import WINDOW, undo
from workshop.lib import clock


class Handed(Screen):
    """The result: takes the next number for the same master; Undo takes all of it back."""

    id = "handover.done"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        master = load_employee(ctx.params["master_id"])
        text = fmt(
            _("Send the next number for %(name)s, or go to the menu."), name=b(master.short_name)
        )
        rows: list[Row] = [[undo_button("all")]] if self._can_undo(ctx) else []
        # What came back from QC to this very master is handed to nobody else.
        waiting = selectors.likely("assign", ctx.now, limit=OFFERED, not_at=master.pk)
        likely = receipt_page(ctx, waiting)
        return View(text, [*rows, *likely, [Button(_("👨‍🔧 Another master"), "again")]])

    def _can_undo(self, ctx: Context) -> bool:
        at = clock.from_iso(ctx.params["at"])
        left = bool(ctx.params["done"]) and not ctx.data.get("undone")
        return left and at is not None and ctx.now - at < WINDOW

    def on_text(self, ctx: Context, text: str) -> Answer:
        found, refused = read_numbers(text)
        if refused:
            name_numbers(ctx, text, found)
            return Stay("\n".join(refused))
        return self._confirm(ctx, [one.pk for one in found])

    def do_receipt(self, ctx: Context, value: str) -> Answer:
        return self._confirm(ctx, [int(value)])

    def _confirm(self, ctx: Context, ids: list[int]) -> Answer:
        ctx.data.pop("named", None)
        return Go("handover.confirm", receipt_ids=ids, master_id=ctx.params["master_id"])

    def do_again(self, ctx: Context, value: str) -> Answer:
        return Go("handover.receipts")

    def do_undo(self, ctx: Context, value: str) -> Answer:
        def item(receipt_id: str, command_id: int) -> SeriesItem:
            return SeriesItem(
                receipt_id, lambda key: undo(command_id=command_id, actor=ctx.actor, command=key)
            )

        def finish(results: list[SeriesResult]) -> Move:
            ctx.data["undone"] = True
            return Stay().note(_undone(results, besides=bool(ctx.params.get("besides"))))

        return Series([item(pk, one) for pk, one in ctx.params["done"].items()], finish)


def handed(ctx: Context, results: list[SeriesResult]) -> Move:
    """Where a confirmed hand-over leads: the result; the same screen when all was refused."""
    refused = [refusal(one) for one in results if one.error is not None]
    done = [one for one in results if one.ok]
    if not done:
        return Stay("; ".join(refused))
    master = load_employee(ctx.params["master_id"])
    told = fmt(_("Handed to the master: %(name)s"), name=b(master.short_name))
    warned = [f"⚠ {text}" for text in refused]
    plain = [one for one in done if not one.outcome.already and not one.outcome.warnings]
    each = [
        b(", ".join(one.item.label for one in plain)) if plain else None,
        *(_special(one) for one in done if one not in plain),
    ]
    made = {str(one.item.id): one.outcome.command.pk for one in done if not one.outcome.already}
    return Done(
        lines(told, *each, *warned),
        Handed,
        master_id=master.pk,
        done=made,
        at=clock.iso(ctx.now),
        besides=bool(ctx.data.get("urgent") or ctx.data.get("deadline")),
    )


def _special(result: SeriesResult) -> Markup:
    """Done before by somebody, or done with a warning."""
    label = result.item.label
    if result.outcome.already is None:
        return words.done(result.outcome, label)
    return fmt("%(label)s: %(done)s", label=label, done=words.done(result.outcome, ""))


def _undone(results: list[SeriesResult], *, besides: bool) -> Markup:
    """``besides``: urgency or deadline came with it; Undo takes back the hand-over alone."""
    refused = [f"⚠ {refusal(one)}" for one in results if one.error is not None]
    taken = [one.outcome.object for one in results if one.ok]
    head = fmt(_("Taken back: %(numbers)s"), numbers=words.numbers(taken)) if taken else None
    kept = _("Urgency and deadline stay: they are changed on the card.")
    return lines(head, kept if taken and besides else None, *refused)
