"""The product's source as syntax trees, and the shape of a finding: `file:line what is wrong`."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
# From the ground up: each may import those before it, never those after it.
FLOORS = (
    "workshop.lib",
    "history",
    "staff",
    "receipts",
    "polishing",
    "analytics",
    "integrations",
    "botapp",
)
APPS = FLOORS[1:]
PACKAGES = ("workshop", *APPS, "simulator")


@dataclass(frozen=True)
class Module:
    path: PurePosixPath
    text: str

    @property
    def tree(self) -> ast.Module:
        return _parse(self.text, str(self.path))

    @property
    def package(self) -> str:
        """The top folder: the app."""
        return self.path.parts[0]

    @property
    def is_test(self) -> bool:
        name = self.path.name
        return (
            "tests" in self.path.parts
            or name in {"conftest.py", "testing.py", "factories.py"}
            or name.startswith("test_")
        )

    @property
    def is_migration(self) -> bool:
        return "migrations" in self.path.parts


@cache
def _parse(text: str, name: str) -> ast.Module:
    return ast.parse(text, name)


@dataclass(frozen=True)
class Finding:
    path: PurePosixPath
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.what}"


def module(path: str, text: str) -> Module:
    """A sample for the self-tests."""
    return Module(PurePosixPath(path), text)


@cache
def product() -> tuple[Module, ...]:
    """Every Python module of the product; tests and migrations are marked, not left out."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            relative = PurePosixPath(path.relative_to(ROOT).as_posix())
            found.append(Module(relative, path.read_text(encoding="utf-8")))
    return tuple(found)


def report(findings: Iterable[Finding]) -> str:
    return "\n".join(sorted(str(finding) for finding in findings))


def imports(source: Module) -> Iterator[tuple[int, str]]:
    """(line, full dotted name) of every import, also inside functions; relative ones resolved."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                folder = source.path.parts[: -node.level]
                base = ".".join([*folder, base] if base else folder)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute chain; calls in between are written as `()`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return node.id if isinstance(node, ast.Name) else "?"


def calls(source: Module) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)
