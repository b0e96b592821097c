"""Where a press or a text leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from history.commands import CommandKey
from workshop.lib.errors import WorkshopError

if TYPE_CHECKING:
    from botapp.dialogs.screen import Screen

    Target = type[Screen] | str


def screen_id(target: Target) -> str:
    return target if isinstance(target, str) else target.id


class Move:
    """Base of all moves; ``note`` is a line on the next screen, ``toast`` a pop-up on the press."""

    def __init__(self) -> None:
        self.note_text: Any = ""
        self.toast_text: str = ""
        self.alert = False

    def note(self, text: Any) -> Self:
        """A line above the screen that comes (what was done), gone with the next input."""
        self.note_text = text
        return self

    def toast(self, text: Any, *, alert: bool = False) -> Self:
        """A short pop-up on the press (at most 200 characters); ``alert`` wants an OK."""
        self.toast_text = str(text)
        self.alert = alert
        return self


class Stay(Move):
    """The same screen, drawn again from its data. ``error`` is shown above it."""

    def __init__(self, error: Any = "") -> None:
        super().__init__()
        self.error = error


class Go(Move):
    """Push another screen; Back returns here with everything entered."""

    def __init__(self, screen: Target, /, **params: Any) -> None:
        super().__init__()
        self.screen = screen_id(screen)
        self.params = params
        self.detour = False


class Swap(Go):
    """Put another screen in the place of this one: Back leads to where this one came from."""


class Restart(Go):
    """Menu, then this screen: all steps before are over."""


class Done(Restart):
    """The flow is over: ``note`` says what happened; then the given screen, or the menu."""

    def __init__(self, note: Any, screen: Target = "menu", /, **params: Any) -> None:
        super().__init__(screen, **params)
        self.note_text = note


class Back(Move):
    """To the previous step; with ``to``, back to the nearest screen of that kind."""

    def __init__(self, to: Target | None = None) -> None:
        super().__init__()
        self.to = screen_id(to) if to is not None else ""


class Return(Back):
    """Back, with ``data`` merged into the data of the screen below (answers of a sub-screen)."""

    def __init__(self, **data: Any) -> None:
        super().__init__()
        self.data = data


class Resume(Back):
    """A detour is over: the step it was made from is drawn again, with what was entered there."""


class Home(Move):
    """To the menu; what was begun is dropped."""


@dataclass(frozen=True)
class SeriesItem:
    """One receipt of a confirm over several. ``run`` gets the key of this very item."""

    id: int | str
    run: Callable[[CommandKey], Any]
    label: str = ""


@dataclass(frozen=True)
class SeriesResult:
    item: SeriesItem
    outcome: Any = None
    error: WorkshopError | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


@dataclass
class Series:
    """One transaction per item, then ``finish`` tells where it leads.

    A refused item does not stop the others. After a kill the whole step runs again and the items
    that were done replay under their keys.
    """

    items: Sequence[SeriesItem]
    finish: Callable[[list[SeriesResult]], Move]
    results: list[SeriesResult] = field(default_factory=list)


Answer = Move | Series
