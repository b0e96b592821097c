"""400 hostile uploads: every one is refused with a reason, or taken within bounds."""

from __future__ import annotations

import io
import random
import resource
import struct
import zipfile
import zlib
from collections.abc import Iterator

import pytest

from integrations.imports import files
from integrations.tests.tables import as_csv, as_xlsx
from workshop.lib.errors import RuleViolation

GOOD = as_xlsx([["Номер", "Клиент"], ["А-1", "Иван"], ["А-2", "Пётр"]])
SHEET = "xl/worksheets/sheet1.xml"
MANY = 400
MOST_MEMORY = 300  # MB more than before, with what the reader takes outside of Python


def parts(content: bytes = GOOD) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name) for name in book.namelist()}


def packed(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as book:
        for name, data in entries.items():
            book.writestr(name, data)
    return content.getvalue()


def with_sheet(cells: str) -> bytes:
    text = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>'
    return packed(parts() | {SHEET: text.encode()})


def lying(content: bytes, size: int) -> bytes:
    """The directory claims that every part unpacks to ``size`` bytes."""
    changed = bytearray(content)
    at = changed.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", changed, at + 24, size)
        at = changed.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def zip_bomb(megabytes: int, name: str = "xl/sharedStrings.xml") -> bytes:
    """A part of blanks that unpacks to a thousand times its size."""
    block, packer = b" " * 1024 * 1024, zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = b"".join([*(packer.compress(block) for _ in range(megabytes)), packer.flush()])
    base = packed({**{k: v for k, v in parts().items() if k != name}, name: b"x"})
    local = struct.pack(
        "<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(raw), 9, len(name), 0
    )
    entry = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(raw), 9, len(name),
        0, 0, 0, 0, 0, 0,
    )  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(base)) as book:
        others = [info for info in book.infolist() if info.filename != name]
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
            for info in others:
                target.writestr(info.filename, book.read(info.filename))
    whole = content.getvalue()
    start = whole.find(b"PK\x01\x02")
    end = whole.rfind(b"PK\x05\x06")
    directory = whole[start:end] + entry + name.encode()
    body = whole[:start] + local + name.encode() + raw
    count = len(others) + 1
    tail = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0
    )
    directory = directory[: -len(name) - 4] + struct.pack("<I", start) + name.encode()
    return body + directory + tail


