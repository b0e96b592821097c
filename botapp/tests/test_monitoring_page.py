"""docs/monitoring.md lists every metric as the catalogue has it."""

from __future__ import annotations

import os
from pathlib import Path

from django.utils import translation

from analytics.monitoring import catalogue
from analytics.monitoring.catalogue import Metric
from tests.docs.pages import with_block

PAGE = Path(__file__).resolve().parents[2] / "docs" / "monitoring.md"
UPDATE = "UPDATE_DOCS"
CURE = f"run: {UPDATE}=1 .venv/bin/pytest -n0 botapp/tests/test_monitoring_page.py"


def row(metric: Metric) -> str:
    label = ":…" if metric.labelled else ""
    marks = "".join(letter for letter, on in (("m", metric.minutely), ("s", metric.status)) if on)
    cells = (
        f"`{metric.code}{label}`",
        str(metric.label),
        str(metric.about),
        str(metric.unit.label),
        marks,
    )
    return f"| {' | '.join(cells)} |"


def table() -> str:
    with translation.override("en"):
        lines = []
        category = None
        for metric in catalogue.metrics().values():
            if metric.category != category:
                category = metric.category
                head = f"**{category.label}**"
                lines += [
                    "",
                    head,
                    "",
                    "| code | name | what it is | unit | |",
                    "|---|---|---|---|---|",
                ]
            lines.append(row(metric))
    return "\n".join([*lines, ""])


def test_the_page_lists_every_metric() -> None:
    content = with_block(PAGE.read_text(encoding="utf-8"), "metrics", table())
    if os.environ.get(UPDATE):
        PAGE.write_text(content, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == content, CURE
