"""A document as a PDF: loaded by the first one that is written, see `documents.write_pdf`."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import MethodReturnValue, TableBordersLayout
from fpdf.fonts import FontFace

from workshop.lib import clock
from workshop.lib.documents import Document, Facts, Table, filled, shown
from workshop.lib.drawing import Drawing, paint

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


def write(target: IO[bytes], document: Document) -> None:
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
        rows = list(filled(part))
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
