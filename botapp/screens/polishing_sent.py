"""Send to polishing: one confirm with the whole list, then the next numbers for the same one."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    File,
    Go,
    Screen,
    Series,
    SeriesItem,
    SeriesResult,
    Stay,
    View,
    b,
    cancel_button,
    confirm_button,
    fmt,
    lines,
    paged,
)
from botapp.screens import words
from botapp.screens.people import load_employee
from botapp.screens.pickers import SeveralReceipts, load_receipt
from botapp.screens.polishing_facts import facts_line, pre_filled
from botapp.screens.polishing_send import EachWatch, PickPolisher, ensure_sendable, not_out
from botapp.screens.results import Undoing, done_series
from history.commands import CommandKey, Outcome
from polishing.documents import handover_list
from polishing.models import PolishingBatch, PolishingOrder
from polishing.services.batches import open_batch
from polishing.services.orders import send_to_polishing
from receipts.models import Receipt
from staff import roles
from workshop.lib import clock

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


class ConfirmSend(Screen):
    """One confirm with the whole list; several watches make a batch."""

    id = "polishing.confirm"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        polisher = load_employee(ctx.params["polisher_id"])
        told = [
            fmt("• %(number)s: %(facts)s", number=b(_number(pk)), facts=facts_line(facts))
            for pk, facts in self._facts(ctx)
        ]
        text = lines(fmt(_("Send to polishing: %(name)s"), name=b(polisher)), *told)
        edit = [Button(f"✏ {_number(pk)}", "edit", pk) for pk, _facts in self._facts(ctx)]
        rows = paged(ctx, edit, size=12, columns=3)
        return View(text, [*rows, [confirm_button(), cancel_button()]])

    def _facts(self, ctx: Context) -> list[tuple[str, dict[str, Any]]]:
        """As they were said, with what was changed since."""
        return [(pk, ctx.data.get(f"facts:{pk}", facts)) for pk, facts in ctx.params["facts"]]

    def do_edit(self, ctx: Context, value: str) -> Answer:
        return Go(
            EachWatch,
            polisher_id=ctx.params["polisher_id"],
            receipts=[int(value)],
            earlier={value: dict(self._facts(ctx))[value]},
            one=True,
        )

    def subject(self, ctx: Context) -> str:
        return ", ".join(_number(pk) for pk, _facts in ctx.params["facts"])

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        handed = self._facts(ctx)
        batch = _Batch(ctx) if len(handed) > 1 else None
        items = [_item(ctx, int(pk), facts, batch) for pk, facts in handed]

        def finish(results: list[SeriesResult]) -> Done:
            name = load_employee(ctx.params["polisher_id"]).short_name
            head = fmt(_("Sent to polishing: %(name)s"), name=b(name))
            told = fmt("%(head)s · %(batch)s", head=head, batch=batch) if batch else head
            number = batch.id if batch else 0
            polisher_id = ctx.params["polisher_id"]
            return done_series(results, told, Sent.id, polisher_id=polisher_id, batch=number)

        return Series(items, finish)


class Sent(Undoing, SeveralReceipts):
    """The result: Undo, the list to print, and the next numbers for the same polisher."""

    id = "polishing.sent"
    roles = INSPECTORS
    parkable = False
    verb = "polishing_send"

    def title(self, ctx: Context) -> Any:
        polisher = load_employee(ctx.params["polisher_id"])
        return fmt(_("Next to polishing: %(name)s"), name=b(polisher))

    def view(self, ctx: Context) -> View:
        usual = super().view(ctx)
        listed = [[Button(_("🖨 Hand-over list"), "list")]] if ctx.params["batch"] else []
        other = [[Button(_("🪙 Another polisher"), "other")]]
        return View(usual.text, [*self.undo_rows(ctx), *listed, *usual.rows, *other])

    def likely(self, ctx: Context) -> list[Receipt]:
        return not_out(super().likely(ctx))

    def chosen(self, ctx: Context, receipts: list[Receipt]) -> Answer:
        """Straight to the confirm; only who may not be polished is asked about first."""
        ensure_sendable(receipts)
        polisher_id = ctx.params["polisher_id"]
        if any(one.do_not_polish for one in receipts):
            return Go(EachWatch, polisher_id=polisher_id, receipts=[one.pk for one in receipts])
        facts = [(str(one.pk), pre_filled(one)) for one in receipts]
        return Go(ConfirmSend, polisher_id=polisher_id, facts=facts)

    def do_list(self, ctx: Context, value: str) -> Answer:
        """The list that goes with the batch, as a file to print."""
        batch = PolishingBatch.objects.get(pk=ctx.params["batch"])
        name = _("hand-over-list-%(number)s") % {"number": batch.number}
        ctx.send_file(File(f"{name}.html", handover_list(batch).encode(), str(batch)))
        return Stay()

    def do_other(self, ctx: Context, value: str) -> Answer:
        return Go(PickPolisher)


class _Batch:
    """The batch of one confirm: opened by the first watch that really goes, in its transaction."""

    def __init__(self, ctx: Context) -> None:
        self.ctx, self.key, self.name, self.id = ctx, ctx.command_for("batch"), "", 0

    def __str__(self) -> str:
        return self.name

    def __bool__(self) -> bool:
        return bool(self.id)

    def send(self, key: CommandKey, **facts: Any) -> Outcome[PolishingOrder]:
        batch = open_batch(
            polisher_id=facts["polisher_id"], actor=self.ctx.actor, command=self.key
        ).object
        outcome = send_to_polishing(**facts, batch_id=batch.pk, actor=self.ctx.actor, command=key)
        self.id, self.name = batch.pk, str(batch)
        return outcome


def _item(ctx: Context, pk: int, facts: dict[str, Any], batch: _Batch | None) -> SeriesItem:
    values = {
        "receipt_id": pk,
        "polisher_id": ctx.params["polisher_id"],
        "case": facts["case"],
        "bracelet": facts["bracelet"],
        "metal_id": facts["metal"],
        "difficult": facts["difficult"],
        "comment": facts["comment"],
        "sent_at": clock.from_iso(facts["sent_at"]),
        "allowed_by": facts["allowed_by"],
    }

    def run(key: CommandKey) -> Outcome[PolishingOrder]:
        if batch is not None:
            return batch.send(key, **values)
        return send_to_polishing(**values, actor=ctx.actor, command=key)

    return SeriesItem(pk, run, _number(pk))


def _number(pk: int | str) -> str:
    return words.number(load_receipt(int(pk)))
