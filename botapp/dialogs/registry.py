"""What flows announce while they load: screens, menu entries, links, the number opener."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botapp.dialogs.context import Context
    from botapp.dialogs.moves import Move
    from botapp.dialogs.screen import Screen
    from botapp.transport.port import Photo

    Opener = Callable[[Context, str], Move]
    GroupCommand = Callable[[Context], Any]
    NumberOpener = Callable[[Context, str], Move | None]
    PhotoTaker = Callable[[Context, Photo], Move | None]


AN_ID = r"[1-9]\d{0,17}"


@dataclass(frozen=True)
class MenuItem:
    """A button of the menu (or of «More»); ``counter`` gives the number behind the label."""

    label: Any
    screen: str
    roles: tuple[str, ...]
    place: int
    more: bool = False
    counter: Callable[[Context], int] | None = None
    params: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class StoredOpener:
    function: Opener
    strangers: bool = False
    groups: bool = False
    pattern: str = ""
    stays: bool = False

    def accepts(self, value: str) -> bool:
        """The value comes from outside: only what has the announced form goes on."""
        return re.fullmatch(self.pattern, value, re.ASCII) is not None


_screens: dict[str, type[Screen]] = {}
_menu: list[MenuItem] = []
_links: dict[str, StoredOpener] = {}
_openers: dict[str, StoredOpener] = {}
_group_commands: dict[str, GroupCommand] = {}
_number_openers: list[NumberOpener] = []
_photo_takers: list[PhotoTaker] = []


def register_screen(cls: type[Screen]) -> None:
    """Called by ``Screen`` itself. ValueError when two screens claim one id."""
    known = _screens.get(cls.id)
    if known is not None and known.__qualname__ != cls.__qualname__:
        raise ValueError(f"two screens are called {cls.id}")
    _screens[cls.id] = cls


def find_screen(screen_id: str) -> type[Screen] | None:
    return _screens.get(screen_id)


def all_screens() -> dict[str, type[Screen]]:
    return dict(_screens)


def menu_item(
    label: Any,
    screen: str,
    *,
    place: int,
    roles: tuple[str, ...] = (),
    more: bool = False,
    counter: Callable[[Context], int] | None = None,
    **params: Any,
) -> None:
    """Announce a menu button. ``place`` orders them, ``more`` puts it behind «More»."""
    item = MenuItem(label, screen, roles, place, more, counter, tuple(params.items()))
    _menu[:] = [known for known in _menu if (known.place, known.more) != (place, more)]
    _menu.append(item)
    _menu.sort(key=lambda known: known.place)


def menu_items(*, more: bool) -> list[MenuItem]:
    return [item for item in _menu if item.more is more]


def deep_link(prefix: str, *, strangers: bool = False) -> Callable[[Opener], Opener]:
    """``/start <prefix><value>`` calls the function; the longest prefix wins, "" takes the rest."""

    def register(function: Opener) -> Opener:
        _links[prefix] = StoredOpener(function, strangers)
        return function

    return register


def find_link(argument: str) -> tuple[StoredOpener, str] | None:
    for prefix in sorted(_links, key=len, reverse=True):
        if argument.startswith(prefix):
            return _links[prefix], argument[len(prefix) :]
    return None


def opener(
    action: str,
    *,
    groups: bool = False,
    strangers: bool = False,
    stays: bool = False,
    pattern: str = AN_ID,
) -> Callable[[Opener], Opener]:
    """Buttons of notices (``notices.NoticeButton``): always valid, the open dialogue is parked.

    ``pattern`` is the form of its value (an id): presses with another value are old or forged.
    With ``groups`` the button also works in the work group; there the move's toast is all that
    is shown. With ``strangers`` it also serves people who are not on the staff. One that
    ``stays`` parks nothing: the open dialogue goes on where it was. It answers ``Stay()``, or a
    ``Go`` with ``detour`` whose screens end with ``Resume()``.
    """

    def register(function: Opener) -> Opener:
        _openers[action] = StoredOpener(function, strangers, groups, pattern, stays)
        return function

    return register


def find_opener(action: str) -> StoredOpener | None:
    return _openers.get(action)


def group_command(name: str) -> Callable[[GroupCommand], GroupCommand]:
    """``/name`` written in a group by an employee; what the function answers is said there."""

    def register(function: GroupCommand) -> GroupCommand:
        _group_commands[name] = function
        return function

    return register


def find_group_command(name: str) -> GroupCommand | None:
    return _group_commands.get(name)


def number_opener(function: NumberOpener) -> NumberOpener:
    """A text typed where none is expected; the function answers None when it is no number."""
    _number_openers.append(function)
    return function


def open_number(ctx: Context, text: str) -> Move | None:
    for function in _number_openers:
        move = function(ctx, text)
        if move is not None:
            return move
    return None


def photo_taker(function: PhotoTaker) -> PhotoTaker:
    """A picture sent where none is expected; the function answers None when it has no place."""
    _photo_takers.append(function)
    return function


def take_photo(ctx: Context, photo: Photo) -> Move | None:
    for function in _photo_takers:
        move = function(ctx, photo)
        if move is not None:
            return move
    return None
