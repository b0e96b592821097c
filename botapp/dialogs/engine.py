"""One step of a dialogue: an input in, a new state and a drawing out. No network, no Telegram."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from botapp.dialogs import drawing, group, navigation, payload, registry
from botapp.dialogs.context import Context
from botapp.dialogs.controls import PAGE
from botapp.dialogs.markup import Markup, esc, fmt, lines
from botapp.dialogs.moves import (
    Answer,
    Go,
    Home,
    Move,
    Series,
    Stay,
)
from botapp.dialogs.screen import Screen
from botapp.dialogs.state import MENU, DialogState, Frame
from botapp.transport.port import File, Incoming, Message
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed, NotFound, WorkshopError
from workshop.lib.text import clean_text, clip

logger = logging.getLogger(__name__)
STRANGER = "stranger"
TOAST_LIMIT = 200  # characters, Telegram's own
TYPED_LIMIT = 4096
DROPPED_LIMIT = 300  # characters of what was not finished
_LINK = re.compile(r"[\w-]{1,64}", re.ASCII)  # what Telegram allows in a deep link


@dataclass
class Reaction:
    """What the messenger has to do besides showing the screen."""

    toast: str = ""
    alert: bool = False
    redraw: bool = True
    fresh: bool = False  # the screen must come as a new message
    refused: bool = False  # a stranger asked
    delete: list[int] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    edits: list[tuple[int, Message]] = field(default_factory=list)  # of notices
    say: list[Markup] = field(default_factory=list)  # into the work group


class Engine:
    """Works on a :class:`DialogState`; the caller stores it afterwards.

    ``live_message_id`` is the message that shows the dialogue now (0: none).
    """

    def __init__(
        self,
        state: DialogState,
        incoming: Incoming,
        *,
        employee: Employee | None,
        actor: Actor,
        now: datetime,
        live_message_id: int = 0,
    ) -> None:
        if incoming.person is None:
            raise ValueError("a step needs a person")
        self.state, self.incoming, self.now = state, incoming, now
        self.person = incoming.person
        self.employee, self.actor = employee, actor
        self.live_message_id = live_message_id
        self.reaction = Reaction()
        self._context: Context | None = None
        self._dropped = Markup("")

    # --- in ---------------------------------------------------------------------------------

    def react(self) -> Series | None:
        """Handle the input. A Series is handed out to be run item by item, then ``finish`` it."""
        if not self.incoming.private:
            self._in_group()
            return None
        thrown_out = self.admit()
        series = None
        if thrown_out and self.incoming.kind == "press":
            self.reaction.toast = drawing.outdated()
        else:
            series = self._take()
        top = self.state.top
        if self.employee is None and self._screen(top).refuses(self.context(top)):
            self._refuse()
        if self._dropped:
            top.note = lines(self._dropped, Markup(top.note)) if top.note else self._dropped
        return series

    def expire(self) -> None:
        """Too much time has passed: begin at the menu, and say what was not finished."""
        told = [self._begun(stack[-1]) for stack in navigation.unfinished(self.state)]
        self.state.stack, self.state.parked = [Frame(self._root())], []
        if what := "; ".join(filter(None, told)):
            text = _("⌛ Not finished within 24 hours, nothing of it was saved: %(what)s")
            self._dropped = fmt(text, what=clip(what, DROPPED_LIMIT))

    def _take(self) -> Series | None:
        kind = self.incoming.kind
        if kind == "press":
            return self._press()
        if kind == "text":
            self.reaction.delete.append(self.incoming.message_id)
            return self._text()
        if kind == "photo" and self.incoming.photo is not None:
            photo = self.incoming.photo
            return self._call(lambda screen, ctx: screen.on_photo(ctx, photo))
        return self._call(lambda screen, ctx: Stay(screen.hint(ctx)))

    def _begun(self, frame: Frame) -> str:
        screen = registry.find_screen(frame.screen)
        if screen is None or not self._may(screen):
            return ""
        try:
            with transaction.atomic():
                return screen().unfinished(self._look_at(frame))
        except WorkshopError:  # what it was about is gone
            return ""
        except Exception:  # the chat must not stand still over what is dropped anyway
            logger.exception("what was begun cannot be told", extra={"screen": frame.screen})
            return ""

    def finish(self, series: Series) -> None:
        """Go on after the items of a series have run."""
        self._guard(lambda ctx: series.finish(series.results), self.context(self.state.top), [])

    def slow_down(self, *, warn: bool) -> None:
        """The person is too fast: nothing is done; he is told once."""
        self.reaction.redraw = False
        text = _("Too fast: this input was not taken. Please repeat it in a moment.")
        if self.incoming.kind == "press":
            self.reaction.toast = text
        elif warn:
            self.state.top.error = esc(text)
            self.reaction.redraw = True

    def apologise(self) -> None:
        """A step failed for good: say so on the screen where the person stands."""
        self.state.top.forget_messages()
        self.state.top.error = esc(_("That did not work: an error of ours. It has been reported."))

    def draw(self, *, repeated: bool = False) -> Message:
        """The top screen as a message; remembers which buttons it offers.

        ``repeated``: it may stand in the chat already, as a message that we do not know.
        """
        ctx = self.context(self.state.top)
        return drawing.draw(ctx, self._continue_label(), repeated=repeated)

    def context(self, frame: Frame) -> Context:
        """The context of the step; one object as long as the frame is the same."""
        if self._context is None or self._context.frame is not frame:
            self._context = Context(
                person=self.person,
                chat_id=self.incoming.chat_id,
                caller=self.employee,
                actor=self.actor,
                now=self.now,
                frame=frame,
                files=self.reaction.files,
                edits=self.reaction.edits,
                message_id=self.incoming.message_id,
                chat_title=self.incoming.title,
            )
        self._context.depth = len(self.state.stack)
        self._context.parked = bool(self.state.parked)
        return self._context

    # --- access -----------------------------------------------------------------------------

    def _root(self) -> str:
        return MENU if self.employee else STRANGER

    def admit(self) -> bool:
        """Bring the stack in line with what the person may see now, on every update.

        True when he stood where he may not stand any more.
        """
        screens = [registry.find_screen(frame.screen) for frame in self.state.stack]
        known = all(screen is not None and self._may(screen) for screen in screens)
        if known and (self.employee is None or self.state.stack[0].screen == MENU):
            return False
        self.state.leave(self.state.top, self.now)
        self.state.stack, self.state.parked = [Frame(self._root())], []
        return True

    def _refuse(self) -> None:
        """A stranger at the door: what he sent stays where it is, a press gets a short answer."""
        self.reaction.refused = True
        self.reaction.delete = []
        if self.incoming.kind == "press":
            self.reaction.toast = _("You have no access to this bot.")

    def _may(self, screen: type[Screen]) -> bool:
        if self.employee is None:
            return screen.strangers
        return not screen.roles or self.actor.has(*screen.roles)

    # --- kinds of input ---------------------------------------------------------------------

    def _in_group(self) -> None:
        ctx = self.context(Frame(MENU))
        ctx.press_key = self._press_key()
        told = group.answer(self.incoming, ctx)
        self.reaction.redraw = False
        self.reaction.toast, self.reaction.alert = clip(told.toast, TOAST_LIMIT), told.alert
        self.reaction.say, self.reaction.delete = told.say, told.delete

    def _press(self) -> Series | None:
        press = payload.parse(self.incoming.payload)
        top = self.state.top
        if press is None:
            return self._outdated()
        if press.nonce == payload.STATELESS:
            return self._open(press)
        if press.nonce != top.nonce:
            if self.state.just_left(press.nonce, self.now):
                self.reaction.redraw = False
                return None
            return self._outdated()
        if not any(f"{press.action}:{press.value}" in drawn for drawn in top.offered):
            return self._outdated()
        if self.incoming.message_id < self.live_message_id:
            # A second copy, left by a crash: it must not stay above the live screen.
            self.reaction.delete.append(self.incoming.message_id)
        if press.action.startswith("_"):
            return self._own_button(press)
        retry = [press.action, press.value]
        return self._call(lambda s, ctx: s.on_press(ctx, press.action, press.value), retry)

    def _own_button(self, press: payload.Press) -> Series | None:
        top = self.state.top
        if press.action == PAGE:
            top.page = int(press.value)
            return None
        if press.action == "_retry" and top.retry:
            action, value = top.retry
            return self._call(lambda s, ctx: s.on_press(ctx, action, value), [action, value])
        if press.action == "_skip":
            return self._call(lambda s, ctx: s.on_skip(ctx), ["_skip", ""])
        if press.action == "_back":
            return self._call(lambda s, ctx: s.on_back(ctx))
        if press.action == "_home" and self._keep_unsaved():
            return None
        if press.action == "_continue" and self.state.parked:
            self.state.leave(top, self.now)
            self.state.stack, self.state.parked = self.state.parked, []
            self.admit()
            return None
        note = _("Cancelled.") if press.action == "_cancel" else ""
        return self._call(lambda s, ctx: Home().note(note))

    def _outdated(self) -> Series | None:
        """An old keyboard. On the live message the screen is drawn again, else the menu comes."""
        self.reaction.toast = drawing.outdated()
        if self.incoming.message_id != self.live_message_id:
            self.reaction.delete.append(self.incoming.message_id)
            self._park()
        return None

    def _open(self, press: payload.Press) -> Series | None:
        """The button of a notice: what was begun is parked, the thing opens below the menu.

        One that opens nothing leaves the dialogue where it is.
        """
        found = registry.find_opener(press.action)
        if found is None or not found.accepts(press.value):
            return self._outdated()
        if self.employee is None and not found.strangers:
            self.reaction.toast = _("You may not do this.")
            return None
        if not found.stays:
            self._park()
        self.context(self.state.top).press_key = self._press_key()
        return self._call(lambda s, ctx: found.function(ctx, press.value))

    def _press_key(self) -> str:
        """Buttons of notices and cards have no screen: the button itself is the operation."""
        return f"press:{self.incoming.chat_id}:{self.incoming.message_id}:{self.incoming.payload}"

    def _text(self) -> Series | None:
        text = self.incoming.text
        if self.incoming.forwarded:
            hint = _("Forwarded messages are not read. Please type it yourself.")
            return self._call(lambda s, ctx: Stay(hint))
        if text.startswith("/"):
            return self._command(text)
        return self._call(lambda s, ctx: _read(s, ctx, text))

    def _command(self, text: str) -> Series | None:
        name, _space, argument = text.partition(" ")
        name, argument = name.partition("@")[0], argument.strip()
        if name == "/start" and argument:
            self.reaction.fresh = True
            return self._follow(argument)
        if name == "/menu" and self._keep_unsaved():
            return None
        if name in {"/start", "/menu", "/cancel"}:
            self.reaction.fresh = name == "/start"
            note = _("Cancelled.") if name == "/cancel" and len(self.state.stack) > 1 else ""
            return self._call(lambda s, ctx: Home().note(note))
        hint = _("There is no such command. /menu opens the menu.")
        return self._call(lambda s, ctx: Stay(hint))

    def _follow(self, argument: str) -> Series | None:
        found = registry.find_link(argument) if _LINK.fullmatch(argument) else None
        if found is None or not (self.employee or found[0].strangers):
            return self._call(lambda s, ctx: Stay(_("This link is not valid.")))
        stored, value = found
        self._park()
        return self._call(lambda s, ctx: stored.function(ctx, value))

    # --- moves ------------------------------------------------------------------------------

    def _call(
        self, handler: Callable[[Screen, Context], Answer], retry: list[str] | None = None
    ) -> Series | None:
        ctx = self.context(self.state.top)
        ctx.frame.forget_messages()
        screen = self._screen(ctx.frame)
        return self._guard(lambda ctx: handler(screen, ctx), ctx, retry or [])

    def _guard(
        self, handler: Callable[[Context], Answer], ctx: Context, retry: list[str]
    ) -> Series | None:
        """Run it in a savepoint: a refusal undoes what services did and keeps the dialogue."""
        before, files, edits = (self.employee, self.actor), len(ctx.files), len(ctx.edits)
        try:
            with transaction.atomic():
                answer = handler(ctx)
                self.employee, self.actor = ctx.caller, ctx.actor
                if isinstance(answer, Series):
                    return answer
                self._apply(answer, ctx)
        except WorkshopError as error:
            self.employee, self.actor = ctx.caller, ctx.actor = before
            del ctx.files[files:]
            del ctx.edits[edits:]
            ctx.frame.error = esc(clip(error.text(), 1000))
            ctx.frame.retry = retry
        return None

    def _apply(self, move: Move, ctx: Context) -> None:
        frame = ctx.frame
        arrived = self._arrival(move) if isinstance(move, Go) else None
        if ctx.key_used:
            self.state.renew(frame, self.now)
            ctx.key_used = False
        if isinstance(move, Stay):
            frame.error = esc(move.error)
        else:
            self.state.leave(frame, self.now)
            navigation.rearrange(self.state, move, arrived, self._root())
        self._tell(move)

    def _arrival(self, move: Go) -> Frame:
        """The frame of the screen to come, filled by its ``enter``. May refuse."""
        screen = registry.find_screen(move.screen)
        if screen is None:
            raise NotFound("bot.no_such_screen", _("This part of the bot is not available."))
        if not self._may(screen):
            raise NotAllowed
        frame = Frame(move.screen, params=move.params, detour=move.detour)
        if move.screen != self._root():
            screen().enter(self.context(frame))
        return frame

    def _park(self) -> None:
        navigation.park(self.state, self._root(), self.now)

    def _keep_unsaved(self) -> bool:
        """Going home from lines that are not saved yet: they can be continued from the menu."""
        frame = self.state.top
        if not self._screen(frame).unsaved(self.context(frame)):
            return False
        frame.forget_messages()
        self._park()
        return True

    def _tell(self, move: Move) -> None:
        if move.note_text:
            self.state.top.note = esc(move.note_text)
        self.reaction.toast = clip(move.toast_text, TOAST_LIMIT)
        self.reaction.alert = move.alert

    def _screen(self, frame: Frame) -> Screen:
        screen = registry.find_screen(frame.screen)
        if screen is None:
            raise LookupError(f"the screen {frame.screen} is not registered")
        return screen()

    def _continue_label(self) -> str:
        if not self.state.parked or len(self.state.stack) > 2:
            return ""
        frame = self.state.parked[-1]
        screen = registry.find_screen(frame.screen)
        if screen is None:
            return ""
        try:
            subject = screen().subject(self._look_at(frame))
        except WorkshopError:  # what it was about is gone; continuing will tell
            subject = ""
        return _("▶ Continue %(subject)s") % {"subject": subject}

    def _look_at(self, frame: Frame) -> Context:
        """A context to ask a screen that is not the one of this step."""
        return Context(
            person=self.person,
            chat_id=self.incoming.chat_id,
            caller=self.employee,
            actor=self.actor,
            now=self.now,
            frame=frame,
        )


def _read(screen: Screen, ctx: Context, text: str) -> Answer:
    """Typed text without control characters (RuleViolation for NUL and friends); blanks alone
    are no answer to anything."""
    typed = clean_text(text, field="text", limit=TYPED_LIMIT)
    answer = screen.on_text(ctx, typed) if typed else Stay(screen.hint(ctx))
    if isinstance(answer, Go) and not screen.expects_text():
        answer.detour = True  # a number typed in between: what was begun here is not over
    return answer
