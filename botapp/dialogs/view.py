"""What a screen shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botapp.transport.port import Picture


@dataclass(frozen=True)
class Button:
    """A press calls ``do_<action>(ctx, value)`` of the screen. ``value`` is a *target state*."""

    label: Any
    action: str
    value: str | int = ""


@dataclass(frozen=True)
class Link:
    """A button that opens an address in the browser."""

    label: Any
    url: str


Row = Sequence[Button | Link]


@dataclass(frozen=True)
class View:
    """Text and buttons. The engine adds the error line, Retry, Skip, Back and Home.

    ``text`` may be a plain string (it is escaped) or Markup. ``skip`` shows Skip, which calls
    ``on_skip``. ``back`` and ``home`` take the engine's own buttons away where they are senseless.
    """

    text: Any
    rows: Sequence[Row] = field(default_factory=tuple)
    picture: Picture | None = None
    skip: bool = False
    back: bool = True
    home: bool = True
