"""Tables for spreadsheets: what a spreadsheet finds in the cells, and that none of them runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import openpyxl
import pytest
from django.utils import translation

from workshop.lib.export import (
    FOR_PROGRAMS,
    LONGEST,
    Sheet,
    csv_lines,
    file_name,
    harmless,
    is_live,
    unguarded,
    write_xlsx,
)

STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
BEFORE = ("", " ", "\u00a0", "\ufeff", "\u200b", "\x00", "'")
REST = (
    "1+1", "cmd|' /C calc'!A0", "HYPERLINK(\"http://x\",\"y\")", "SUM(A1:A9)*cmd", "IMPORTXML(1)",
    'WEBSERVICE("http://x")', "2+5+cmd|'/C calc'!A0", "DDE(\"x\")", "'=1", "10;=1", '",=1', "\n=1",
    "А1",
)  # fmt: skip
HOSTILE = ["".join(parts) for parts in product(BEFORE, STARTS, REST)]
MOMENT = datetime(2026, 12, 25, 15, 0, tzinfo=UTC)


def as_xlsx(rows: Sequence[Sequence[Any]], header: Sequence[str] = ("a",)) -> Any:
    target = io.BytesIO()
    write_xlsx(target, Sheet("Лист/1", header, rows))
    return openpyxl.load_workbook(target).active


def as_csv(rows: Sequence[Sequence[Any]], **style: Any) -> list[list[str]]:
    text = b"".join(csv_lines(Sheet("x", ["a"], rows), **style)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter="," if style else ";"))


def test_a_thousand_hostile_cells_and_no_live_formula() -> None:
    assert len(HOSTILE) >= 1000
    sheet = as_xlsx([[text] for text in HOSTILE])
    cells = [cell for (cell,) in sheet.iter_rows(min_row=2)]
    assert len(cells) == len(HOSTILE)
    assert {cell.data_type for cell in cells} == {"s"}
    assert not [cell for cell in cells if is_live(cell.value) and not cell.quotePrefix]
    for style in ({}, {"style": FOR_PROGRAMS}):
        table = as_csv([[text] for text in HOSTILE], **style)
        assert len(table) == len(HOSTILE) + 1
        assert not [row for row in table if len(row) != 1 or is_live(row[0])]


def test_the_guard_can_be_taken_off_again() -> None:
    plain = ["", "Омега", "'", "''x", "a=1", "O'Brien", "'=1", "7 916", "«-»"]
    for text in [*HOSTILE, *plain]:
        assert unguarded(harmless(text)) == text
    assert [text for text in plain if harmless(text) != text] == ["'=1"]


def test_cells_are_real_dates_numbers_and_flags() -> None:
    rows = [[MOMENT, date(2026, 12, 25), Decimal("-1234.50"), 7, True, None, 2**60, "x" * 40_000]]
    found = next(as_xlsx(rows, "abcdefgh").iter_rows(min_row=2, values_only=True))
    assert found[:6] == (
        datetime(2026, 12, 25, 18, 0),  # noqa: DTZ001  # the workshop's clock face
        datetime(2026, 12, 25),  # noqa: DTZ001
        -1234.5,
        7,
        True,
        None,
    )
    assert found[6] == str(2**60)
    assert len(found[7]) == LONGEST

    with translation.override("ru"):
        assert as_csv(rows)[1][:6] == ["25.12.2026 18:00", "25.12.2026", "-1234,50", "7", "да", ""]
    with translation.override("en"):
        assert as_csv(rows)[1][2] == "-1234.50"
    assert as_csv(rows, style=FOR_PROGRAMS)[1][:6] == [
        "2026-12-25T15:00:00.000000Z", "2026-12-25", "-1234.50", "7", "true", "",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["a\x00b\ud800", "строка\nвторая", "😀 <b>&", "1e5"])
def test_any_text_comes_out(text: str) -> None:
    told = text.replace("\x00", " ").replace("\ud800", " ")
    assert as_xlsx([[text]]).cell(2, 1).value == told
    assert as_csv([[text]])[1] == [told]


def test_an_empty_table_is_a_header() -> None:
    assert as_csv([]) == [["a"]]
    assert list(as_xlsx([]).values) == [("a",)]
    assert file_name("Квитанции / все", "csv").startswith("Квитанции  все ")
