"""A free remark in the history of a receipt."""

from __future__ import annotations

from django.utils.translation import gettext as _

from botapp.dialogs import Answer, Context, Done, Screen, View, lines, quote
from botapp.screens import words
from botapp.screens.actions import card_action
from botapp.screens.confirming import INSPECTORS
from botapp.screens.pickers import load_receipt
from receipts.services.facts import add_comment


class Comment(Screen):
    """One message is one remark."""

    id = "comment.enter"
    roles = INSPECTORS

    def view(self, ctx: Context) -> View:
        receipt = load_receipt(ctx.params["receipt_id"])
        entered = quote(ctx.data["text"]) if ctx.data.get("text") else None
        return View(lines(words.head(receipt, ctx.now), "", _("Send the comment."), entered))

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["text"] = text
        receipt_id = ctx.params["receipt_id"]
        add_comment(receipt_id=receipt_id, text=text, actor=ctx.actor, command=ctx.command)
        return Done(_("The comment is saved."), "receipt.card", receipt_id=receipt_id)

    def subject(self, ctx: Context) -> str:
        return words.number(load_receipt(ctx.params["receipt_id"]))


card_action("comment", Comment.id)
