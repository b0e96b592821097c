"""The page of documentation lists every metric and every alert there is.

``UPDATE_DOCS=1 .venv/bin/pytest -n0 tests/metrics/test_page.py`` writes it.
"""

from __future__ import annotations

import os

from tests.docs.pages import with_block
from tests.metrics.test_dashboards import PAGE, rules
from workshop.lib.telemetry import CATALOGUE


def metrics() -> str:
    lines = ["| metric | kind | labels | what |", "|---|---|---|---|"]
    for one in CATALOGUE.values():
        name = one.name + ("_total" if one.kind == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in one.labels)
        lines.append(f"| `{name}` | {one.kind} | {labels} | {one.about.rstrip('.')} |")
    return "\n".join(lines)


def alerts() -> str:
    lines = ["| alert | severity | when |", "|---|---|---|"]
    for rule in rules():
        when = " ".join(rule["expr"].split()).replace("|", "\\|")
        held = f", for {rule['for']}" if "for" in rule else ""
        lines.append(f"| {rule['alert']} | {rule['labels']['severity']} | `{when}`{held} |")
    return "\n".join(lines)


def test_the_page_is_complete() -> None:
    text = PAGE.read_text(encoding="utf-8")
    fresh = with_block(with_block(text, "metrics", metrics()), "alerts", alerts())
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(fresh, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == fresh, "the page is not up to date"
