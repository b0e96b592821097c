"""A document of facts and tables, and how it becomes a PDF or a workbook. Knows no business."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from workshop.lib import clock
from workshop.lib.drawing import Drawing
from workshop.lib.export import Cells, sheet_name


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


def filled(facts: Facts) -> Iterator[tuple[str, Any]]:
    return ((label, value) for label, value in facts.rows if value not in (None, ""))


def write_pdf(target: IO[bytes], document: Document) -> None:
    """A4, the font embedded; a sign that it does not have is a box."""
    # Its library takes 45 MB and half a second, which no process needs before the first PDF.
    from workshop.lib import paper

    paper.write(target, document)


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
    rows = list(filled(part))
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
