"""Tables for spreadsheets: real dates and numbers, and no cell that a spreadsheet would execute.

A column is a label and how its value is got from a row; a writer turns rows into CSV or .xlsx, one
row in memory at a time. Nothing here knows what the rows are.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any, Final

import xlsxwriter
from django.db import connection
from django.db.models import QuerySet
from django.utils.formats import get_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from workshop.lib import clock
from workshop.lib.text import clip

CSV: Final = "csv"
XLSX: Final = "xlsx"
TYPES: Final = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

DIRECT: Final = 5_000
"""Rows that are written while the person waits; more are a job of their own."""

AT_ONCE: Final = 500  # rows read from the database at a time
LONGEST: Final = 32_767  # characters of a cell, the format's own limit
MOST_ROWS: Final = 1_048_575  # of a sheet, below the header
EXACT: Final = 2**53  # a spreadsheet's numbers are exact so far

_LIVE: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")  # also as typed full-width
_IGNORED: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})

Value = Callable[[Any], Any]


@dataclass(frozen=True)
class Column:
    """``value`` is a function of the row, or a path of attributes (``master.short_name``).

    ``permission``: who lacks it gets the table without this column.
    """

    label: str | Promise
    value: Value | str
    permission: str = ""

    def of(self, row: Any) -> Any:
        if not isinstance(self.value, str):
            return self.value(row)
        for name in self.value.split("."):
            row = getattr(row, name, None)
            if row is None:
                return None
        return row


@dataclass(frozen=True)
class Sheet:
    """A table that is ready to be written: its name, its header, its rows of values."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]]


def sheet_of(
    title: str,
    columns: Sequence[Column],
    rows: QuerySet[Any],
    complete: Callable[[list[Any]], None] | None = None,
) -> Sheet:
    """The rows of a query, read in steps: memory does not grow with their number.

    ``complete`` puts on the rows of a step what their columns read besides.
    """

    def found() -> Iterator[list[Any]]:
        for step in steps(rows):
            if complete is not None:
                complete(step)
            for row in step:
                yield [column.of(row) for column in columns]

    return Sheet(title, [str(column.label) for column in columns], found())


