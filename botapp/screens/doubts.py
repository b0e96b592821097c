"""Ready in spite of something that speaks against it: said once more, never forbidden."""

from __future__ import annotations

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Screen,
    View,
    b,
    cancel_button,
    fmt,
    lines,
)
from botapp.screens import words
from botapp.screens.confirming import INSPECTORS
from botapp.screens.pickers import load_receipt
from botapp.screens.protocol import doubt_lines
from botapp.screens.quality import Queue, passed
from botapp.screens.results import AboutReceipt, expected, finished, shown
from receipts.services.quality import pass_check
from receipts.states import Status


class PassAnyway(AboutReceipt, Screen):
    """A failed item or a test run that goes on: the inspector decides, knowing it."""

    id = "quality.doubts"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        text = lines(
            words.head(receipt, ctx.now),
            "",
            b(_("This speaks against it:")),
            *doubt_lines(receipt, ctx.now),
            "",
            fmt(
                _("Status: %(old)s → %(new)s"),
                old=words.status(receipt),
                new=b(Status.READY.label),
            ),
        )
        confirm = Button(_("✅ Ready all the same"), "confirm", shown(receipt))
        return View(text, [[confirm, cancel_button()]])

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        receipt = load_receipt(ctx.params["receipt_id"])
        outcome = pass_check(
            receipt_id=receipt.pk, expected=expected(value), actor=ctx.actor, command=ctx.command
        )
        return finished(outcome, passed(receipt), Queue.id)
