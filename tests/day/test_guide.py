"""The inspector's guide: every flow of the menu, every picture, and only buttons that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.utils import translation
from PIL import Image

from botapp.dialogs.registry import menu_items
from tests.day.pictures import FOLDER, HEAVIEST, SCALE, WIDTH, pictures
from tests.faults.setup import ROOT

GUIDES = {"ru": "inspector.ru.md", "en": "inspector.md"}
IMAGE = re.compile(r'<img src="([^"]+)" width="\d+" alt="([^"]+)">')
BOLD = re.compile(r"\*\*([^*]+)\*\*")
# What is set in bold without being a label of the interface.
EMPHASIS = re.compile(r"[^.]+\.\Z")

CODES = pytest.mark.parametrize("code", GUIDES)


def guide(code: str) -> str:
    return (ROOT / "docs" / "guide" / GUIDES[code]).read_text(encoding="utf-8")


def labels(code: str) -> str:
    """All texts of the interface in the language, one after the other."""
    found = []
    for path in sorted((ROOT / "locale" / "fragments").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                text = message.string if code == "ru" else message.id
                found.extend([text] if isinstance(text, str) else text)
    return "\n".join(found)


@CODES
def test_every_flow_of_the_menu_is_told(code: str) -> None:
    text = guide(code)
    with translation.override(code):
        items = [str(item.label) for more in (False, True) for item in menu_items(more=more)]
    known = [label for label in items if "sample" not in label.casefold()]
    assert [label for label in known if label not in text] == []


@CODES
def test_every_picture_is_there_and_light(code: str) -> None:
    shown = [path for path, _alt in IMAGE.findall(guide(code))]
    folder = ROOT / "docs" / "guide"
    assert [one for one in shown if not (folder / one).is_file()] == []
    taken = {one.name for one in pictures() if one.name.endswith(f".{code}.png")}
    assert {Path(one).name for one in shown} == taken, "a picture that nobody shows"
    for name in taken:
        assert (FOLDER / name).stat().st_size <= HEAVIEST
        with Image.open(FOLDER / name) as picture:
            assert picture.width == WIDTH * SCALE


@CODES
def test_every_button_that_is_named_exists(code: str) -> None:
    interface = labels(code)
    named = {" ".join(one.split()) for one in BOLD.findall(guide(code))}
    missing = [one for one in named if one not in interface and not EMPHASIS.match(one)]
    assert missing == []


def test_both_tell_the_same() -> None:
    russian, english = guide("ru"), guide("en")
    assert russian.count("\n## ") == english.count("\n## ")
    names = {code: [Path(one).name for one, _alt in IMAGE.findall(guide(code))] for code in GUIDES}
    assert [one.replace(".ru.", ".en.") for one in names["ru"]] == names["en"]
    assert GUIDES["en"] in russian
    assert GUIDES["ru"] in english


def test_the_readme_shows_pictures_that_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text):
        assert (ROOT / path).is_file(), path
