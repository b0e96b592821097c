"""Tables for tests of imports, as the programs of an office write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter


def as_xlsx(rows: Sequence[Sequence[Any]]) -> bytes:
    """A workbook whose first sheet holds the rows; days and moments are real ones."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    sheet = book.add_worksheet("Лист1")
    layouts = {
        date: book.add_format({"num_format": "dd.mm.yyyy"}),
        datetime: book.add_format({"num_format": "dd.mm.yyyy hh:mm"}),
    }
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(y, x, cell, layouts[type(cell)])
            elif cell is not None:
                sheet.write(y, x, cell)
    book.close()
    return content.getvalue()


def as_csv(
    rows: Sequence[Sequence[Any]], *, encoding: str = "utf-8-sig", delimiter: str = ";"
) -> bytes:
    """The rows as a CSV; days and moments in the Russian way."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([[shown(c) for c in row] for row in rows])
    return text.getvalue().encode(encoding)


def shown(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.strftime("%d.%m.%Y %H:%M")
    if isinstance(cell, date):
        return cell.strftime("%d.%m.%Y")
    return "" if cell is None else str(cell)
