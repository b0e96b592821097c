"""Telegram stays below the port."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ADAPTER = ROOT / "transport"


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def test_no_telegram_type_above_the_adapter() -> None:
    modules = [path for path in ROOT.rglob("*.py") if "tests" not in path.parts]
    assert len(modules) > 20
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules
        if ADAPTER not in path.parents
        for line, name in imports(path)
        if name.split(".")[0] in {"telegram", "aiohttp"}
    ]
    assert found == []


def test_screens_do_not_reach_below_the_dialogs() -> None:
    """A screen that touched the transport or the inbox could not be tested without them."""
    below = ("botapp.transport", "botapp.inbox", "botapp.step", "botapp.reply", "botapp.workers")
    found = [
        f"{path.name}:{line} imports {name}"
        for path in (ROOT / "screens").rglob("*.py")
        for line, name in imports(path)
        if name.startswith(below)
    ]
    assert found == []
