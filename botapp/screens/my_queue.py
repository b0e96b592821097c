"""My queue of a master or polisher: what lies at me, nearest deadline first."""

from __future__ import annotations

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Markup,
    Move,
    Screen,
    View,
    b,
    fmt,
    lines,
    menu_item,
)
from botapp.dialogs.controls import pager
from botapp.dialogs.view import Row
from botapp.screens import numbers, words
from botapp.screens.actions import card_action
from botapp.screens.card import READERS, open_card
from botapp.screens.confirming import AskReason, ReceiptConfirm
from botapp.screens.my_returns import MyReturns, naming
from botapp.screens.pickers import load_receipt
from history.commands import Outcome
from polishing.models import PolishingOrder
from receipts.models import Assignment, Receipt
from receipts.services.assignment import current_assignment, decline
from staff import roles
from staff.models import Employee

PAGE = 8
WORKERS = (roles.MASTER, roles.POLISHER)
DECIDERS = (roles.MASTER, roles.MANAGER)


def mine(employee: Employee) -> QuerySet[Receipt]:
    """Watches handed to him and parts at him, nearest deadline first."""
    handed = Assignment.objects.valid().filter(master=employee, ended_at__isnull=True)
    sent = PolishingOrder.objects.open().filter(polisher=employee)
    rows = Receipt.objects.valid().filter(pk__in=handed.values("receipt")) | (
        Receipt.objects.valid().filter(pk__in=sent.values("receipt"))
    )
    order = ("-urgent", F("deadline").asc(nulls_last=True), "pk")
    return rows.select_related("master", "watch").order_by(*order)


class MyQueue(Screen):
    """Read-only; the card of each watch is one tap away."""

    id = "queue.mine"
    roles = WORKERS
    parkable = False

    def view(self, ctx: Context) -> View:
        rows = mine(ctx.employee)
        count = rows.count()
        returns = [*self._returns(ctx), [Button(_("📊 My quality and output"), "numbers")]]
        if not count:
            return View(_("Nothing lies at you."), returns)
        pages = -(-count // PAGE)
        page = min(ctx.frame.page, pages - 1)
        shown = list(rows[page * PAGE : (page + 1) * PAGE])
        head = fmt(_("My queue: %(count)s"), count=b(count))
        buttons: list[Row] = [[Button(_label(one), "receipt", one.pk)] for one in shown]
        text = lines(head, *(_line(one, ctx) for one in shown))
        return View(text, [*buttons, *([pager(page, pages)] if pages > 1 else []), *returns])

    def _returns(self, ctx: Context) -> list[Row]:
        """Offered to whom a return names."""
        count = naming(ctx.employee).count()
        label = _("🔁 Returns that name me (%(count)s)") % {"count": count}
        return [[Button(label, "returns")]] if count else []

    def do_numbers(self, ctx: Context, value: str) -> Answer:
        return numbers.mine()

    def do_returns(self, ctx: Context, value: str) -> Answer:
        return Go(MyReturns)

    def do_receipt(self, ctx: Context, value: str) -> Answer:
        return open_card(load_receipt(int(value)))


def _line(receipt: Receipt, ctx: Context) -> Markup:
    due = words.late(receipt, ctx.now) or words.moment(receipt.deadline)
    what = words.make(receipt)
    shown = fmt("%(number)s · %(what)s", number=b(words.number(receipt)), what=what) if what else ""
    return fmt("%(watch)s · %(due)s", watch=shown or b(words.number(receipt)), due=due)


def _label(receipt: Receipt) -> str:
    """Without the master: it is the reader himself."""
    return f"{words.number(receipt)} · {words.status(receipt)}"


class DeclineWhy(AskReason):
    """Why the master cannot take it."""

    id = "decline.reason"
    roles = DECIDERS
    then = "decline.confirm"

    def title(self, ctx: Context, receipt: Receipt) -> str:
        return _("Why can it not be taken? Send the reason.")


class DeclineConfirm(ReceiptConfirm):
    id = "decline.confirm"
    roles = DECIDERS

    def question(self, ctx: Context, receipt: Receipt) -> Markup:
        master = receipt.master.short_name if receipt.master else "–"
        return fmt(_("The hand-over is declined. Master: %(name)s"), name=b(master))

    def run(self, ctx: Context, receipt: Receipt, shown: dict[str, object]) -> Outcome[Receipt]:
        return decline(
            receipt_id=receipt.pk,
            reason=ctx.params["reason"],
            actor=ctx.actor,
            command=ctx.command,
        )

    def told(self, ctx: Context, outcome: Outcome[Receipt]) -> str:
        return _("Declined.")

    def after(self, ctx: Context, note: Markup, receipt: Receipt) -> Move:
        """The watch does not lie at the master any more: his queue, not its card."""
        return super().after(ctx, note, receipt) if ctx.has(*READERS) else Done(note, MyQueue)


def _may_be_declined(receipt: Receipt) -> bool:
    row = current_assignment(receipt)
    return settings.WORKSHOP_SELF_SERVICE and row is not None and row.accepted_at is None


def _count(ctx: Context) -> int:
    return mine(ctx.employee).count()


card_action("decline", DeclineWhy.id, shown=_may_be_declined)
menu_item(gettext_lazy("My queue"), MyQueue.id, place=90, roles=WORKERS, counter=_count)
