"""A document of facts and tables, and how it becomes a PDF or a workbook. Knows no business."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

import xlsxwriter
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import MethodReturnValue, TableBordersLayout
from fpdf.fonts import FontFace

from workshop.lib import clock
from workshop.lib.drawing import Drawing, paint
from workshop.lib.export import Cells, sheet_name

FONTS: Final = Path(__file__).parent / "fonts"
FAMILY: Final = "DejaVu"
MARGIN: Final = 14.0  # mm
SMALL: Final = 8.5  # pt
HEAD: Final = 7.5  # pt; above columns that are as narrow as their numbers
LINE: Final = 4.3  # mm
LABEL: Final = 46.0  # mm
SHORT: Final = 100  # characters of a cell that need no measuring
MOST_LINES: Final = 45  # of a cell: a row never outgrows a page
GREY: Final = (110, 110, 110)
PALE: Final = (238, 241, 246)
PALE_LINE: Final = (200, 204, 210)


@dataclass(frozen=True)
class Facts:
    """Labels with their values; what is empty is left out."""

    title: str
    rows: Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Table:
    """``widths`` in millimetres, of 182 together. Without rows it is left out, unless ``empty``
    says so in words; ``note`` stands below it."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    widths: Sequence[int]
    empty: str = ""
    note: str = ""


@dataclass(frozen=True)
class Document:
    """``notes`` stand below the subtitle, ``head`` at the top of every page of a PDF."""

    title: str
    subtitle: str
    parts: Sequence[Facts | Table | Drawing]
    notes: Sequence[str] = ()
    head: str = ""


