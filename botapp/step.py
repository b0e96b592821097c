"""A step: one update, one transaction. Dialogue, change and the inbox row's mark stand or fall
together."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import translation

from botapp import counting, customer_notices, failures, group_cards, inbox, reach
from botapp.dialogs.engine import Engine, Reaction
from botapp.dialogs.markup import Markup
from botapp.dialogs.moves import Series, SeriesItem, SeriesResult
from botapp.dialogs.state import DialogState, Frame
from botapp.models import Dialog, InboundUpdate
from botapp.transport.port import File, Incoming, Message, Person
from staff import services as staff_services
from staff.actors import employee_actor, stranger_actor
from staff.models import Employee
from staff.selectors import by_telegram_id
from workshop.lib import clock, tracing
from workshop.lib.actor import BOT, Actor, Channel
from workshop.lib.compiled import Change, Rows
from workshop.lib.correlation import caused_by, note, of_actor
from workshop.lib.errors import WorkshopError
from workshop.lib.slow import watched

LIFE: Final = timedelta(hours=24)

logger = logging.getLogger(__name__)


_dialog: Rows[Dialog] = Rows(
    lambda slot: Dialog.objects.filter(chat_id=slot("chat_id"), person_id=slot("person_id"))
)
_keep = Change(
    lambda slot: (
        Dialog.objects.filter(pk=slot("pk")),
        {
            "wanted_revision": slot("revision"),
            "state": slot("state"),
            "screen": slot("screen"),
            "updated_at": slot("now"),
            "expires_at": slot("expires_at"),
            "show_after": slot("show_after"),
            "last_message_id": Greatest(F("last_message_id"), slot("last")),
        },
    )
)


@dataclass(frozen=True)
class Wanted:
    """A screen to be shown, and what stands in the chat now."""

    dialog_id: int
    chat_id: int
    person_id: int
    revision: int
    message: Message
    live_message_id: int | None
    live_is_picture: bool
    last_message_id: int
    former_message_id: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What is left to do on the network after the transaction."""

    chat_id: int
    callback_id: str = ""
    toast: str = ""
    alert: bool = False
    delete: tuple[int, ...] = ()
    files: tuple[File, ...] = ()
    edits: tuple[tuple[int, Message], ...] = ()
    say: tuple[Markup, ...] = ()
    wanted: Wanted | None = None


@dataclass(frozen=True)
class Limit:
    """The verdict of the inbound limiter on this update."""

    exceeded: bool = False
    warn: bool = False


@dataclass
class Caller:
    employee: Employee | None
    actor: Actor
    language: str = field(default=settings.LANGUAGE_CODE)


def identify(person: Person, correlation_id: str) -> Caller:
    """Who acts. The one place where access is decided, asked on every update."""
    channel = Channel(BOT, correlation_id=correlation_id)
    found = by_telegram_id(person.id)
    if found is not None and found.active:
        return Caller(found, employee_actor(found, channel), found.language)
    spoken = found.language if found else person.language
    known = spoken in dict(settings.LANGUAGES)
    # Neither has a role. Never the system's actor: policies let that one do everything.
    nobody = employee_actor(found, channel) if found else stranger_actor(person.id, channel)
    return Caller(None, nobody, spoken if known else settings.LANGUAGE_CODE)


def take_step(
    row: InboundUpdate, incoming: Incoming, token: str, limit: Limit | None = None
) -> Outcome:
    """Handle one update. Raises ClaimLost, or whatever a bug raises: then nothing was changed."""
    limit = limit or Limit()
    counted = counting.attempt(row, incoming, dropped=limit.exceeded)
    with cause_of(row), tracing.door("step"), counted:
        return _take_step(row, incoming, token, limit)


def cause_of(row: InboundUpdate) -> AbstractContextManager[None]:
    """The lines of the block, and what is written in it, belong to this update."""
    return caused_by(_id_of(row), channel=BOT)


def _id_of(row: InboundUpdate) -> str:
    return f"tg-{row.bot_id}-{row.update_id}"


def _take_step(row: InboundUpdate, incoming: Incoming, token: str, limit: Limit) -> Outcome:
    person = incoming.person
    if person is None or incoming.kind in {"membership", "moved"}:
        return _note_membership(row, incoming, token)
    caller = identify(person, _id_of(row))
    note(**of_actor(caller.actor))
    with translation.override(caller.language):
        return _Step(row, incoming, token, caller, person).run(limit)


def give_up(row: InboundUpdate, incoming: Incoming, token: str, error: Exception) -> Outcome:
    """The last attempt has failed: mark the row, tell person and office, let the chat go on."""
    person = incoming.person
    counting.given_up(incoming.kind)
    if person is None or not incoming.private:
        failures.give_up(row, token, error)
        return Outcome(incoming.chat_id, callback_id=incoming.callback_id)
    caller = identify(person, _id_of(row))
    with cause_of(row), translation.override(caller.language):
        return _Step(row, incoming, token, caller, person).apologise(error)


def _note_membership(row: InboundUpdate, incoming: Incoming, token: str) -> Outcome:
    with transaction.atomic():
        if incoming.person is not None and incoming.private:
            reach.note_block(incoming.person.id, blocked=incoming.blocked)
            if incoming.blocked:
                customer_notices.end_subscriptions(incoming.person.id)
        if not incoming.private:
            group_cards.follow_group(incoming)
        inbox.finish(row, token)
    return Outcome(incoming.chat_id)