def steps(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """The rows in their order, some hundred at a time. A query of values begins them with the id.

    SQLite refuses to write over a connection that still reads what somebody else has changed
    meanwhile, and between two steps a job tells how far it is: there only the ids are read at once.
    """
    if connection.vendor != "sqlite":
        left = rows.iterator(AT_ONCE)
        while step := list(islice(left, AT_ONCE)):
            yield step
        return
    ids = list(rows.values_list("pk", flat=True))
    for begin in range(0, len(ids), AT_ONCE):
        some = ids[begin : begin + AT_ONCE]
        found = {_id(row): row for row in rows.filter(pk__in=some)}
        yield [found[pk] for pk in some if pk in found]  # less what is gone by now


def _id(row: Any) -> Any:
    return row[0] if isinstance(row, tuple) else row.pk


# -- the guard --------------------------------------------------------------------------------


def is_live(text: str) -> bool:
    """Would a spreadsheet take the text for a formula? Blanks and unseen signs before it do not
    make it harmless: some programs drop them."""
    if text[:1].isalnum():  # as nearly all do: a letter or a digit begins no formula
        return False
    if text[:1] in {"\t", "\r", "\n"}:
        return True
    first = next((char for char in text if unicodedata.category(char) not in _IGNORED), "")
    return first in _LIVE


def harmless(text: str) -> str:
    """The text with an apostrophe before it when it would be live: spreadsheets show it as it is.

    So is a text that already begins so: :func:`unguarded` gives every text back.
    """
    return f"'{text}" if is_live(text) or _is_guarded(text) else text


def unguarded(text: str) -> str:
    """Inverse of :func:`harmless`, for reading a file of ours back."""
    return text[1:] if text[:1] == "'" and _is_guarded(text) else text


def _is_guarded(text: str) -> bool:
    return text[:1] == "'" and is_live(text.lstrip("'"))


# -- CSV --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Style:
    """How a CSV is spelled. ``for_people``: as the spreadsheet of the active language reads it."""

    for_people: bool = True

    def cell(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return self._flag(value)
        if isinstance(value, datetime):
            return clock.show(value) if self.for_people else str(clock.iso(value))
        if isinstance(value, date):
            return value.strftime("%d.%m.%Y") if self.for_people else value.isoformat()
        if isinstance(value, int):
            return str(value)
        if isinstance(value, Decimal):
            mark = str(get_format("DECIMAL_SEPARATOR")) if self.for_people else "."
            return f"{value:f}".replace(".", mark)
        return harmless(_text(value))

    def _flag(self, value: bool) -> str:
        if self.for_people:
            return _("yes") if value else _("no")
        return "true" if value else "false"


FOR_PEOPLE: Final = Style()
FOR_PROGRAMS: Final = Style(for_people=False)


def csv_lines(sheet: Sheet, style: Style = FOR_PEOPLE) -> Iterator[bytes]:
    """Line by line. For people with the mark by which spreadsheets know the encoding."""
    line = io.StringIO()
    writer = csv.writer(line, delimiter=";" if style.for_people else ",", lineterminator="\r\n")
    if style.for_people:
        line.write("\ufeff")
    header = [harmless(name) for name in sheet.header]
    for cells in chain([header], (map(style.cell, row) for row in sheet.rows)):
        writer.writerow(cells)
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


# -- .xlsx ------------------------------------------------------------------------------------


def write_xlsx(target: IO[bytes], sheet: Sheet, done: Callable[[int], None] | None = None) -> int:
    """Write a workbook, a row in memory at a time; ``done`` is told now and then. How many rows."""
    book = xlsxwriter.Workbook(target, {"constant_memory": True})
    try:
        return _Book(book, sheet).write(done)
    finally:
        book.close()


def write_csv(
    target: IO[bytes],
    sheet: Sheet,
    done: Callable[[int], None] | None = None,
    style: Style = FOR_PEOPLE,
) -> int:
    """As :func:`write_xlsx`."""
    count = -1  # the header
    for count, line in enumerate(csv_lines(sheet, style)):
        target.write(line)
        if done is not None and count and count % AT_ONCE == 0:
            done(count)
    return max(count, 0)


class Cells:
    """Writes values into the sheets of one workbook, each as what it is."""

    def __init__(self, book: Any) -> None:
        self._head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        self._day = book.add_format({"num_format": "dd.mm.yyyy"})
        # Shown and edited as a text, whatever it begins with; the value itself stays untouched.
        self._quoted = book.add_format({"quote_prefix": True})

    def put(self, page: Any, line: int, place: int, value: Any, *, bold: bool = False) -> None:
        if value is None or value == "":
            return
        if bold:
            page.write_string(line, place, _text(value), self._head)
        elif isinstance(value, bool):
            page.write_boolean(line, place, value)
        elif isinstance(value, int | Decimal) and _fits(value):
            page.write_number(line, place, value)
        elif isinstance(value, datetime):
            self._put_moment(page, line, place, clock.local(value).replace(tzinfo=None))
        elif isinstance(value, date):
            self._put_moment(page, line, place, value)
        else:
            self._put_text(page, line, place, _text(value))

    def _put_moment(self, page: Any, line: int, place: int, value: date) -> None:
        layout = self._moment if isinstance(value, datetime) else self._day
        if value.year < 1901:  # before a spreadsheet's time begins
            self._put_text(page, line, place, value.isoformat())
        else:
            page.write_datetime(line, place, value, layout)

    def _put_text(self, page: Any, line: int, place: int, text: str) -> None:
        layout = self._quoted if is_live(text) else None
        page.write_string(line, place, clip(text, LONGEST), layout)


class _Book:
    """Sheets of one table: a new one when the format's limit is reached."""

    def __init__(self, book: Any, sheet: Sheet) -> None:
        self._book, self._sheet, self._cells = book, sheet, Cells(book)

    def write(self, done: Callable[[int], None] | None) -> int:
        page, line, count = self._page(1), 0, 0
        for count, row in enumerate(self._sheet.rows, start=1):
            line += 1
            if line > MOST_ROWS:
                page, line = self._page(count // MOST_ROWS + 1), 1
            for place, value in enumerate(row):
                self._cells.put(page, line, place, value)
            if done is not None and count % AT_ONCE == 0:
                done(count)
        return count

    def _page(self, number: int) -> Any:
        page = self._book.add_worksheet(sheet_name(self._sheet.title, number))
        page.freeze_panes(1, 0)
        page.set_column(0, max(len(self._sheet.header) - 1, 0), 18)
        for place, label in enumerate(self._sheet.header):
            self._cells.put(page, 0, place, label, bold=True)
        return page


def _fits(value: int | Decimal) -> bool:
    if isinstance(value, Decimal) and not value.is_finite():
        return False
    return -EXACT <= value <= EXACT


def _text(value: Any) -> str:
    """One value as text; signs that no file of ours can hold become blanks."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"} else " "
        for char in text
    )


def sheet_name(title: str, number: int) -> str:
    """A name that a workbook takes; above one the number stands behind it."""
    kept = "".join(char for char in title if char not in "[]:*?/\\'").strip() or "1"
    return _first_units(kept, 31) if number == 1 else f"{_first_units(kept, 27)} {number}"


def _first_units(text: str, most: int) -> str:
    """A spreadsheet counts as UTF-16 does: an emoji is two."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")


def file_name(title: str, form: str) -> str:
    """What the file is called: the list and the workshop's day."""
    day = clock.today().strftime("%Y-%m-%d")
    kept = "".join(char for char in title if char.isalnum() or char in " -_").strip()
    return f"{kept[:80]} {day}.{form}"
