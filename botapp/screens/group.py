"""What people do in the work group: link it, and press the buttons of its cards."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from botapp import group_cards
from botapp.dialogs import Context, Move, Stay, drawing, fmt, lines, opener
from botapp.dialogs.markup import plain
from botapp.dialogs.registry import group_command
from botapp.screens import words
from history.commands import Outcome
from receipts.models import Assignment, Receipt
from receipts.services.assignment import accept
from receipts.services.flow import submit
from staff.selectors import bot_link
from staff.services import link_work_group, unlink_work_group
from workshop.lib.errors import RuleViolation

A_STATE: Final = r"[1-9]\d{0,17}-\d{1,9}"  # assignment, since when it stood so when drawn


@group_command("link")
def link(ctx: Context) -> Any:
    """``/link``: from now on this group gets the cards."""
    outcome = link_work_group(
        chat_id=ctx.chat_id, title=ctx.chat_title, actor=ctx.actor, command=ctx.command
    )
    told = _("This group is linked: each watch handed to a master gets a card here.")
    return words.done(outcome, fmt("%(told)s %(how)s", told=told, how=_("/unlink ends it.")))


@group_command("unlink")
def unlink(ctx: Context) -> Any:
    """``/unlink``: no more cards."""
    if not group_cards.is_linked(ctx.chat_id):
        return _("This group is not linked. /link links it.")
    unlink_work_group(chat_id=ctx.chat_id, actor=ctx.actor, command=ctx.command)
    return _("This group is not linked any more.")


@group_command("start")
@group_command("menu")
def menu(ctx: Context) -> Any:
    """The bot's own commands stand in the group's menu too; the work is done in private.

    Groups that are not linked are not written to.
    """
    if not group_cards.is_linked(ctx.chat_id):
        return ""
    address = bot_link()
    told = _("Here I only post cards. The menu opens in the private chat with me.")
    return lines(told, address or None)


@opener("group_accept", groups=True, pattern=A_STATE)
def accept_here(ctx: Context, value: str) -> Move:
    receipt = pressed(ctx, value)
    outcome = accept(receipt_id=receipt.pk, actor=ctx.actor, command=ctx.command)
    return told(outcome, _("Accepted: %(number)s") % {"number": words.number(receipt)})


@opener("group_submit", groups=True, pattern=A_STATE)
def submit_here(ctx: Context, value: str) -> Move:
    receipt = pressed(ctx, value)
    outcome = submit(receipt_id=receipt.pk, actor=ctx.actor, command=ctx.command)
    return told(outcome, _("Submitted to QC: %(number)s") % {"number": words.number(receipt)})


def pressed(ctx: Context, value: str) -> Receipt:
    """The receipt of a card that still stands for something.

    A copy that a crash left beside the card goes once somebody presses it.
    """
    assignment_id = int(value.partition("-")[0])
    card = group_cards.of_assignment(assignment_id)
    row = Assignment.objects.select_related("receipt").filter(pk=assignment_id).first()
    ctx.discard = card is None or card.message_id not in (None, ctx.message_id)
    over = row is None or row.ended_at is not None or row.is_void
    if row is None or over or not group_cards.is_linked(ctx.chat_id):
        raise RuleViolation("bot.card_over", drawing.outdated())
    return row.receipt


def told(outcome: Outcome[Receipt], text: str) -> Move:
    return Stay().toast(plain(words.done(outcome, text)))
