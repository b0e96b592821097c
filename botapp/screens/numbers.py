"""Analytics: a section, a period, a table to read on a phone, its chart, its spreadsheet.

Who may not compare people sees himself beside an anonymous average, and the workshop as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from io import BytesIO
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from analytics.facts import first_day
from analytics.periods import LABELS, Kind, Period, period
from analytics.reports.files import XLSX, write
from analytics.reports.question import Question
from botapp.dialogs import (
    Answer,
    Button,
    Context,
    File,
    Go,
    Markup,
    Move,
    Picture,
    Return,
    Screen,
    Stay,
    View,
    b,
    code,
    fmt,
    grid,
    i,
    lines,
    menu_item,
    opener,
    paged,
)
from botapp.dialogs.controls import page_of
from botapp.dialogs.view import Row
from botapp.numbers.board import Board, aligned, short
from botapp.numbers.sections import (
    COMPARING,
    LEADING,
    MINE,
    PERSON,
    SECTIONS,
    Asked,
    Section,
    section,
)
from staff import selectors
from workshop.lib import clock
from workshop.lib.admin import read_day
from workshop.lib.errors import NotAllowed, RuleViolation
from workshop.lib.export import file_name
from workshop.lib.picture import png

ROWS: Final = 15  # of a table on one page
KINDS: Final = tuple(kind for kind in Kind if kind != Kind.CUSTOM)
_DAYS: Final = re.compile(r"\s*(\d\d?\.\d\d?\.\d{4})\s*[-–—]?\s*(\d\d?\.\d\d?\.\d{4})\s*")


class Sections(Screen):
    """What there is to ask about, by the person's access."""

    id = "numbers"
    roles = LEADING
    parkable = False

    def view(self, ctx: Context) -> View:
        buttons = [Button(one.label, "open", one.code) for one in SECTIONS if allowed(ctx, one)]
        return View(lines(b(_("📊 Analytics")), _("Choose what to look at.")), grid(buttons))

    def do_open(self, ctx: Context, value: str) -> Answer:
        if section(value).timed:
            return Go(Periods, section=value)
        return Go(Numbers, section=value, period=Kind.MONTH.value)


class Periods(Screen):
    """A named period by a button, any other one as two typed days."""

    id = "numbers.period"
    parkable = False

    def view(self, ctx: Context) -> View:
        text = lines(
            b(section(ctx.params["section"]).label),
            _("For which period? Or type the first and the last day: 01.12.2026 – 31.12.2026"),
        )
        buttons = [Button(str(LABELS[kind]).capitalize(), "open", kind.value) for kind in KINDS]
        return View(text, grid(buttons))

    def do_open(self, ctx: Context, value: str) -> Answer:
        return self._chosen(ctx, period=value)

    def on_text(self, ctx: Context, text: str) -> Answer:
        """Two days; anything else is what a text is on every other screen."""
        found = _DAYS.fullmatch(text)
        if found is None:
            return super().on_text(ctx, text)
        first, last = (_day(day) for day in found.groups())
        asked = period(Kind.CUSTOM, at=ctx.now, first=first, last=last)
        days = {"first": asked.first.isoformat(), "last": asked.last.isoformat()}
        return self._chosen(ctx, period=Kind.CUSTOM.value, **days)

    def _chosen(self, ctx: Context, **chosen: str) -> Answer:
        return Go(Numbers, section=ctx.params["section"], **chosen)


class OtherPeriod(Periods):
    """The same, asked from a table: back to it."""

    id = "numbers.other_period"

    def _chosen(self, ctx: Context, **chosen: str) -> Answer:
        return Return(chosen=chosen)


def _day(text: str) -> date:
    found = read_day(text)
    if found is None:
        raise RuleViolation(
            "bot.date_unclear", _("There is no day %(text)s.") % {"text": text}, field="date"
        )
    return found


class Numbers(Screen):
    """Facts and a page of the table; the chart and the spreadsheet are a press away."""

    id = "numbers.table"
    parkable = False

    def enter(self, ctx: Context) -> None:
        ensure_allowed(ctx)

    def view(self, ctx: Context) -> View:
        asked = asked_of(ctx)
        kind = section(ctx.params["section"])
        board = kind.read(asked)
        shown, turning = page_of(ctx, board.rows, size=ROWS)
        more: list[Row] = [[Button(_("📄 Excel"), "file")]]
        if board.drawing is not None and board.rows:
            more[0] = [Button(_("📈 Chart"), "chart"), *more[0]]
        if kind.timed:
            label = _("🗓 Period: %(days)s") % {"days": asked.question.days}
            more.append([Button(label, "period")])
        if board.named:
            more.append([Button(_("👤 One person"), "people")])
        return View(_text(board, shown, asked, kind), [*turning, *more])

    def do_chart(self, ctx: Context, value: str) -> Answer:
        return Go(Chart, **_kept(ctx))

    def do_period(self, ctx: Context, value: str) -> Answer:
        return Go(OtherPeriod, section=ctx.params["section"])

    def do_people(self, ctx: Context, value: str) -> Answer:
        return Go(People, **_kept(ctx))

    def do_file(self, ctx: Context, value: str) -> Answer:
        return send_file(ctx)