class _Step:
    def __init__(
        self, row: InboundUpdate, incoming: Incoming, token: str, caller: Caller, person: Person
    ) -> None:
        self.row, self.incoming, self.token = row, incoming, token
        self.caller, self.person = caller, person
        self.now = clock.now()
        self.dialog: Dialog | None = None
        self.engine: Engine = self._engine(DialogState())

    def run(self, limit: Limit) -> Outcome:
        with watched("step", self._screen_id), counting.leading_to(self._screen_id):
            return self._take(limit)

    def _take(self, limit: Limit) -> Outcome:
        with transaction.atomic():
            self._open()
            note(screen=self._screen_id())
            series = None
            if limit.exceeded:
                self.engine.slow_down(warn=limit.warn)
            else:
                series = self.engine.react()
            if series is None:
                return self._close()
        return self._run_series(series)

    def apologise(self, failure: Exception) -> Outcome:
        try:
            with transaction.atomic():
                self._open()
                self.engine.apologise()
                return self._close(failure)
        except inbox.ClaimLost:
            raise
        except Exception:  # the very screen cannot be drawn: the menu can
            logger.exception("a screen cannot be drawn", extra={"screen": self._screen_id()})
            with transaction.atomic():
                self._open()
                self.engine.state.stack = [Frame(self.engine.state.stack[0].screen)]
                self.engine.apologise()
                return self._close(failure)

    def _run_series(self, series: Series) -> Outcome:
        """One transaction per item; dialogue and mark go with the last one."""
        for item in series.items[:-1]:
            self._run_item(series, item)
            if not inbox.renew([self.row.chat_id], self.token):
                raise inbox.ClaimLost(self.row.pk)
        with transaction.atomic():
            for item in series.items[-1:]:
                self._run_item(series, item)
            self.engine.finish(series)
            return self._close()

    def _run_item(self, series: Series, item: SeriesItem) -> None:
        key = self.engine.context(self.engine.state.top).command_for(item.id)
        try:
            with transaction.atomic():
                outcome = item.run(key)
        except WorkshopError as error:
            series.results.append(SeriesResult(item, error=error))
        else:
            series.results.append(SeriesResult(item, outcome))

    def _engine(self, state: DialogState) -> Engine:
        return Engine(
            state,
            self.incoming,
            employee=self.caller.employee,
            actor=self.caller.actor,
            now=self.now,
            live_message_id=(self.dialog.live_message_id or 0) if self.dialog else 0,
        )

    def _open(self) -> None:
        """Load the dialogue; an expired one begins at the menu. Groups have none."""
        if not self.incoming.private:
            return
        self.dialog = self._find_dialog()
        self.engine = self._engine(DialogState.from_json(self.dialog.state))
        if self.dialog.expires_at <= self.now:
            self.engine.expire()

    def _find_dialog(self) -> Dialog:
        place = {"chat_id": self.incoming.chat_id, "person_id": self.person.id}
        found = _dialog.first(**place)
        if found is None:
            expires_at = self.now + LIFE
            found, _is_new = Dialog.objects.get_or_create(
                **place, defaults={"expires_at": expires_at}
            )
        return found

    def _close(self, failure: Exception | None = None) -> Outcome:
        reaction = self.engine.reaction
        if reaction.refused:
            self._refuse(reaction)
        wanted = self._save(reaction) if self.dialog is not None else None
        if failure is None:
            inbox.finish(self.row, self.token)
        else:
            failures.give_up(self.row, self.token, failure)
        return Outcome(
            chat_id=self.incoming.chat_id,
            callback_id=self.incoming.callback_id,
            toast=reaction.toast,
            alert=reaction.alert,
            delete=tuple(reaction.delete),
            files=tuple(reaction.files),
            edits=tuple(reaction.edits),
            say=tuple(reaction.say),
            wanted=wanted,
        )

    def _refuse(self, reaction: Reaction) -> None:
        """Count it; one message an hour at most, but the screen of a leaver goes at once."""
        told = staff_services.refuse_access(telegram_id=self.person.id, actor=self.caller.actor)
        shown = self.dialog is not None and self.dialog.screen == self._screen_id()
        reaction.redraw = not shown or told

    def _save(self, reaction: Reaction) -> Wanted | None:
        dialog = self.dialog
        if dialog is None:
            return None
        # Never put back: the delivery of notices moves it too.
        last = self.incoming.message_id if self._stays_in_the_chat(reaction) else 0
        dialog.last_message_id = max(dialog.last_message_id, last)
        repeated = dialog.sending_revision is not None
        message = self.engine.draw(repeated=repeated) if reaction.redraw else None
        dialog.wanted_revision += 1 if message else 0
        dialog.state = self.engine.state.as_json()
        dialog.screen = self._screen_id()
        kept = _keep.run(
            pk=dialog.pk,
            revision=dialog.wanted_revision,
            state=dialog.state,
            screen=dialog.screen,
            now=self.now,
            expires_at=self.now + LIFE,
            # The worker itself shows it now; the sweep only when it did not.
            show_after=self.now + inbox.LEASE,
            last=last,
        )
        if not kept:
            raise LookupError(f"dialogue {dialog.pk} has been deleted meanwhile")
        return wanted_of(dialog, message) if message else None

    def _stays_in_the_chat(self, reaction: Reaction) -> bool:
        """Whether the person's own message now stands below the screen (or must be taken so)."""
        if self.incoming.kind in {"press", "edited"}:
            return False
        return reaction.fresh or self.incoming.message_id not in reaction.delete

    def _screen_id(self) -> str:
        return self.engine.state.top.screen


def wanted_of(dialog: Dialog, message: Message) -> Wanted:
    return Wanted(
        dialog_id=dialog.pk,
        chat_id=dialog.chat_id,
        person_id=dialog.person_id,
        revision=dialog.wanted_revision,
        message=message,
        live_message_id=dialog.live_message_id,
        live_is_picture=dialog.live_is_picture,
        last_message_id=dialog.last_message_id,
        former_message_id=dialog.former_message_id,
    )
