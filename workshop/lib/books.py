"""A workbook of several tables, written row by row: memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

import xlsxwriter

from workshop.lib.export import Cells, sheet_name

NARROW: Final = 12
WIDE: Final = 44  # characters
CHART: Final = (720, 320)  # pixels


class Heading(list[Any]):
    """A row in bold: the header of a further table on the same sheet."""


@dataclass(frozen=True)
class Bars:
    """A chart beside the first table: names and numbers by the place of their columns."""

    names: int
    numbers: int


@dataclass(frozen=True)
class Page:
    """One sheet. ``rows`` are read while it is written, in the order of the sheets."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]]
    widths: Sequence[int] = ()
    chart: Bars | None = None


def write_book(target: IO[bytes], pages: Iterable[Page]) -> None:
    """Write the sheets one after the other. Callers bound their rows: a sheet has a million."""
    book = xlsxwriter.Workbook(target, {"constant_memory": True})
    try:
        writer = _Writer(book)
        for one in pages:
            writer.write(one)
    finally:
        book.close()


class _Writer:
    def __init__(self, book: Any) -> None:
        self._book, self._cells = book, Cells(book)
        self._names: set[str] = set()

    def write(self, one: Page) -> None:
        sheet = self._book.add_worksheet(self._name(one.title))
        sheet.freeze_panes(1, 0)
        for place in range(len(one.header)):
            wide = one.widths[place] if place < len(one.widths) else NARROW + 4
            sheet.set_column(place, place, min(max(wide, NARROW), WIDE))
        self._row(sheet, 0, one.header, bold=True)
        line, first_table = 0, 0
        for line, row in enumerate(one.rows, start=1):
            bold = isinstance(row, Heading)
            first_table = first_table or (line - 1 if bold or not row else 0)
            self._row(sheet, line, row, bold=bold)
        if one.chart is not None and line:
            self._chart(sheet, one, one.chart, first_table or line)

    def _row(self, sheet: Any, line: int, row: Sequence[Any], *, bold: bool) -> None:
        for place, value in enumerate(row):
            self._cells.put(sheet, line, place, value, bold=bold)

    def _chart(self, sheet: Any, one: Page, bars: Bars, last: int) -> None:
        name = sheet.get_name()
        chart = self._book.add_chart({"type": "column"})
        chart.add_series(
            {
                "categories": [name, 1, bars.names, last, bars.names],
                "values": [name, 1, bars.numbers, last, bars.numbers],
                "name": [name, 0, bars.numbers],
            }
        )
        chart.set_legend({"none": True})
        chart.set_title({"name": one.title, "name_font": {"size": 12}})
        wide, high = CHART
        chart.set_size({"width": wide, "height": high})
        sheet.insert_chart(1, len(one.header) + 1, chart)

    def _name(self, title: str) -> str:
        """Names of sheets differ, also but for their case."""
        name = sheet_name(title, 1)
        number = 1
        while name.casefold() in self._names:
            number += 1
            name = sheet_name(title, number)
        self._names.add(name.casefold())
        return name
