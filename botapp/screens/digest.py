"""The whole list of a digest, and what a person answers to it: noted, or remind me again later."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from botapp import digests as messages
from botapp.dialogs import (
    Answer,
    Button,
    Context,
    Go,
    Move,
    Resume,
    Screen,
    Stay,
    Swap,
    View,
    b,
    fmt,
    opener,
    paged,
)
from botapp.screens import words
from botapp.screens.card import open_card
from botapp.screens.pickers import load_receipt, receipt_buttons
from botapp.screens.urgent import Urgent
from history.models import Event
from receipts import digests
from receipts.models import Receipt
from receipts.services.reminders import (
    DIGESTS,
    Later,
    later,
    note_reminder,
    snooze_reminder,
)
from staff import roles
from workshop.lib import clock
from workshop.lib.errors import NotFound

INSPECTORS = (roles.INSPECTOR, roles.MANAGER)


def load(ctx: Context) -> tuple[Receipt, ...]:
    """What of the digest still waits, overdue first."""
    event = Event.objects.filter(pk=ctx.params["event_id"], kind__in=DIGESTS).first()
    if event is None:
        raise NotFound(
            "reminders.no_such_digest", _("This reminder does not exist any more."), field="digest"
        )
    return digests.read(event, ctx.employee, ctx.now).receipts


class DigestList(Screen):
    """Every receipt of the digest that is still to be finished, as a button."""

    id = "digest.list"
    roles = INSPECTORS
    parkable = False

    def enter(self, ctx: Context) -> None:
        load(ctx)

    def view(self, ctx: Context) -> View:
        receipts = load(ctx)
        if not receipts:
            return View(_("Nothing of this list is waiting any more."))
        rows = paged(ctx, receipt_buttons(ctx, receipts))
        answers = [Button(_("✅ Noted"), "noted"), Button(_("⏰ Later"), "later")]
        return View(fmt(_("🔔 Deadlines: %(count)s"), count=b(len(receipts))), [*rows, answers])

    def do_receipt(self, ctx: Context, value: str) -> Answer:
        return open_card(load_receipt(int(value)))

    def do_noted(self, ctx: Context, value: str) -> Answer:
        return Resume().note(noted(ctx, ctx.params["event_id"]))

    def do_later(self, ctx: Context, value: str) -> Answer:
        return Go(RemindLater, event_id=ctx.params["event_id"])


class RemindLater(Screen):
    """When again: of the whole list, or of one receipt of it."""

    id = "digest.later"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        receipts = load(ctx)
        one = next((row for row in receipts if row.pk == ctx.params.get("receipt_id")), None)
        what = words.number(one) if one else _("the whole list")
        times = [Button(_label(choice, ctx), "at", choice.value) for choice in Later]
        rows = [[button] for button in times]
        if one is None and len(receipts) > 1:
            rows.append([Button(_("Only one of them…"), "one")])
        return View(fmt(_("⏰ Remind again: %(what)s"), what=b(what)), rows)

    def do_at(self, ctx: Context, value: str) -> Answer:
        done = snooze_reminder(
            digest_id=ctx.params["event_id"],
            receipt_id=ctx.params.get("receipt_id"),
            choice=value,
            actor=ctx.actor,
            command=ctx.command,
        ).object
        told = fmt(_("⏰ I will remind you: %(when)s"), when=words.moment(done.until))
        return Resume().note(told)

    def do_one(self, ctx: Context, value: str) -> Answer:
        return Go(PickOne, event_id=ctx.params["event_id"])


class PickOne(Screen):
    """Which receipt of the digest to be reminded of again."""

    id = "digest.one"
    roles = INSPECTORS
    parkable = False

    def view(self, ctx: Context) -> View:
        return View(_("Which one?"), paged(ctx, receipt_buttons(ctx, load(ctx))))

    def do_receipt(self, ctx: Context, value: str) -> Answer:
        return Go(RemindLater, event_id=ctx.params["event_id"], receipt_id=int(value))


def _label(choice: Later, ctx: Context) -> str:
    when = clock.local(later(choice, ctx.now)).strftime("%H:%M")
    if choice is Later.HALF_HOUR:
        return _("In 30 minutes: %(when)s") % {"when": when}
    if choice is Later.HOUR:
        return _("In an hour: %(when)s") % {"when": when}
    return _("Tomorrow at %(when)s") % {"when": when}


def noted(ctx: Context, event_id: int) -> str:
    """What to say; the message loses its buttons "Noted" and "Later"."""
    done = note_reminder(digest_id=event_id, actor=ctx.actor, command=ctx.command)
    pressed = [ctx.message_id] if ctx.press_key else []  # a copy that nobody knows of, too
    for message_id in {*pressed, *messages.sent_to(event_id, ctx.employee)}:
        ctx.rewrite(message_id, messages.after_answer(event_id, ctx.employee))
    if done.already is None and not done.replayed:
        return _("✅ The reminder is noted.")
    when = clock.show(done.object.answered_at)
    return _("✅ The reminder was noted before: %(when)s") % {"when": when}


def _aside(ctx: Context, screen: type[Screen], **params: Any) -> Move:
    """Open it on top of what the person does: afterwards he stands there again."""
    if ctx.frame.screen in {DigestList.id, RemindLater.id, PickOne.id}:
        move: Go = Swap(screen, **params)
        move.detour = ctx.frame.detour
    else:
        move = Go(screen, **params)
        move.detour = True
    return move


@opener("digest", stays=True)
def open_list(ctx: Context, value: str) -> Move:
    return _aside(ctx, DigestList, event_id=int(value))


@opener("digest_noted", stays=True)
def note_from_message(ctx: Context, value: str) -> Move:
    """Nothing is opened: who is in the middle of something goes on with it."""
    told = noted(ctx, int(value))
    return Stay().note(told).toast(told)


@opener("digest_later", stays=True)
def open_later(ctx: Context, value: str) -> Move:
    return _aside(ctx, RemindLater, event_id=int(value))


@opener("urgent_list", pattern="")
def open_urgent(ctx: Context, value: str) -> Move:
    """From the evening summary to everything that burns."""
    return Go(Urgent)
