"""Hooks of mkdocs: pages from outside of docs/, links between them, and their dialect."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

from tests.docs import dialect, pages


def on_config(config: Any) -> Any:
    """Every decision stands in the navigation, also the one that was added a minute ago."""
    decisions = sorted((pages.ROOT / pages.DOCS / "adr").glob("[0-9]*.md"))
    for section in config.nav:
        if "Decisions" in section:
            section["Decisions"] += [f"adr/{path.name}" for path in decisions]
    return config


def on_files(files: Files, config: Any, **_more: Any) -> Files:
    for source, place in pages.OUTSIDE.items():
        path = pages.ROOT / source
        text = path.read_text(encoding="utf-8")
        if not source.endswith(".md"):
            text = f"# {source.title()}\n\n```text\n{text}```\n"
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_more: Any) -> str:
    source = pages.from_site(page.file.src_uri)
    return dialect.for_site(_relinked(markdown, source, PurePosixPath(page.file.src_uri)))


def _relinked(text: str, source: PurePosixPath, place: PurePosixPath) -> str:
    """Links lead between the places on the site, not between the files of the project."""
    prose = pages.without_code(text)
    out, last = [], 0
    for found in pages.LINK.finditer(prose):
        if not pages.is_inside(found[2]):
            continue
        there = pages.on_site(pages.target(source, found[2]))
        if there is not None:
            start, end = found.span(2)
            out += [text[last:start], os.path.relpath(there, place.parent)]
            last = end
    return "".join([*out, text[last:]])
