"""The template of a subject: column names to fill in below, an example, the allowed values."""

from __future__ import annotations

import io
from typing import Any, Final

import xlsxwriter
from django.utils.translation import gettext as _

from integrations.imports.columns import Column, Subject

WIDTH: Final = 18  # characters
MOST_VALUES: Final = 500  # of a list: more is no help to anybody


def workbook(subject: Subject) -> bytes:
    """An .xlsx in the active language, which can be imported as it is once it is filled in.

    The example has a sheet of its own: only the first one is read, so it never becomes a row.
    """
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False})
    bold = book.add_format({"bold": True, "bottom": 1})
    required = book.add_format({"bold": True, "bottom": 1, "font_color": "#B42318"})
    muted = book.add_format({"italic": True, "font_color": "#667085"})
    to_fill = book.add_worksheet(str(subject.label)[:31])
    example = book.add_worksheet(_("Example")[:31])
    for sheet in (to_fill, example):
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(subject.columns) - 1, WIDTH)
        for place, column in enumerate(subject.columns):
            sheet.write_string(0, place, str(column.label), required if column.required else bold)
    for place, column in enumerate(subject.columns):
        _write(example, 1, place, column.example, muted)
    _values(book.add_worksheet(_("Allowed values")[:31]), subject, bold)
    book.close()
    return content.getvalue()


def _values(sheet: Any, subject: Subject, bold: Any) -> None:
    """What may stand in a column: a list, or words about it."""
    told = [column for column in subject.columns if column.choices or column.about]
    sheet.set_column(0, max(0, len(told) - 1), WIDTH)
    for place, column in enumerate(told):
        sheet.write_string(0, place, str(column.label), bold)
        for row, value in enumerate(_lines(column), 1):
            sheet.write_string(row, place, value)


def _lines(column: Column) -> list[str]:
    about = [f"({column.about})"] if column.about else []
    return about + list(column.choices() if column.choices else ())[:MOST_VALUES]


def _write(sheet: Any, row: int, place: int, value: Any, look: Any) -> None:
    if isinstance(value, int):
        sheet.write_number(row, place, value, look)
    elif value:
        sheet.write_string(row, place, str(value), look)
