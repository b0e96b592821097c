"""Looking at an uploaded file: what it is, whether it is bounded, which columns and how many rows.

Nothing is believed: not the extension, not the sizes a zip claims. A workbook is unpacked in a
stream with a budget and packed anew from exactly the parts that were looked at, so that no other
reader of zips can see something else in it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import charset_normalizer
import python_calamine
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from integrations.imports.refusals import too_long, too_wide, unreadable
from integrations.imports.workbooks import MOST_ROWS, repack
from workshop.lib.errors import RuleViolation

MOST_BYTES: Final[int] = settings.LARGEST_FILE
MOST_COLUMNS: Final = 200
MOST_CELLS: Final = 8_000_000
MOST_LINES: Final = 1_048_576  # empty ones too: as many as a sheet has
HEADER_WITHIN: Final = 20  # the column names stand in one of the first rows
SAMPLE: Final = 256 * 1024  # bytes that an encoding is guessed from
LONGEST_HEADER: Final = 100

XLSX: Final = "xlsx"
CSV: Final = "csv"
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Of Russian and Western tables. Asked in this order when the guess does not fit.
_ENCODINGS: Final = ("cp1251", "utf_16", "utf_16_le", "utf_16_be", "cp866", "koi8_r", "cp1252")
_DELIMITERS: Final = ";,\t|"

Row = list[Any]


@dataclass(frozen=True)
class Table:
    """What an upload holds. ``header_at`` and row numbers count from 1, as a spreadsheet does."""

    format: str
    headers: list[str]
    header_at: int
    rows: int  # below the header, empty ones left out
    encoding: str = ""
    delimiter: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def inspect(content: bytes) -> tuple[Table, bytes]:
    """The table in the upload, and the content to keep. Raises RuleViolation ``imports.*`` on the
    field ``file``."""
    if not content:
        raise RuleViolation("imports.empty", _("The file is empty."), field="file")
    if len(content) > MOST_BYTES:
        raise RuleViolation(
            "imports.too_big",
            _("The file is larger than %(most)s MB."),
            field="file",
            params={"most": MOST_BYTES // 1024 // 1024},
        )
    if content.startswith(_OLE):
        raise RuleViolation(
            "imports.old_format",
            _("This is an old or protected workbook. Save it as .xlsx without a password."),
            field="file",
        )
    if content.startswith(_ZIP):
        content = repack(content)
        return _described(XLSX, _sheet(content)), content
    text, encoding = decode(content)
    delimiter = guess_delimiter(text)
    return _described(CSV, _lines(text, delimiter), encoding=encoding, delimiter=delimiter), content


def rows(table: Table, content: bytes) -> Iterator[tuple[int, Row]]:
    """Rows below the header as (number in the file, cells); empty ones are left out."""
    if table.format == XLSX:
        source = _sheet(content)
    else:
        source = _lines(content.decode(table.encoding), table.delimiter)
    for number, cells in enumerate(source, 1):
        if number > table.header_at and not _is_empty(cells):
            yield number, cells


def _described(kind: str, source: Iterator[Row], **more: str) -> Table:
    header_at, headers, count, cells = 0, [], 0, 0
    for number, row in enumerate(source, 1):
        if number > MOST_LINES:
            raise too_long(MOST_ROWS)
        cells += len(row)
        if len(row) > MOST_COLUMNS or cells > MOST_CELLS:
            raise too_wide(MOST_COLUMNS)
        if _is_empty(row):
            continue
        if header_at:
            count += 1
            if count > MOST_ROWS:
                raise too_long(MOST_ROWS)
        elif number <= HEADER_WITHIN:
            header_at, headers = number, [header(cell) for cell in row]
    if not header_at:
        raise RuleViolation("imports.empty", _("The file is empty."), field="file")
    if not count:
        raise RuleViolation(
            "imports.no_rows", _("There is no row below the column names."), field="file"
        )
    return Table(kind, headers, header_at, count, **more)


def header(cell: Any) -> str:
    """A column name as it is shown."""
    return " ".join(str(cell).split())[:LONGEST_HEADER]


def _is_empty(cells: Row) -> bool:
    return not any(cell not in ("", None) and str(cell).strip() for cell in cells)


# --- xlsx -----------------------------------------------------------------------------------------


def _sheet(content: bytes) -> Iterator[Row]:
    """The first visible sheet, row by row from the top."""
    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
        visible = python_calamine.SheetVisibleEnum.Visible
        kind = python_calamine.SheetTypeEnum.WorkSheet
        names = [s.name for s in book.sheets_metadata if s.visible == visible and s.typ == kind]
        if not names:
            raise RuleViolation(
                "imports.no_sheet", _("The workbook has no visible sheet."), field="file"
            )
        sheet = book.get_sheet_by_name(names[0])
        if sheet.start is None:
            return
        yield from sheet.iter_rows()
    except (python_calamine.CalamineError, ValueError, OSError, UnicodeError) as error:
        raise unreadable() from error


# --- csv ------------------------------------------------------------------------------------------


def decode(content: bytes) -> tuple[str, str]:
    """The text of a CSV file and its encoding; RuleViolation when it is no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _text(content, encoding), encoding
    for encoding in ("utf-8", *_guesses(content)):
        try:
            return _text(content, encoding), encoding
        except RuleViolation:
            continue
    raise unreadable()


def _guesses(content: bytes) -> Iterator[str]:
    # Every second byte a zero: UTF-16 without its mark, which would pass as a one-byte encoding.
    sample = content[:SAMPLE]
    if b"\x00" in sample:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        yield "utf_16_le" if odd >= even else "utf_16_be"
        return
    cut = sample[: len(sample) // 2 * 2]
    best = charset_normalizer.from_bytes(cut, cp_isolation=list(_ENCODINGS)).best()
    if best is not None:
        yield best.encoding
    yield "cp1251"


def _text(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except (UnicodeError, LookupError):
        raise unreadable() from None
    if "\x00" in text:
        raise unreadable()
    return text


def guess_delimiter(text: str) -> str:
    """The one that splits the first lines into the most columns, equally many in each."""
    start = text[:SAMPLE].splitlines(keepends=True)[:HEADER_WITHIN]

    def quality(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(start, delimiter=delimiter) if row]
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=0)
        return (usual > 1) * widths.count(usual), usual

    try:
        return max(_DELIMITERS, key=quality)
    except csv.Error:
        raise unreadable() from None


def _lines(text: str, delimiter: str) -> Iterator[Row]:
    try:
        # strict=False: a stray quote inside a cell is what people's programs write.
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise unreadable() from error
