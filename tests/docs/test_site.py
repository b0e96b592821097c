"""The documentation becomes a site: strictly, every page in its place, without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import dialect, pages

# What a browser would fetch by itself. A link that somebody presses may lead anywhere.
FETCHED = re.compile(
    r"""<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)=["']?(https?:[^"'\s>]+)"""
)
TARGET = re.compile(r"""\b(?:href|src)=["']?([^"'\s>#]+)(?:#[^"'\s>]*)?["'\s>]""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=pages.ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_on_the_site(site: Path) -> None:
    for source in pages.sources():
        place = pages.on_site(source)
        assert place is not None
        name = "index.html" if place.name == "README.md" else f"{place.stem}.html"
        assert (site / place.parent / name).is_file(), source


def test_it_is_whole_without_a_network(site: Path) -> None:
    missing, fetched = [], []
    for page in site.rglob("*.html"):
        if page.name == "404.html":  # a server's page: its addresses begin at the root
            continue
        text = page.read_text(encoding="utf-8")
        canonical = re.sub(r'<link[^>]*rel="?canonical[^>]*>', "", text)
        fetched += FETCHED.findall(canonical)
        for address in TARGET.findall(text):
            if pages.is_inside(address) and not (page.parent / address).exists():
                missing.append(f"{page.name}: {address}")
    assert fetched == []
    assert missing == []


def test_the_drawings_reach_the_page(site: Path) -> None:
    text = (site / "architecture.html").read_text(encoding="utf-8")
    assert '<pre class="mermaid">' in text
    assert "assets/mermaid.tiny.js" in text


def test_lists_and_tables_look_as_on_the_code_host(site: Path) -> None:
    """The same number of items, rows and pieces of code in both dialects."""
    from markdown_it import MarkdownIt

    for source in pages.sources():
        if source.suffix != ".md":
            continue
        place = pages.on_site(source)
        assert place is not None
        name = "index.html" if place.name == "README.md" else f"{place.stem}.html"
        article = (site / place.parent / name).read_text(encoding="utf-8")
        article = article.split('<article class="md-content__inner')[1].split("</article>")[0]
        tokens = MarkdownIt("commonmark").enable("table").parse(pages.read(source))
        kinds = [token.type for token in tokens]
        assert article.count("<li>") == kinds.count("list_item_open"), source
        assert article.count("<tr>") == kinds.count("tr_open"), source
        assert article.count("<pre") == kinds.count("fence"), source


def test_the_older_dialect() -> None:
    text = (
        "Words:\n1. one\n   ```\n   code\n   ```\n2. two\n   - inner\n     more\n\n"
        "End\n| a |\n|---|\n| b |"
    )
    assert dialect.for_site(text) == (
        "Words:\n\n1.  one\n    ```\n    code\n    ```\n\n2.  two\n    -   inner\n        more\n\n"
        "End\n\n| a |\n|---|\n| b |"
    )
