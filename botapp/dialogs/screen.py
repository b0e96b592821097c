"""The base of all screens."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from botapp.dialogs import registry
from botapp.dialogs.context import Context
from botapp.dialogs.markup import esc, plain
from botapp.dialogs.moves import Answer, Back, Go, Move, Stay
from botapp.dialogs.view import View
from botapp.transport.port import Photo


class Screen(ABC):
    """One screen. Subclasses set ``id`` and say what is shown and what each input means.

    A press of ``Button(label, "pick", 5)`` calls ``do_pick(ctx, "5")``. Objects live for one step:
    whatever must stay goes into ``ctx.data``.
    """

    id: ClassVar[str] = ""
    roles: ClassVar[tuple[str, ...]] = ()  # empty: every employee
    strangers: ClassVar[bool] = False  # also for people who are not on the staff
    parkable: ClassVar[bool] = True  # False where nothing is lost by leaving (cards, lists)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "id" in cls.__dict__:
            registry.register_screen(cls)

    def enter(self, ctx: Context) -> None:  # noqa: B027  # most screens need nothing here
        """Called once when the screen is opened, before it is drawn: fill ``ctx.data`` here."""

    @abstractmethod
    def view(self, ctx: Context) -> View:
        """What is shown; called again for every drawing, must not write anything."""

    def on_press(self, ctx: Context, action: str, value: str) -> Answer:
        """A button of this screen. By default ``do_<action>(ctx, value)``."""
        answer: Answer = getattr(self, f"do_{action}")(ctx, value)
        return answer

    def on_text(self, ctx: Context, text: str) -> Answer:
        """Typed text, cleaned. By default a number opens that receipt, else a hint is given."""
        return registry.open_number(ctx, text) or Stay(self.hint(ctx))

    def on_photo(self, ctx: Context, photo: Photo) -> Answer:
        """A picture; the parts of an album come one after another. By default it is attached to
        the receipt the screen is about, or to the one whose number is its caption."""
        hint = _(
            "A photo belongs to a receipt: open it first, or write its number below the photo."
        )
        move = registry.take_photo(ctx, photo) or Stay(hint)
        if isinstance(move, Go):
            move.detour = True  # what was begun here is not over
        return move

    def on_skip(self, ctx: Context) -> Answer:
        """Skip was pressed; a view with ``skip=True`` is refused where nobody answers it."""
        return Stay(self.hint(ctx))

    def on_back(self, ctx: Context) -> Move:
        """Back. Override only to leave a sub-step that is kept in ``ctx.data``."""
        return Back()

    def hint(self, ctx: Context) -> str:
        """The short answer to an input that this screen cannot use."""
        if self.expects_text():
            return _("Please answer with text, or use the buttons.")
        return _("Please use the buttons. /menu opens the menu.")

    def unsaved(self, ctx: Context) -> bool:
        """True while something entered here would be lost by going home: then it is parked."""
        return False

    def refuses(self, ctx: Context) -> bool:
        """Whether a stranger who stands here has been turned away: that is counted."""
        return False

    def subject(self, ctx: Context) -> str:
        """What is being done here, for the button that continues a parked dialogue: «№ 1234»."""
        return ""

    def unfinished(self, ctx: Context) -> str:
        """What was being done here, for the line that says that it was dropped: the first line
        of the screen, what it is about, and the last one, what it asks."""
        told = list(filter(str.strip, plain(esc(self.view(ctx).text)).splitlines()))
        return ", ".join(dict.fromkeys([told[0], told[-1]])) if told else ""

    @classmethod
    def expects_text(cls) -> bool:
        return cls.on_text is not Screen.on_text

    @classmethod
    def handles(cls, action: str) -> bool:
        """Whether a button with this action has somebody to answer it."""
        if action == "_skip":
            return cls.on_skip is not Screen.on_skip
        return cls.on_press is not Screen.on_press or inspect.isfunction(
            getattr(cls, f"do_{action}", None)
        )
