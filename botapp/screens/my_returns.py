"""Returns that name me: what was found, and my one comment on each."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet
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
    Stay,
    View,
    b,
    confirm_button,
    fmt,
    lines,
    opener,
    quote,
)
from botapp.dialogs.controls import pager
from botapp.dialogs.view import Row
from botapp.screens import words
from receipts.models import ReturnCase, ReturnItem
from receipts.services.returns import comment_return
from staff.models import Employee
from workshop.lib.errors import NotFound

PAGE: Final = 5


def naming(employee: Employee) -> QuerySet[ReturnCase]:
    """Returns that hold this person responsible for something, the newest first."""
    named = ReturnItem.objects.filter(responsible=employee)
    rows = ReturnCase.objects.valid().filter(pk__in=named.values("return_case"))
    return rows.select_related("receipt").order_by("-pk")


def own_items(case: ReturnCase, employee: Employee) -> list[ReturnItem]:
    return list(case.items.filter(responsible=employee).order_by("pk"))


class MyReturns(Screen):
    """A page of them; the ones without a comment have a button."""

    id = "queue.returns"
    parkable = False

    def view(self, ctx: Context) -> View:
        rows = naming(ctx.employee)
        count = rows.count()
        if not count:
            return View(_("No return names you."))
        pages = -(-count // PAGE)
        page = min(ctx.frame.page, pages - 1)
        shown = [(case, own_items(case, ctx.employee)) for case in rows[page * PAGE :][:PAGE]]
        buttons: list[Row] = [
            [Button(_("💬 Comment on %(number)s") % {"number": words.number(case.receipt)},
                    "comment", items[0].pk)]
            for case, items in shown
            if not said(items)
        ]  # fmt: skip
        text = lines(
            fmt(_("Returns from QC that name you: %(count)s"), count=b(count)),
            *(lines("", told(case, items)) for case, items in shown),
        )
        return View(text, [*buttons, *([pager(page, pages)] if pages > 1 else [])])

    def do_comment(self, ctx: Context, value: str) -> Answer:
        return Go(CommentReturn, item_id=int(value))


class CommentReturn(Screen):
    """One comment, typed, looked at and saved; it stays as it is."""

    id = "queue.return_comment"

    def enter(self, ctx: Context) -> None:
        load_own(ctx)

    def view(self, ctx: Context) -> View:
        item = load_own(ctx)
        items = own_items(item.return_case, ctx.employee)
        typed = ctx.data.get("text")
        ask = _("Send your comment. There is one for a return; it cannot be changed later.")
        text = lines(
            told(item.return_case, items),
            "",
            None if said(items) else ask,
            quote(typed) if typed else None,
        )
        return View(text, [[confirm_button()]] if typed and not said(items) else [])

    def on_text(self, ctx: Context, text: str) -> Answer:
        ctx.data["text"] = text
        return Stay()

    def do_confirm(self, ctx: Context, value: str) -> Answer:
        item = load_own(ctx)
        comment_return(
            receipt_id=item.return_case.receipt_id,
            item_id=item.pk,
            text=ctx.data["text"],
            actor=ctx.actor,
            command=ctx.command,
        )
        return Done(_("The comment is saved."), MyReturns)

    def subject(self, ctx: Context) -> str:
        return words.number(load_own(ctx).return_case.receipt)


def load_own(ctx: Context) -> ReturnItem:
    """A reason of a return that names this very person. NotFound otherwise."""
    rows = ReturnItem.objects.select_related("return_case__receipt")
    found = rows.filter(
        pk=ctx.params["item_id"], responsible=ctx.employee, return_case__voided_at__isnull=True
    ).first()
    if found is None:
        raise NotFound("bot.no_such_return", _("This return does not name you any more."))
    return found


def said(items: list[ReturnItem]) -> str:
    """His comment on this return, if he has written it."""
    return next((item.person_comment for item in items if item.person_comment), "")


def told(case: ReturnCase, items: list[ReturnItem]) -> Markup:
    """Number, day, reasons, what the inspector wrote, what he answered."""
    comment = said(items)
    return lines(
        fmt(
            "%(number)s · %(day)s",
            number=b(words.number(case.receipt)),
            day=words.moment(case.returned_at),
        ),
        ", ".join(item.reason_name for item in items),
        case.comment or None,
        fmt(_("Your comment: %(text)s"), text=comment) if comment else None,
    )


@opener("return_comment")
def comment_from_a_notice(ctx: Context, value: str) -> Move:
    return Go(CommentReturn, item_id=int(value))
