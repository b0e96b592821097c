"""A customer in the bot: subscribed by the secret link of his receipt, stopped by one press.

Nothing of his account enters events or commands: the actor and the keys here name nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Markup,
    Move,
    Photo,
    Screen,
    Stay,
    Swap,
    View,
    b,
    deep_link,
    fmt,
    lines,
    opener,
)
from botapp.dialogs.registry import open_number
from botapp.dialogs.view import Row
from history.commands import CommandKey
from receipts.models import Receipt, Subscription
from receipts.numbers import normalise_number
from receipts.services.subscriptions import no_such_link, subscribe, unsubscribe
from receipts.states import Status
from staff.actors import customer_actor
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation

CLIENT = "bot:customer"
STRANGER = "stranger"  # the screen below all of a customer's
# What happens inside the workshop is its own matter: a customer is told where his watch stands.
PLAIN = {
    Status.READY: lazy("Now: ready, can be collected"),
    Status.REFUSED: lazy("Now: not repaired, can be collected"),
    Status.ISSUED: lazy("Now: handed out"),
}


class Subscribed(Screen):
    """What he will be told, and the one press that stops it."""

    id = "customer.subscribed"
    strangers = True
    parkable = False

    def enter(self, ctx: Context) -> None:
        own(ctx, ctx.params["subscription_id"])

    def view(self, ctx: Context) -> View:
        row = own(ctx, ctx.params["subscription_id"])
        if row.ended_at is not None:
            return _view(ctx, stopped_text(row))
        text = lines(
            fmt(_("You are subscribed: receipt %(number)s"), number=b(row.receipt)),
            now(row.receipt),
            _("A message comes here when the watch is ready, or when it cannot be repaired."),
        )
        stop = Button(_("🔕 Do not tell me any more"), "stop")
        return _view(ctx, text, [[stop]])

    def on_text(self, ctx: Context, text: str) -> Answer:
        return answer_in_words(ctx, text)

    def on_photo(self, ctx: Context, photo: Photo) -> Answer:
        return Stay(self.hint(ctx))

    def do_stop(self, ctx: Context, value: str) -> Answer:
        return stop(ctx, ctx.params["subscription_id"])

    def hint(self, ctx: Context) -> str:
        return _("Please use the buttons.")


class Stopped(Screen):
    """Stopped; the link that he still has subscribes him again.

    Without an id: the button was forged or pressed again, and whose it was nobody knows any more.
    """

    id = "customer.stopped"
    strangers = True
    parkable = False

    def view(self, ctx: Context) -> View:
        found = ctx.params["subscription_id"]
        row = Subscription.objects.select_related("receipt").filter(pk=found).first()
        return _view(ctx, stopped_text(row) if row else again())

    def on_text(self, ctx: Context, text: str) -> Answer:
        return answer_in_words(ctx, text)

    def on_photo(self, ctx: Context, photo: Photo) -> Answer:
        return Stay(self.hint(ctx))

    def hint(self, ctx: Context) -> str:
        return _("Please use the buttons.")


def _view(ctx: Context, text: Markup | str, rows: Sequence[Row] = ()) -> View:
    """A customer goes back only to a list of several; employees have their menu."""
    staff = ctx.caller is not None
    return View(text, rows, back=staff or len(mine(ctx.person.id)) > 1, home=staff)


def answer_in_words(ctx: Context, text: str) -> Move:
    """Somebody types the number of his receipt, or a question: he sees how his watch stands."""
    if ctx.caller is not None:  # an employee who tries a customer's link
        return open_number(ctx, text) or Stay(_("Please use the buttons."))
    rows = mine(ctx.person.id)
    named = [row for row in rows if row.receipt.number_key == _key(text)]
    found = named or (rows if len(rows) == 1 else [])
    told = _("Nobody reads messages here. This is how your watch stands:")
    if not found:
        return Stay(_("Nobody reads messages here. Please use the buttons."))
    shown = ctx.frame.screen == Subscribed.id
    if shown and ctx.params["subscription_id"] == found[0].pk:
        return Stay().note(told)
    move = Go if ctx.frame.screen == STRANGER else Swap
    return move(Subscribed, subscription_id=found[0].pk).note(told)


def _key(text: str) -> str:
    try:
        return normalise_number(text).key
    except RuleViolation:
        return ""


def stopped_text(row: Subscription) -> Markup:
    return lines(
        fmt(_("No more messages about receipt %(number)s."), number=b(row.receipt)),
        again(),
    )


def again() -> str:
    return _("To be told again, open the link of your receipt once more.")


def now(receipt: Receipt) -> str:
    """Where the watch stands, in a customer's words."""
    return str(PLAIN.get(Status(receipt.status), _("Now: in the workshop")))


def mine(person_id: int) -> list[Subscription]:
    """The live subscriptions of this account."""
    rows = Subscription.objects.live().filter(telegram_id=person_id)
    return list(rows.select_related("receipt").order_by("pk"))


def own(ctx: Context, subscription_id: int) -> Subscription:
    """A subscription of this account, or one that has ended (it belongs to nobody any more)."""
    rows = Subscription.objects.select_related("receipt").filter(pk=subscription_id)
    row: Subscription | None = rows.first()
    if row is None or row.telegram_id not in (None, ctx.person.id):
        raise no_such_link()
    return row


def actor(ctx: Context) -> Actor:
    return customer_actor(ctx.actor.channel) if ctx.caller is None else ctx.actor


def stop(ctx: Context, subscription_id: int) -> Move:
    """Once is enough for ever, so the subscription itself is the key: no account enters it."""
    unsubscribe(
        subscription_id=subscription_id,
        telegram_id=ctx.person.id,
        actor=actor(ctx),
        command=CommandKey(CLIENT, f"stop:{subscription_id}:{ctx.frame.key}"),
    )
    ctx.key_used = True
    move = Swap if ctx.frame.screen == Subscribed.id else Go
    return move(Stopped, subscription_id=subscription_id)


@deep_link("t_", strangers=True)
def open_public_link(ctx: Context, token: str) -> Move:
    """``/start t_<public token>``: the link of the customer's page."""
    outcome = subscribe(
        token=token,
        telegram_id=ctx.person.id,
        language=ctx.caller.language if ctx.caller else ctx.person.language,
        actor=actor(ctx),
        command=CommandKey(CLIENT, f"begin:{ctx.frame.key}"),
    )
    ctx.key_used = True
    return Go(Subscribed, subscription_id=outcome.object.pk)


@opener("unsubscribe", strangers=True)
def stop_from_a_notice(ctx: Context, value: str) -> Move:
    """The button below each message to a customer; the number in it can be forged."""
    row = own(ctx, int(value))
    if row.ended_at is not None:
        return Go(Stopped, subscription_id=None)
    return stop(ctx, row.pk)
