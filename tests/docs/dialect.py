"""Markdown as the code host reads it (CommonMark), laid out for the site's older dialect.

Python-Markdown wants an empty line before a list or a table and after code, and four blanks for
each level of a list, also where the marker takes two or three. The meaning does not change.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKER = re.compile(r"([-*+]|\d+[.)])( +|$)")
_LEVEL = 4  # blanks


def for_site(text: str) -> str:
    """The same page, so that the site shows what the code host shows."""
    lines = text.split("\n")
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    moved, apart = _indents(lines, tokens), _apart(lines, tokens)
    out: list[str] = []
    for number, line in enumerate(lines):
        shifted = moved.get(number, line)
        if number in apart and line.strip() and out and out[-1].strip():
            out.append("")
        out.append(shifted)
    return "\n".join(out)


def _apart(lines: list[str], tokens: list[Token]) -> set[int]:
    """Lines before which the older dialect wants an empty one."""
    apart = set()
    for token in tokens:
        if token.map is None:
            continue
        first, end = token.map
        list_begins = token.type in {"bullet_list_open", "ordered_list_open"} and token.level == 0
        if list_begins or token.type == "table_open":
            apart.add(first)
        item_ends = token.type == "list_item_open" and _has_parts(lines[first:end])
        if item_ends or token.type == "fence":
            apart.add(end)
    return apart


def _has_parts(item: list[str]) -> bool:
    """Whether more than one paragraph stands in it."""
    text = "\n".join(item).strip()
    return "\n\n" in text or "```" in text


def _indents(lines: list[str], tokens: list[Token]) -> dict[int, str]:
    """The lines of list items, with four blanks for each item they stand in."""
    moved: dict[int, str] = {}
    inner: list[int] = [0]  # columns where the contents of the open items begin
    for token in tokens:
        if token.type == "list_item_close":
            inner.pop()
        if token.type != "list_item_open" or token.map is None:
            continue
        first, end = token.map
        depth, outer = len(inner), inner[-1]
        own = lines[first][outer:]
        marker = _MARKER.match(own.lstrip())
        assert marker is not None, own
        content = outer + len(own) - len(own.lstrip()) + len(marker[0])
        inner.append(content)
        body = lines[first][content:]
        moved[first] = " " * _LEVEL * (depth - 1) + marker[1].ljust(_LEVEL - 1) + " " + body
        for number in range(first + 1, end):
            moved[number] = _shifted(lines[number], content, depth)
    return moved


def _shifted(line: str, content: int, depth: int) -> str:
    if not line.strip():
        return line
    standing = len(line) - len(line.lstrip())
    return " " * _LEVEL * depth + line[min(standing, content) :]
