"""A page of numbers on a phone: facts, one narrow table, what is to be known, a chart.

The same board is the spreadsheet: there the columns have their whole names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from analytics.intervals import ENOUGH, Proportion
from analytics.reports.layout import document
from analytics.reports.question import Question
from workshop.lib.documents import Document, Facts, Table
from workshop.lib.drawing import Drawing
from workshop.lib.text import clip

WIDTH: Final = 32
"""Signs of a fixed width that a phone shows in one line."""

NARROWEST: Final = 8  # signs that are left of a name
DAY: Final = timedelta(days=1)
FEW: Final = "*"
PAPER: Final = 182  # mm, the width of a page


@dataclass(frozen=True)
class Column:
    """``short`` heads it on the phone; ``name`` explains it there and heads it on paper."""

    short: str
    name: str


@dataclass(frozen=True)
class Board:
    """The first cell of a row is a name, the others are short. ``drawing`` is made when asked."""

    title: str
    facts: Sequence[tuple[str, Any]] = ()
    columns: Sequence[Column] = ()
    rows: Sequence[Sequence[Any]] = ()
    notes: Sequence[str] = ()
    drawing: Callable[[], Drawing | None] | None = None
    span: str = ""
    """The days of the chart, where they are not those of the question."""
    named: bool = field(default=False)
    """Whether single people are named: they can be looked at one by one."""

    @property
    def legend(self) -> str:
        """What the short heads stand for; the name of the first column explains itself."""
        told = [f"{one.short} – {one.name}" for one in self.columns[1:] if one.short != one.name]
        return "; ".join(told)

    def document(self, asked: Question) -> Document:
        """For a spreadsheet."""
        facts = Facts(self.title, [(label, value) for label, value in self.facts])
        if not self.rows:
            return document(self.title, asked, facts)
        rest = max(1, len(self.columns) - 1)
        wide = 100 // rest
        table = Table(
            self.columns[0].name,
            [one.name for one in self.columns],
            self.rows,
            [PAPER - wide * rest, *[wide] * rest],
            note=self.notes[0] if self.notes else "",
        )
        return document(self.title, asked, *([facts] if self.facts else []), table)


def aligned(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> list[str]:
    """The table in signs of a fixed width, the head first; names are cut to what is left."""
    cells = [[shown(cell) for cell in row] for row in rows]
    heads = [one.short for one in columns]
    wide = [
        max(map(cells_wide, [head, *(row[place] for row in cells)]))
        for place, head in enumerate(heads)
    ]
    name = min(wide[0], max(NARROWEST, WIDTH - sum(wide[1:]) - len(wide) + 1))
    return [
        " ".join([_left(row[0], name), *(_right(row[n], wide[n]) for n in range(1, len(wide)))])
        for row in [heads, *cells]
    ]


def cells_wide(text: str) -> int:
    """How many places of fixed width the text takes: emoji and hieroglyphs two, accents none."""
    return sum(
        0 if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Mn"}
        else 2 if unicodedata.east_asian_width(char) in {"W", "F"}
        else 1
        for char in text
    )  # fmt: skip


def _left(text: str, wide: int) -> str:
    text = " ".join(text.split())
    while cells_wide(text) > wide:
        text = f"{text[:-2].rstrip()}…" if text.endswith("…") else f"{text[:-1].rstrip()}…"
    return text + " " * (wide - cells_wide(text))


def _right(text: str, wide: int) -> str:
    return " " * (wide - cells_wide(text)) + text


def shown(value: Any) -> str:
    """A cell in the active language; a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, Decimal | float):
        return str(number_format(value, 1))
    return str(value)


def percent(one: Proportion) -> Decimal | None:
    """In per cent with one digit; None without cases."""
    return None if one.share is None else Decimal(f"{100 * one.share:.1f}")


def judged(one: Proportion) -> str:
    """Per cent for a cell; of too few cases marked, so that nobody compares them."""
    text = shown(percent(one))
    return f"{text}{FEW}" if one.whole and not one.enough else text


def few_note(cells: Sequence[Proportion]) -> list[str]:
    """What the mark means, where it stands."""
    if not any(one.whole and not one.enough for one in cells):
        return []
    return [_("* fewer than %(n)s checked works: too few to judge") % {"n": ENOUGH}]


def share_words(one: Proportion) -> str:
    """«96.4 % of 55, likely 88.0–99.1 %» (95 %); "no data" without cases."""
    interval = one.interval
    if interval is None:
        return _("no data")
    low, high = (shown(100 * end) for end in interval)
    values = {"percent": shown(percent(one)), "n": one.whole, "low": low, "high": high}
    told = _("%(percent)s %% of %(n)s, likely %(low)s–%(high)s %%") % values
    return told if one.enough else f"{told}, {_('too few to judge (%(n)s)') % {'n': one.whole}}"


def with_before(value: Any, before: Any) -> str:
    """A value with that of the period before, where there is one."""
    if before is None:
        return shown(value)
    return _("%(value)s (before: %(before)s)") % {"value": shown(value), "before": shown(before)}


def brief(length: timedelta | None) -> str:
    """Hours, from a day on days with one digit; a dash for None."""
    if length is None:
        return "–"
    if length < DAY:
        return _("%(count)s h") % {"count": length // timedelta(hours=1)}
    return _("%(count)s d") % {"count": number_format(Decimal(length / DAY), 1)}


def short(name: str, most: int = 40) -> str:
    return clip(" ".join(name.split()), most)
