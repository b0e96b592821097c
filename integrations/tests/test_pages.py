"""The pages about the domain say what the source says."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from integrations.tests import pages
from receipts.states import TRANSITIONS, VERBS
from tests.docs.pages import with_block

DOMAIN = pages.ROOT / "docs" / "domain.md"
ERRORS = pages.ROOT / "docs" / "errors.md"
RECIPES = pages.ROOT / "docs" / "recipes.md"
CURE = f"run: {pages.UPDATE}=1 .venv/bin/pytest -n0 integrations/tests/test_pages.py"


def domain_page() -> str:
    page = DOMAIN.read_text(encoding="utf-8")
    page = with_block(page, "diagram", pages.diagram())
    return with_block(page, "verbs", pages.verb_table())


@pytest.mark.parametrize(
    ("path", "wanted"),
    [(DOMAIN, domain_page), (ERRORS, pages.error_page)],
    ids=["domain", "errors"],
)
def test_the_page_is_up_to_date(path: Path, wanted: Callable[[], str]) -> None:
    content = wanted()
    if os.environ.get(pages.UPDATE):
        path.write_text(content, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == content, CURE


def test_the_diagram_shows_every_move() -> None:
    drawn = pages.diagram()
    for verb in TRANSITIONS.values():
        for source in verb.sources:
            if verb.target in {"the status before", source}:
                continue
            arrow = rf"{source.value} --> {verb.target} : [^\n]*\b{verb.code}\b"
            assert re.search(arrow, drawn), (verb.code, source)


def test_every_verb_and_the_known_codes_are_listed() -> None:
    table = pages.verb_table()
    assert all(f"`{code}`" in table for code in VERBS)
    listed = pages.error_page()
    for code in ("receipts.impossible_now", "receipts.number_taken", "access.not_allowed"):
        assert f"`{code}`" in listed


def test_recipes_name_files_that_exist() -> None:
    text = RECIPES.read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+(?:\.[a-z]+|/))`", text))
    assert len(named) > 10
    missing = sorted(name for name in named if not (pages.ROOT / name).exists())
    assert missing == []
