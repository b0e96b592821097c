"""A result as a table: `python -m benchmarks.load.table < result.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

HEAD = (
    "| who | what | requests | per second | mean, ms | p95, ms | p99, ms | 5xx and failures | 429 |"
)


def table(result: Mapping[str, Any]) -> str:
    """The routes of a run in Markdown, the slowest of each part first."""
    lines = [HEAD, "|---|---|---|---|---|---|---|---|---|"]
    for row in sorted(result["routes"], key=lambda row: (row["part"], -row["p95_ms"])):
        values = [row[name] for name in ("part", "name", "requests", "per_second")]
        values += [row[name] for name in ("mean_ms", "p95_ms", "p99_ms", "errors", "limited")]
        lines.append(f"| {' | '.join(str(value).replace('|', '/') for value in values)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table(json.load(sys.stdin))}\n")
