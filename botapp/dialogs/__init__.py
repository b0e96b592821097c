"""The dialogue engine. A flow imports everything it needs from here (docs/bot-engine.md)."""

from botapp.dialogs.context import Context
from botapp.dialogs.controls import (
    cancel_button,
    confirm_button,
    grid,
    paged,
    tick,
    ticked,
    toggle,
)
from botapp.dialogs.markup import Markup, b, code, esc, fmt, i, lines, link, quote
from botapp.dialogs.moves import (
    Answer,
    Back,
    Done,
    Go,
    Home,
    Move,
    Restart,
    Resume,
    Return,
    Series,
    SeriesItem,
    SeriesResult,
    Stay,
    Swap,
)
from botapp.dialogs.registry import deep_link, menu_item, number_opener, opener, photo_taker
from botapp.dialogs.screen import Screen
from botapp.dialogs.view import Button, Link, View
from botapp.transport.port import File, Photo, Picture

__all__ = [
    "Answer",
    "Back",
    "Button",
    "Context",
    "Done",
    "File",
    "Go",
    "Home",
    "Link",
    "Markup",
    "Move",
    "Photo",
    "Picture",
    "Restart",
    "Resume",
    "Return",
    "Screen",
    "Series",
    "SeriesItem",
    "SeriesResult",
    "Stay",
    "Swap",
    "View",
    "b",
    "cancel_button",
    "code",
    "confirm_button",
    "deep_link",
    "esc",
    "fmt",
    "grid",
    "i",
    "lines",
    "link",
    "menu_item",
    "number_opener",
    "opener",
    "paged",
    "photo_taker",
    "quote",
    "tick",
    "ticked",
    "toggle",
]
