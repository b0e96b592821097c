"""What the pages name of the project: commands, targets, profiles, modules, settings, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import PurePosixPath

from markdown_it import MarkdownIt

from tests.docs import pages

MAKE = re.compile(r"(?:^|[;&|]) *make((?: +(?:-\w+|[A-Z_]+=\S+|[a-z][\w-]*))+)", re.MULTILINE)
COMMAND = re.compile(r"manage\.py +([a-z_]+)((?: +[^\n;|#&)]*)?)")
MODULE = re.compile(r"python -m ([\w.]+)")
PROFILE = re.compile(r"--profile[ =]+(\w+)")
SETTING = re.compile(r"(?<![\w.*{$/<-])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w*…])")
FILE = re.compile(
    r"(?<![\w./~-])((?:[a-z_]+/)+[\w.-]+\.(?:py|md|yml|yaml|json|html|conf|css|po))\b"
)
TEST = re.compile(r"([\w/]+\.py)::([\w:]+)")
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]+)")


@cache
def code(source: PurePosixPath) -> str:
    """Everything on the page that stands in code, a piece a line; drawings are left out."""
    out = []
    for token in MarkdownIt("commonmark").enable("table").parse(pages.read(source)):
        if token.type == "fence" and token.info != "mermaid":
            out.append(token.content.replace("\\\n", " "))
        for child in token.children or ():
            if child.type == "code_inline":
                out.append(child.content)
    return "\n".join(out)


@cache
def files() -> tuple[str, ...]:
    """Every file of the project, by its path with a slash before it."""
    kept = (path for path in pages.ROOT.iterdir() if path.name not in {".git", ".venv", "var"})
    found = [[path] if path.is_file() else path.rglob("*") for path in kept]
    return tuple(f"/{path.relative_to(pages.ROOT)}" for group in found for path in group)


@cache
def words_of_the_source() -> frozenset[str]:
    """Constants that stand in the project's own programs."""
    sources = (name for name in files() if name.endswith(".py") and "/tests/docs/" not in name)
    text = "\n".join((pages.ROOT / name[1:]).read_text(encoding="utf-8") for name in sources)
    return frozenset(SETTING.findall(text))


def make_targets(text: str) -> Iterator[str]:
    for found in MAKE.finditer(text):
        for word in found[1].split():
            if "=" in word:
                break
            if not word.startswith("-"):
                yield word


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each management command with the options it is given."""
    for found in COMMAND.finditer(text):
        yield found[1], OPTION.findall(found[2])


@cache
def anchors(source: PurePosixPath) -> frozenset[str]:
    """The anchors of the headings, as the code host and the site make them."""
    tokens = MarkdownIt("commonmark").parse(pages.read(source))
    seen: dict[str, int] = {}
    out = set()
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            words = "".join(child.content for child in token.children or ())
            slug = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
            again = seen.get(slug, 0)
            seen[slug] = again + 1
            out.add(f"{slug}-{again}" if again else slug)
    return frozenset(out)
