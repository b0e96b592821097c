"""The guides of the office and the owner: the same in both languages, with buttons that exist."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from tests.day.pictures import HEAVIEST
from tests.day.test_guide import BOLD, EMPHASIS, IMAGE, labels
from tests.docs.pictures import FOLDER, PREFIX, SHOTS, WIDTH
from tests.faults.setup import ROOT

BOOKS = ("office", "owner")
CODES = ("en", "ru")
BOOK = pytest.mark.parametrize("book", BOOKS)
CODE = pytest.mark.parametrize("code", CODES)
# Bold, and no label of the interface: where a list begins a thought.
OWN_WORDS = {
    "en": {"Out", "In", "Notices", "To begin", "Did it arrive?"},
    "ru": {"Начало", "Фильтры"},  # the theme's own word
}
# Several labels in a row: where one goes.
_WAY = re.compile(r" → ")


def text(book: str, code: str) -> str:
    name = f"{book}.md" if code == "en" else f"{book}.{code}.md"
    return (ROOT / "docs" / "guide" / name).read_text(encoding="utf-8")


def shown(book: str, code: str) -> list[str]:
    return [path.rsplit("/", 1)[-1] for path, _alt in IMAGE.findall(text(book, code))]


@BOOK
def test_both_languages_tell_the_same(book: str) -> None:
    english, russian = text(book, "en"), text(book, "ru")
    for mark in ("\n## ", "\n| ", "\n- "):
        assert english.count(mark) == russian.count(mark), mark
    assert shown(book, "en") == [name.replace(".ru.", ".en.") for name in shown(book, "ru")]
    assert f"({book}.ru.md)" in english
    assert f"({book}.md)" in russian


@CODE
def test_every_picture_is_shown_and_light(code: str) -> None:
    seen = {name for book in BOOKS for name in shown(book, code)}
    assert seen == {f"{PREFIX}{shot.name}.{code}.png" for shot in SHOTS}
    assert seen == {path.name for path in FOLDER.glob(f"{PREFIX}*.{code}.png")}
    for name in seen:
        assert (FOLDER / name).stat().st_size <= HEAVIEST * 1.5
        with Image.open(FOLDER / name) as picture:
            assert picture.width == WIDTH


@BOOK
@CODE
def test_every_button_that_is_named_exists(book: str, code: str) -> None:
    interface = labels(code)
    bold = {" ".join(one.split()) for one in BOLD.findall(text(book, code))}
    named = {word for one in bold if not EMPHASIS.match(one) for word in _WAY.split(one)}
    missing = [one for one in named if one not in interface and one not in OWN_WORDS[code]]
    assert missing == []