def shown(value: Any) -> str:
    """A value for people, in the active language."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return clock.show(value)
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y")
    if isinstance(value, Decimal):
        return number_format(value, use_l10n=True, force_grouping=True)
    return str(value)


def _filled(facts: Facts) -> Iterator[tuple[str, Any]]:
    return ((label, value) for label, value in facts.rows if value not in (None, ""))


# -- PDF --------------------------------------------------------------------------------------


def write_pdf(target: IO[bytes], document: Document) -> None:
    """A4, the font embedded; a sign that it does not have is a box."""
    paper = _Paper(document)
    for part in document.parts:
        if isinstance(part, Facts):
            paper.facts(part)
        elif isinstance(part, Drawing):
            paper.drawing(part)
        elif part.rows or part.empty:
            paper.rows(part)
    target.write(paper.output())


class _Paper(FPDF):
    def __init__(self, document: Document) -> None:
        super().__init__(format="A4")
        self._document, self._made = document, clock.show(clock.now())
        self.set_title(printable(document.title))
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 4)
        _add_fonts(self)
        self.set_font(FAMILY, "", SMALL)
        self.set_draw_color(*PALE_LINE)
        self.add_page()
        self._head()

    def header(self) -> None:
        if not self._document.head:
            return
        self.set_y(MARGIN / 2)
        self.set_font(FAMILY, "", 7)
        self.set_text_color(*GREY)
        self.cell(0, 4, printable(self._document.head), align="L")
        self.set_text_color(0)
        self.set_xy(MARGIN, MARGIN + 2)

    def footer(self) -> None:
        self.set_y(-MARGIN)
        self.set_font(FAMILY, "", 7)
        self.set_text_color(*GREY)
        self.cell(0, 4, printable(self._document.title), align="L")
        self.set_x(MARGIN)
        told = _("%(when)s · page %(page)s of %(pages)s") % {
            "when": self._made,
            "page": self.page_no(),
            "pages": self.str_alias_nb_pages,
        }
        self.cell(0, 4, told, align="R")
        self.set_text_color(0)

    def _head(self) -> None:
        self.set_font(FAMILY, "B", 16)
        self.multi_cell(0, 8, printable(self._document.title), new_x="LMARGIN", new_y="NEXT")
        self.set_font(FAMILY, "", 10)
        self.set_text_color(*GREY)
        self.multi_cell(0, 5, printable(self._document.subtitle), new_x="LMARGIN", new_y="NEXT")
        self.set_text_color(0)
        for note in self._document.notes:
            self._note(note)

    def _note(self, text: str) -> None:
        self.set_font(FAMILY, "", SMALL)
        self.set_text_color(*GREY)
        self.multi_cell(0, LINE, printable(text), new_x="LMARGIN", new_y="NEXT")
        self.set_text_color(0)

    def _heading(self, title: str, room: float = 24) -> None:
        if self.will_page_break(room):  # a heading stays with what it heads
            self.add_page()
        self.ln(3.5)
        self.set_font(FAMILY, "B", 10.5)
        self.multi_cell(0, 6, printable(title), new_x="LMARGIN", new_y="NEXT")
        self.set_font(FAMILY, "", SMALL)

    def facts(self, part: Facts) -> None:
        rows = list(_filled(part))
        if not rows:
            return
        self._heading(part.title)
        style = FontFace(color=GREY)
        with self.table(
            borders_layout=TableBordersLayout.NONE,
            col_widths=(LABEL, self.epw - LABEL),
            first_row_as_headings=False,
            line_height=LINE,
            padding=(0.5, 1),
            text_align="LEFT",
            v_align="TOP",
        ) as table:
            for label, value in rows:
                row = table.row()
                row.cell(self._fitting(label, LABEL), style=style)
                row.cell(self._fitting(value, self.epw - LABEL))

    def drawing(self, part: Drawing) -> None:
        self._heading(part.title, 14 + part.height * self.epw / part.width)
        if part.note:
            self._note(part.note)
            self.ln(1)
        paint(self, part, printable)
        self.set_font(FAMILY, "", SMALL)
        self.set_draw_color(*PALE_LINE)

    def rows(self, part: Table) -> None:
        self._heading(part.title)
        if part.rows:
            self._rows(part)
        for text in filter(None, [part.note, "" if part.rows else part.empty]):
            self.ln(1)
            self._note(text)

    def _rows(self, part: Table) -> None:
        with self.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=part.widths,
            headings_style=FontFace(emphasis="BOLD", fill_color=PALE, size_pt=HEAD),
            line_height=LINE,
            padding=(0.8, 1),
            text_align="LEFT",
            v_align="TOP",
        ) as table:
            for values in (part.header, *part.rows):
                row = table.row()
                for value, width in zip(values, part.widths, strict=True):
                    row.cell(self._fitting(value, width))

    def _fitting(self, value: Any, width: float) -> str:
        """The text of a cell, its end left out when no page would hold it."""
        text = printable(shown(value))
        if len(text) <= SHORT and text.count("\n") < MOST_LINES:
            return text
        lines: Any = self.multi_cell(
            width - 3, LINE, text, dry_run=True, output=MethodReturnValue.LINES, align="L"
        )
        if len(lines) <= MOST_LINES:
            return text
        return "\n".join(map(str, lines[:MOST_LINES])) + "…"


def _add_fonts(paper: FPDF) -> None:
    paper.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
    paper.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")


def printable(text: str) -> str:
    """What the font has; marks without a picture of their own go, other signs become a box."""
    return "".join(filter(None, map(_glyph, text)))


def _glyph(char: str) -> str:
    if char == "\n":
        return char
    kind = unicodedata.category(char)
    if kind in {"Cf", "Cc", "Cs"} or "\ufe00" <= char <= "\ufe0f":  # the last ask for a colour
        return ""
    if ord(char) in _known():
        return char
    return "" if kind in {"Mn", "Me"} else "□"


@cache
def _known() -> frozenset[int]:
    """What both of our fonts can draw."""
    probe = FPDF()
    _add_fonts(probe)
    return frozenset.intersection(
        *(frozenset(getattr(font, "cmap", ())) for font in probe.fonts.values())
    )


# -- workbook ---------------------------------------------------------------------------------


def write_workbook(target: IO[bytes], document: Document) -> None:
    """The facts on the first sheet, each table on one of its own."""
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    try:
        cells = Cells(book)
        page = book.add_worksheet(sheet_name(document.title, 1))
        page.set_column(0, 0, 28)
        page.set_column(1, 1, 60)
        cells.put(page, 0, 0, document.title, bold=True)
        cells.put(page, 1, 0, document.subtitle)
        for line_of, note in enumerate(document.notes, start=2):
            cells.put(page, line_of, 0, note)
        line = 2 + len(document.notes)
        names = {page.get_name().casefold()}
        for part in document.parts:
            if isinstance(part, Facts):
                line = _facts(cells, page, line, part)
            elif isinstance(part, Table) and (part.rows or part.empty):
                _table(book, cells, names, part)
    finally:
        book.close()


def _facts(cells: Cells, page: Any, line: int, part: Facts) -> int:
    rows = list(_filled(part))
    if not rows:
        return line
    cells.put(page, line + 1, 0, part.title, bold=True)
    for line_of, (label, value) in enumerate(rows, start=line + 2):
        cells.put(page, line_of, 0, label)
        cells.put(page, line_of, 1, value)
    return line + 2 + len(rows)


def _table(book: Any, cells: Cells, names: set[str], part: Table) -> None:
    name = sheet_name(part.title, 1)
    if name.casefold() in names:
        name = sheet_name(part.title, len(names) + 1)
    names.add(name.casefold())
    page = book.add_worksheet(name)
    page.freeze_panes(1, 0)
    for place, (label, width) in enumerate(zip(part.header, part.widths, strict=True)):
        page.set_column(place, place, max(12, width // 2 + 4))
        cells.put(page, 0, place, label, bold=True)
    for line, row in enumerate(part.rows, start=1):
        for place, value in enumerate(row):
            cells.put(page, line, place, value)
    for line, text in enumerate(filter(None, ["" if part.rows else part.empty, part.note])):
        cells.put(page, len(part.rows) + 2 + line, 0, text)