class Chart(Screen):
    """The same numbers as a picture."""

    id = "numbers.chart"
    parkable = False

    def enter(self, ctx: Context) -> None:
        ensure_allowed(ctx)

    def view(self, ctx: Context) -> View:
        asked = asked_of(ctx)
        kind = section(ctx.params["section"])
        board = kind.read(asked)
        drawing = board.drawing() if board.drawing else None
        head = lines(b(board.title), board.span) if board.span else _head(board, asked, kind)
        rows: list[Row] = [[Button(_("📄 Excel"), "file")]]
        if drawing is None:
            return View(lines(head, _("Too few numbers for a chart.")), rows)
        note = i(drawing.note) if drawing.note else None
        return View(lines(head, note), rows, picture=Picture(content=png(drawing)))

    def do_file(self, ctx: Context, value: str) -> Answer:
        return send_file(ctx)


class People(Screen):
    """Whose numbers; only for those who may compare people."""

    id = "numbers.people"
    roles = COMPARING
    parkable = False

    def view(self, ctx: Context) -> View:
        people = [Button(one.short_name, "open", one.pk) for one in selectors.staff_list()]
        return View(b(_("Whose numbers?")), paged(ctx, people, size=12, columns=2))

    def do_open(self, ctx: Context, value: str) -> Answer:
        kept = {**_kept(ctx), "section": PERSON, "person": int(value)}
        return Go(Numbers, **kept)


# -- what is asked ----------------------------------------------------------------------------


def allowed(ctx: Context, one: Section) -> bool:
    return not one.roles or ctx.has(*one.roles)


def ensure_allowed(ctx: Context) -> None:
    """Asked on every drawing: access may be taken away meanwhile."""
    if not allowed(ctx, section(ctx.params["section"])):
        raise NotAllowed


def asked_of(ctx: Context) -> Asked:
    """The question of the screen; a period that was chosen on it counts instead of the first."""
    ensure_allowed(ctx)
    kept = _kept(ctx)
    person = kept.get("person", ctx.employee.pk)
    return Asked(
        Question(_period(kept, ctx), ctx.now),
        person_id=person if kept["section"] == PERSON else ctx.employee.pk,
        named=ctx.has(*COMPARING),
    )


def _kept(ctx: Context) -> dict[str, Any]:
    names = ("section", "period", "first", "last", "person")
    asked = {name: ctx.params[name] for name in names if name in ctx.params}
    return {**asked, **ctx.data.get("chosen", {})}


def _period(kept: Mapping[str, Any], ctx: Context) -> Period:
    days = {
        name: date.fromisoformat(kept[name]) if kept.get(name) else None
        for name in ("first", "last")
    }
    return period(
        kept["period"],
        at=ctx.now,
        beginning=first_day() if kept["period"] == Kind.ALL else None,
        **days,
    )


# -- how it is told ---------------------------------------------------------------------------


def _head(board: Board, asked: Asked, kind: Section) -> Markup:
    when = asked.question.days if kind.timed else clock.show(asked.question.at)
    return lines(b(board.title), when)


def _text(board: Board, shown: Any, asked: Asked, kind: Section) -> Markup:
    notes = asked.question.notes if kind.timed else ()
    table = aligned(board.columns, shown) if board.rows else []
    return lines(
        _head(board, asked, kind),
        *(i(note) for note in notes),
        "",
        *(fmt("%(label)s: %(value)s", label=label, value=b(value)) for label, value in board.facts),
        *(["", code("\n".join(table))] if table else ["", _("No data.")]),
        i(board.legend) if table and board.legend else None,
        *(i(note) for note in board.notes),
    )


def send_file(ctx: Context) -> Answer:
    """The spreadsheet comes as a message of its own; the screen stays below it."""
    asked = asked_of(ctx)
    made = section(ctx.params["section"]).document(asked)
    target = BytesIO()
    write(target, made, XLSX)
    name = file_name(short(made.title), XLSX)
    ctx.send_file(File(name, target.getvalue(), f"{made.title}, {made.subtitle}"))
    return Stay()


# -- ways here --------------------------------------------------------------------------------


def mine(**more: Any) -> Go:
    """A person's own numbers of this month."""
    return Go(Numbers, section=MINE, period=Kind.MONTH.value, **more)


@opener("quality_card")
def open_card(ctx: Context, value: str) -> Move:
    """From a notice: his own numbers, or those of one whom the manager is told of."""
    if int(value) == ctx.employee.pk:
        return mine()
    return Go(Numbers, section=PERSON, period=Kind.MONTH.value, person=int(value))


menu_item(lazy("📊 Analytics"), Sections.id, place=20, roles=LEADING, more=True)
