"""What somebody sees who is not on the staff: a customer his subscriptions, others the door."""

from __future__ import annotations

from django.utils.translation import gettext as _

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Done,
    Go,
    Photo,
    Screen,
    Stay,
    View,
    code,
    deep_link,
    fmt,
    paged,
)
from botapp.screens import customer, words
from staff.services import accept_invite


class Stranger(Screen):
    """One polite message with the person's own id; every input leaves it as it is."""

    id = "stranger"
    strangers = True
    parkable = False

    def view(self, ctx: Context) -> View:
        subscriptions = customer.mine(ctx.person.id)
        if subscriptions:
            buttons = [Button(words.number(one.receipt), "open", one.pk) for one in subscriptions]
            return View(_("You are told when the watch of these receipts is ready:"),
                        paged(ctx, buttons))  # fmt: skip
        template = _(
            "This bot is for the staff of the workshop.\n"
            "If you work here, give the office this number: %(id)s"
        )
        return View(fmt(template, id=code(ctx.person.id)))

    def do_open(self, ctx: Context, value: str) -> Answer:
        return Go(customer.Subscribed, subscription_id=int(value))

    def on_text(self, ctx: Context, text: str) -> Answer:
        """A customer is shown his watch; whoever is at the door sees the door."""
        known = ctx.caller is None and customer.mine(ctx.person.id)
        return customer.answer_in_words(ctx, text) if known else Stay()

    def on_photo(self, ctx: Context, photo: Photo) -> Answer:
        return Stay()

    def hint(self, ctx: Context) -> str:
        return ""

    def refuses(self, ctx: Context) -> bool:
        """A customer who is subscribed has been let in as far as he may come."""
        return not customer.mine(ctx.person.id)


@deep_link("", strangers=True)
def accept(ctx: Context, token: str) -> Done:
    """``/start <invite>``: binds the account to the employee, once; from now on he is let in."""
    bound = accept_invite(
        token=token,
        telegram_id=ctx.person.id,
        username=ctx.person.username,
        actor=ctx.actor,
        command=ctx.command,
    )
    ctx.sign_in(bound.object)
    return Done(fmt(_("Welcome, %(name)s!"), name=bound.object.short_name))
