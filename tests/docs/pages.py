"""Which files are pages of the documentation, and where each of them stands on the site."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
DOCS = PurePosixPath("docs")
# Pages that stand elsewhere in the project, and their place on the site.
OUTSIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "LICENSE": "licence.md",
    "analytics/tests/golden.md": "golden.md",
    "simulator/README.md": "simulator.md",
}
# Of a link or an image, in Markdown or as a tag: what comes before the address, and the address.
LINK = re.compile(r"""(\]\(|<img src="|<a href=")([^)"\s#]*)(#[^)"\s]*)?(?=[)"\s])""")
_CODE = re.compile(r"^ *(```|~~~).*?^ *\1 *$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def sources() -> list[PurePosixPath]:
    """Every page, by its path in the project."""
    own = (path.relative_to(ROOT) for path in (ROOT / DOCS).rglob("*.md"))
    there = (PurePosixPath(path) for path in OUTSIDE if (ROOT / path).exists())
    return sorted([*map(PurePosixPath, own), *there])


def read(source: PurePosixPath) -> str:
    return (ROOT / source).read_text(encoding="utf-8")


def without_code(text: str) -> str:
    """The prose: what stands in code is blanked, line numbers stay."""
    return _CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def is_inside(address: str) -> bool:
    """Whether a link leads to a file of the project."""
    return bool(address) and not re.match(r"[a-z][a-z0-9+.-]*:|/", address)


def target(source: PurePosixPath, address: str) -> PurePosixPath:
    """The file of the project that a link on the page leads to; a folder means its README."""
    path = PurePosixPath(os.path.normpath(source.parent / address))
    return path / "README.md" if (ROOT / path).is_dir() else path


def on_site(source: PurePosixPath) -> PurePosixPath | None:
    """The place of a file on the site, or None when it has none."""
    if str(source) in OUTSIDE:
        return PurePosixPath(OUTSIDE[str(source)])
    return source.relative_to(DOCS) if source.is_relative_to(DOCS) else None


def from_site(place: str) -> PurePosixPath:
    """The file of the project behind a page of the site."""
    for source, outside in OUTSIDE.items():
        if outside == place:
            return PurePosixPath(source)
    return DOCS / place


def with_block(page: str, name: str, content: str) -> str:
    """The page with ``content`` between the marks of ``name``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, rest = page.split(begin)
    _old, tail = rest.split(end)
    return f"{head}{begin}\n{content}\n{end}{tail}"