def shaped() -> Iterator[tuple[str, bytes]]:
    """Each kind of attack once."""
    yield "empty", b""
    yield "blank", b" \r\n \r\n"
    yield "headers only", as_csv([["Номер"]])
    yield "old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4000
    yield "zip of nothing", packed({})
    yield "a document", packed({"word/document.xml": b"<w/>"})
    yield "only the workbook", packed({"xl/workbook.xml": b"<workbook/>"})
    yield "macros", packed(parts() | {"xl/vbaProject.bin": b"\0" * 99})
    first, far = '<c r="A1"><v>1</v></c>', "<v>2</v></c>"
    yield "far corner", with_sheet(f'<row r="1">{first}<c r="XFD1048576">{far}</row>')
    yield "far row", with_sheet(f'<row>{first}</row><row><c r="A1048576">{far}</row>')
    yield "far column", with_sheet(f'<row r="1">{first}<c r="XFD1">{far}</row>')
    yield "single quotes", with_sheet(f"<row r='1'><c t='n' r='XFD1048576'>{far}</row>")
    yield "prefixed", with_sheet('<x:row r="1"><x:c r="XFD1048576"><x:v>2</x:v></x:c></x:row>')
    yield "line break in tag", with_sheet('<row r="1"><c\nr="XFD1048576"><v>2</v></c></row>')
    yield "no places", with_sheet("<row>" + "<c><v>1</v></c>" * 5000 + "</row>")
    entity = '<!DOCTYPE x [<!ENTITY a "aaaa">]><row r="1"><c r="A1"><v>&a;</v></c></row>'
    yield "entities", with_sheet(entity)
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    lol = f'<!DOCTYPE z [<!ENTITY l0 "lol">{laughs}]><sst><si><t>&l9;</t></si></sst>'
    yield "billion laughs", packed(parts() | {"xl/sharedStrings.xml": lol.encode()})
    utf16 = parts()[SHEET].decode().replace("UTF-8", "UTF-16").encode("utf-16")
    yield "another alphabet of bytes", packed(parts() | {SHEET: utf16})
    yield "bomb in the texts", zip_bomb(400)
    yield "bomb in the styles", zip_bomb(60, "xl/styles.xml")
    yield "lying small", lying(GOOD, 1)
    yield "lying big", lying(GOOD, 2**31)
    yield "parts twice", packed(parts()) + packed(parts() | {SHEET: b"<a/>"})[:-1]
    yield "climbing names", packed(parts() | {"../../etc/passwd": b"x"})
    yield "many parts", packed(parts() | {f"x/{n}": b"" for n in range(3000)})
    yield "lzma", packed(parts(), zipfile.ZIP_LZMA)
    yield "bzip2", packed(parts(), zipfile.ZIP_BZIP2)
    yield "endless quote", b'"' + b"a;" * 100_000
    yield "one endless line", b"a" * 1_000_000
    yield "wide csv", as_csv([["h"] * 5000, ["x"] * 5000])
    yield "zeros", b"\0" * 100_000
    yield "a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50
    yield "half a letter", "Номер;Имя\nА;Б".encode("utf-16")[:-1]
    yield "too many rows", b"n\n" + b"1\n" * 200_001
    yield "empty lines", b"n\n1\n" + b"\n" * files.MOST_LINES
    yield "too big", b"n;m\n" + b"1;2\n" * (6 * 1024 * 1024)


def broken(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Good files with bytes flipped, cut out, doubled: whatever a broken program sends."""
    draw = random.Random(seed)
    csv = as_csv([["Номер", "Клиент"], *([f"А-{n}", "Иван"] for n in range(20))])
    for number in range(count):
        content = bytearray(draw.choice((GOOD, csv, packed(parts(), zipfile.ZIP_STORED))))
        for _ in range(draw.randrange(1, 20)):
            at = draw.randrange(len(content))
            kind = draw.randrange(3)
            if kind == 0:
                content[at] = draw.randrange(256)
            elif kind == 1:
                del content[at : at + draw.randrange(40)]
            else:
                content[at:at] = content[at : at + draw.randrange(40)]
        yield f"broken {number}", bytes(content)


def memory() -> int:
    """The most that this process has ever taken, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def test_every_one_is_refused_or_bounded() -> None:
    attacks = list(shaped())
    attacks += broken(7, MANY - len(attacks))
    assert len(attacks) == MANY
    taken: dict[str, int] = {}
    refused: list[tuple[str, str]] = []
    before = memory()
    for name, content in attacks:
        try:
            table, kept = files.inspect(content)
            taken[name] = sum(1 for _ in files.rows(table, kept))
            assert taken[name] == table.rows <= files.MOST_ROWS, name
        except RuleViolation as error:
            refused.append((error.field, error.code.partition(".")[0]))
    assert memory() - before < MOST_MEMORY
    assert set(refused) == {("file", "imports")}
    # What is harmless after all: its lies are not believed, its extra parts are thrown away.
    assert {name for name in taken if not name.startswith("broken")} <= {
        "lying small", "lying big", "climbing names", "parts twice",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["lying small", "climbing names"])
def test_what_is_kept_holds_only_the_parts_that_were_looked_at(name: str) -> None:
    content = dict(shaped())[name]
    _table, kept = files.inspect(content)
    names = zipfile.ZipFile(io.BytesIO(kept)).namelist()
    assert SHEET in names
    assert not [one for one in names if ".." in one or "docProps" in one]
