"""The sections of the bot's analytics: who may open which, and what it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics.reports.pages import PAGES
from analytics.reports.question import Question
from botapp.numbers import people, present, watches
from botapp.numbers.board import Board
from botapp.numbers.people import Asked
from staff import roles
from workshop.lib.documents import Document
from workshop.lib.errors import NotFound

ANYBODY: Final[tuple[str, ...]] = ()
LEADING: Final = (roles.INSPECTOR, roles.MANAGER, roles.OWNER)
COMPARING: Final = (roles.MANAGER, roles.OWNER)
"""Who may see numbers about named people (``analytics.policies``)."""

MINE: Final = "mine"
PERSON: Final = "person"


@dataclass(frozen=True)
class Section:
    """``roles`` empty: everybody, about himself. ``timed``: it is asked for a period.

    ``page`` is the page of the office whose file is the fuller one, for who may compare people.
    """

    code: str
    label: Any
    read: Callable[[Asked], Board]
    roles: tuple[str, ...] = LEADING
    timed: bool = True
    page: str = ""

    def document(self, asked: Asked) -> Document:
        build = PAGES.get(self.page) if asked.named else None
        if build is not None:
            return build(asked.question)
        return self.read(asked).document(asked.question)


SECTIONS: Final = (
    Section(MINE, lazy("👤 My quality and output"), people.read_mine, ANYBODY),
    Section("quality", lazy("✅ Quality"), people.read_quality, page="quality"),
    Section("returns", lazy("🔁 Returns"), watches.read_returns, page="returns"),
    Section("output", lazy("🔧 Output"), people.read_output, page="output"),
    Section("first_pass", lazy("🎯 First pass"), watches.read_first_pass, page="first-pass"),
    Section("lead_time", lazy("⏱ Lead time"), watches.read_lead_time, page="lead-time"),
    Section("deadlines", lazy("📅 Deadlines kept"), watches.read_deadlines, page="deadlines"),
    Section("flow", lazy("↔ Inflow and outflow"), watches.read_flow, page="flow"),
    Section("now", lazy("🏭 In the workshop now"), present.read_now, timed=False, page="workshop"),
    Section("masters", lazy("👨‍🔧 Master load"), present.read_masters, timed=False, page="masters"),
    Section("polishing", lazy("🪙 Polishing load"), present.read_polishing, page="polishing"),
    Section(
        "accountability",
        lazy("🗑 Waivers, voids, moves"),
        present.read_accountability,
        COMPARING,
        page="accountability",
    ),
)
_PERSON: Final = Section(PERSON, lazy("👤 One person"), people.read_person, COMPARING)
_by_code: Final = {one.code: one for one in (*SECTIONS, _PERSON)}


def section(code: str) -> Section:
    """NotFound for one that another version knew."""
    try:
        return _by_code[code]
    except KeyError:
        raise NotFound("bot.no_such_item", _("This part of the bot is not available.")) from None


__all__ = ["COMPARING", "LEADING", "MINE", "PERSON", "SECTIONS", "Asked", "Question", "section"]
