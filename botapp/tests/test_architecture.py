"""Telegram stays below the port."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


# The adapter to Telegram, and what serves it alone. Everything else speaks the port.
TELEGRAM = {
    f"botapp/transport/{name}.py"
    for name in ("telegram", "telegram_limiter", "request", "updates", "webhook")
}
# Who chooses the adapter: the program that starts, and the part that listens.
STARTERS = {"botapp/management/commands/runbot.py", "botapp/running.py"}
APPS = (
    "workshop",
    "history",
    "staff",
    "receipts",
    "polishing",
    "analytics",
    "integrations",
    "botapp",
)


def product() -> list[tuple[str, Path]]:
    """Every module of the product by its path, without tests."""
    found = [path for app in APPS for path in (ROOT.parent / app).rglob("*.py")]
    return [
        (path.relative_to(ROOT.parent).as_posix(), path)
        for path in found
        if "tests" not in path.parts
    ]


def test_the_library_is_known_to_the_adapter_alone() -> None:
    modules = product()
    assert len(modules) > 200
    assert {name for name, _path in modules} >= TELEGRAM | STARTERS
    found = [
        f"{name}:{line} imports {library}"
        for name, path in modules
        if name not in TELEGRAM
        for line, library in imports(path)
        if library.split(".")[0] in {"telegram", "aiohttp"}
        # Webhooks are sent with the HTTP library too, by a loop of their own.
        and not (name.startswith("integrations/webhooks/") and library.startswith("aiohttp"))
    ]
    assert found == []


def test_the_adapter_is_chosen_in_one_place() -> None:
    """Whoever else named it could not run on another messenger."""
    adapter = {name.removesuffix(".py").replace("/", ".") for name in TELEGRAM}
    found = [
        f"{name}:{line} imports {library}"
        for name, path in product()
        if name not in TELEGRAM | STARTERS
        for line, library in imports(path)
        if library in adapter
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
