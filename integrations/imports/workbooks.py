"""Unpacking and re-packing an .xlsx workbook within bounds.

A zip may lie about sizes, name a part twice, or unpack to a thousand times its size; a sheet may
name one cell at its far corner, for which a reader would lay out 17 billion cells. So every part
is unpacked here in small blocks that are counted and looked at, and packed anew.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from django.utils.translation import gettext_lazy as _

from integrations.imports.refusals import too_long, too_wide, unpacks_too_big, unreadable
from workshop.lib.errors import RuleViolation

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)
MOST_PARTS: Final = 2_000
MOST_UNPACKED: Final = 300 * 1024 * 1024
MOST_OF_A_PART: Final = 10 * 1024 * 1024  # but for sheets and their texts
BLOCK: Final = 1024 * 1024
MOST_ROWS: Final = 200_000
LAST_ROW: Final = MOST_ROWS + 100  # a few lines may stand above the column names
LAST_COLUMN: Final = 200
MOST_CELLS: Final = 8_000_000
MOST_TEXTS: Final = 3_000_000

Places = Sequence[tuple[bytes, bytes]]

_KEPT = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/workbook\.xml|xl/_rels/workbook\.xml\.rels"
    r"|xl/sharedStrings\.xml|xl/styles\.xml|xl/worksheets/[^/]+\.xml",
    re.IGNORECASE,
)
_BIG = re.compile(r"xl/(sharedStrings|worksheets/[^/]+)\.xml", re.IGNORECASE)
_DECLARED = re.compile(rb"<!DOCTYPE|<!ENTITY", re.IGNORECASE)
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_PLAIN = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"')
# Cells with something in them: an empty one that has a style alone is left out by the reader.
_FILLED = re.compile(rb"<(?:\w+:)?c(?:\s[^>]*)?(?<!/)>")
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})(\d{1,7})["']""")
_TEXT = re.compile(rb"<(?:\w+:)?si[\s/>]")


def repack(content: bytes) -> bytes:
    """The same workbook from its looked-at parts. Raises RuleViolation ``imports.*``."""
    packed = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as source:
            parts = _parts(source)
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
                _copy(content, parts, target)
    except _BROKEN as error:
        raise unreadable() from error
    return packed.getvalue()


def _parts(source: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    found = source.infolist()
    names = [part.filename.casefold() for part in found]
    if len(found) > MOST_PARTS or len(set(names)) != len(names):
        raise unreadable()
    if "xl/workbook.xml" not in names:
        raise unreadable()
    if "xl/vbaproject.bin" in names:
        raise RuleViolation(
            "imports.macros",
            _("Workbooks with macros are not accepted. Save it as .xlsx."),
            field="file",
        )
    return [part for part in found if _KEPT.fullmatch(part.filename)]


def _copy(content: bytes, parts: list[zipfile.ZipInfo], target: zipfile.ZipFile) -> None:
    left = MOST_UNPACKED
    for part in parts:
        is_big = _BIG.fullmatch(part.filename) is not None
        look = _Look(part.filename)
        size = 0
        place = zipfile.ZipInfo(part.filename)
        place.compress_type = zipfile.ZIP_DEFLATED
        with target.open(place, "w") as kept:
            for block in _unpacked(content, part):
                size += len(block)
                left -= len(block)
                if left < 0 or (size > MOST_OF_A_PART and not is_big):
                    raise unpacks_too_big()
                look.at(block)
                kept.write(block)
        look.end()


def _unpacked(content: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in blocks, by what is really there and not by what the directory claims."""
    if part.flag_bits & 0x1:
        raise RuleViolation(
            "imports.protected", _("The workbook is protected by a password."), field="file"
        )
    header = content[part.header_offset : part.header_offset + 30]
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise unreadable()
    name, extra = header[26:28], header[28:30]  # their lengths
    start = part.header_offset + 30 + sum(int.from_bytes(one, "little") for one in (name, extra))
    raw = memoryview(content)[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        for at in range(0, len(raw), BLOCK):
            yield bytes(raw[at : at + BLOCK])
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise unreadable()
    unpacker = zlib.decompressobj(-15)
    block = unpacker.decompress(raw, BLOCK)
    while block:
        yield block
        block = unpacker.decompress(unpacker.unconsumed_tail, BLOCK)
    if not unpacker.eof:
        raise unreadable()


class _Look:
    """What is seen of one part while it passes by in blocks."""

    def __init__(self, name: str) -> None:
        self._is_sheet = "worksheets/" in name.casefold()
        self._is_texts = name.casefold().endswith("sharedstrings.xml")
        self._before = b""
        self._texts = 0
        self._last_row = self._last_column = 0

    def at(self, block: bytes) -> None:
        """The next block; tags are read up to the last one that is complete."""
        if b"\x00" in block:  # no XML in one-byte letters: it would pass by unseen
            raise unreadable()
        seen = self._before + block
        if _DECLARED.search(seen):
            raise RuleViolation(
                "imports.declarations",
                _("The file holds declarations that are not accepted."),
                field="file",
            )
        cut = seen.rfind(b">") + 1
        if not cut and len(seen) > 8 * BLOCK:
            raise unreadable()
        self._read(seen[:cut])
        self._before = seen[cut:]
        if len(self._before) > 8 * BLOCK:
            raise unreadable()

    def end(self) -> None:
        self._read(self._before)

    def _read(self, text: bytes) -> None:
        if self._is_texts:
            self._texts += len(_TEXT.findall(text))
            if self._texts > MOST_TEXTS:
                raise unpacks_too_big()
        if not self._is_sheet:
            return
        # As nearly every program writes them, and within bounds: one quick look suffices.
        places = _PLAIN.findall(text)
        if len(places) != len(_CELL.findall(text)) or not self._is_bounded(places):
            places = []
            for tag in _FILLED.findall(text):
                found = _PLACE.search(tag)
                if found is None:  # a place that only the reader would work out
                    raise unreadable()
                places.append(found.groups())
        self._keep(places)
        self._ensure_bounded()

    def _is_bounded(self, places: Places) -> bool:
        row, column = _corner(places)
        return row <= LAST_ROW and column <= LAST_COLUMN

    def _keep(self, places: Places) -> None:
        row, column = _corner(places)
        self._last_row = max(self._last_row, row)
        self._last_column = max(self._last_column, column)

    def _ensure_bounded(self) -> None:
        if self._last_row > LAST_ROW:
            raise too_long(MOST_ROWS)
        if self._last_column > LAST_COLUMN or self._last_row * self._last_column > MOST_CELLS:
            raise too_wide(LAST_COLUMN)


def _corner(places: Places) -> tuple[int, int]:
    """The last row and column of cells."""
    if not places:
        return 0, 0
    columns = {column for column, _row in places}
    rows = {row for _column, row in places}
    return max(map(int, rows)), max(map(_number, columns))


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
