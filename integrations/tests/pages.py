"""The generated parts of docs: the diagram and the verbs of the transition table, all refusals."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.utils import translation
from django.utils.functional import Promise

from receipts import policies
from receipts.states import ALL, BEFORE, RECORDS, TRANSITIONS, VERBS, Status, Verb
from workshop.lib import errors

ROOT = Path(__file__).resolve().parents[2]
CLASSES = (
    "RuleViolation",
    "IllegalTransition",
    "Duplicate",
    "StaleState",
    "NotAllowed",
    "NotFound",
)
SOURCES = (
    "workshop/lib", "history", "staff", "receipts", "polishing", "analytics", "integrations",
    "botapp",
)  # fmt: skip
UPDATE = "UPDATE_DOCS"


def diagram() -> str:
    """The moves between statuses as a mermaid diagram."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for verb in TRANSITIONS.values():
        for source in sorted(verb.sources, key=list(Status).index):
            target = verb.target
            if target in (None, BEFORE) or target == source:
                continue
            arrows[source.value, str(target)].append(verb.code)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> received : register"]
    lines += [f"    {a} --> {b} : {', '.join(verbs)}" for (a, b), verbs in arrows.items()]
    lines += ['    state "the status before" as before', "    on_hold --> before : resume", "```"]
    return "\n".join(lines)


def verb_table() -> str:
    """Every verb with its button, from where, to where, and who."""
    lines = ["| verb | button | по-русски | from | to | who |", "|---|---|---|---|---|---|"]
    for verb in VERBS.values():
        cells = (
            f"`{verb.code}`",
            _label(verb.label, "en"),
            _label(verb.label, "ru"),
            _sources(verb),
            _target(verb),
            _who(verb),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _label(label: str | Promise, language: str) -> str:
    with translation.override(language):
        return str(label)


def _sources(verb: Verb) -> str:
    if verb.sources == ALL:
        return "any"
    missing = ALL - verb.sources
    if len(missing) == 1:
        return f"any but {next(iter(missing)).value}"
    return ", ".join(status.value for status in Status if status in verb.sources)


def _target(verb: Verb) -> str:
    if verb.code in RECORDS:
        return "–"
    return str(getattr(verb.target, "value", verb.target))


def _who(verb: Verb) -> str:
    if verb.code in policies.MANAGERS_ONLY:
        return "manager"
    base = "manager" if verb.code in policies.MASTER_OR_MANAGER else "inspector, manager"
    return f"{base}; its master with self-service" if verb.own_master else base


def error_page() -> str:
    """docs/errors.md: code, class with its HTTP status, text."""
    lines = [
        "# Refusals",
        "",
        "Generated from the source: every code that a service may answer with, its class with the",
        "HTTP status, and its text (`%(…)s` are values of the moment, a dash is worked out).",
        "",
    ]
    found: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for code, cls, text in _refusals():
        found[code][cls, text] = None
    for app in sorted({code.split(".")[0] for code in found}):
        lines += [f"## {app}", "", "| code | refusal | text |", "|---|---|---|"]
        for code in sorted(code for code in found if code.split(".")[0] == app):
            for cls, text in sorted(found[code]):
                status = getattr(errors, cls).status
                lines.append(f"| `{code}` | {cls} ({status}) | {text} |")
        lines.append("")
    return "\n".join(lines)


def _refusals() -> Iterator[tuple[str, str, str]]:
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "tests" in path.parts or "migrations" in path.parts:
                continue
            yield from _refusals_in(ast.parse(path.read_text(encoding="utf-8")))


def _refusals_in(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id not in CLASSES:
            continue
        given = [*node.args, *(item.value for item in node.keywords if item.arg == "message")]
        if not given:
            yield "access.not_allowed", node.func.id, "You may not do this."
            continue
        code = given[0]
        if isinstance(code, ast.Constant) and isinstance(code.value, str):
            yield code.value, node.func.id, _text(given[1:2])


def _text(nodes: list[ast.expr]) -> str:
    """The text inside ``_("…")``; a text worked out elsewhere is a dash."""
    for node in nodes:
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            return str(node.args[0].value).replace("|", "\\|")
    return "–"
