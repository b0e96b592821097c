"""Builds the table of docs/performance.md from the kept results: `python -m benchmarks.table`.

A result is kept with `make -s bench-P2 > benchmarks/results/P2.json`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- table: python -m benchmarks.table -->", "<!-- end of table -->"
HEAD = (
    "| goal | part | floor | ours | ratio (min–max) | goal | met | rounds × N |",
    "|---|---|---|---|---|---|---|---|",
)


def table(results: Iterable[dict[str, Any]]) -> str:
    """One row for each part of each result."""
    return "\n".join([*HEAD, *(row for result in results for row in _rows(result))])


def _rows(result: dict[str, Any]) -> Iterator[str]:
    for name, part in result["parts"].items():
        ((kind, limit),) = part["goal"].items()
        yield _row(
            result["goal"],
            name,
            _figure(part.get("floor"), part.get("floor_spread"), part["unit"]),
            _figure(part["ours"], part["ours_spread"], part["unit"]),
            _figure(part.get("ratio"), part.get("spread"), ""),
            f"{'≥' if kind == 'at_least' else '≤'} {_number(limit)}",
            "yes" if part["met"] and part["equal"] else "**no**",
            f"{part['rounds']} × {part['n']}",
        )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(median: float | None, spread: list[float] | None, unit: str) -> str:
    if median is None:
        return "–"
    low, high = spread or (median, median)
    return f"{_number(median)} ({_number(low)}–{_number(high)}) {unit}".rstrip()


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def kept() -> list[dict[str, Any]]:
    """The results in the order of their goals."""
    # Runs of single parts, P2-latency, after the whole one; a folder has no order of its own.
    paths = sorted(RESULTS.glob("[PO]*.json"), key=lambda path: (len(path.name), path.name))
    found = [json.loads(path.read_text()) for path in paths]
    return sorted(found, key=lambda one: (one["goal"][0] != "P", int(one["goal"][1:])))


def page(text: str) -> str:
    """The page with a fresh table between its marks."""
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(kept())}\n{END}{after}"


def main() -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stderr.write(f"{PAGE.relative_to(ROOT)} holds {len(kept())} results\n")


if __name__ == "__main__":
    main()
