"""What came of a load test, and whether it was well: one JSON object."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

LIMITED = "429"
LOUD = {"error", "critical"}
MOST_TOLD = 5


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def route(
    part: str, name: str, times: Sequence[float], seconds: float, *, errors: int, limited: int = 0
) -> dict[str, Any]:
    return {
        "part": part,
        "name": name,
        "requests": len(times),
        "per_second": round(len(times) / seconds, 2),
        "mean_ms": round(statistics.fmean(times)),
        "p95_ms": round(percentile(times, 0.95)),
        "p99_ms": round(percentile(times, 0.99)),
        "errors": errors,
        "limited": limited,
    }


def of_locust(seen: Mapping[str, Any], seconds: float) -> list[dict[str, Any]]:
    """The routes of office and API. Other statuses than 2xx, 3xx and 429 are errors."""
    rows = []
    for name, row in seen.items():
        statuses = {int(status): number for status, number in row["statuses"].items()}
        errors = sum(
            number for status, number in statuses.items() if not 200 <= status < 400
        ) - statuses.get(int(LIMITED), 0)
        part = "API" if "/api/" in name else "office"
        limited = statuses.get(int(LIMITED), 0)
        rows.append(route(part, name, row["times"], seconds, errors=errors, limited=limited))
    return rows


def of_logs(paths: Iterable[Path], since: str = "") -> dict[str, Any]:
    """What the programs wrote since then (UTC, ISO): errors, and what they called slow."""
    errors: list[str] = []
    slow: Counter[str] = Counter()
    longest: Counter[str] = Counter()
    for path in paths:
        for line in path.read_text(errors="replace").splitlines():
            told = _json(line)
            if told is None:
                if line.startswith("Traceback"):
                    errors.append(f"{path.stem}: {line}")
                continue
            if str(told.get("timestamp", "")) < since:
                continue
            if told.get("level") in LOUD:
                errors.append(f"{path.stem}: {line[:600]}")
            if str(told.get("event", "")).startswith("slow "):
                name = str(told.get("query") or told.get("screen") or "")
                key = f"{told['event']}: {name}"
                slow[key] += 1
                longest[key] = max(longest[key], int(told.get("duration_ms", 0)))
    return {
        "errors": len(errors),
        "first_errors": errors[:MOST_TOLD],
        "slow": {key: {"times": n, "longest_ms": longest[key]} for key, n in slow.most_common(20)},
    }


def _json(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def faults(result: Mapping[str, Any]) -> list[str]:
    """Everything that must not be; empty when the run was well."""
    found = [
        f"{row['name']}: {row['errors']} errors, {row['limited']} refused"
        for row in result["routes"]
        if row["errors"] or row["limited"]
    ]
    if not result["routes"]:
        found.append("nobody asked anything")
    found += result["stumbled"]
    found += result["limiter"]["wrong"]
    if not any(window["refused"] for window in result["limiter"]["windows"]):
        found.append("the limit was never reached")
    found += result["bot"]["failures"]
    if not result["bot"]["acts"]:
        found.append("the bot answered nobody")
    if result["bot"]["refused_by_telegram"]:
        found.append(f"the bot was refused {result['bot']['refused_by_telegram']} times")
    if result["log"]["errors"]:
        found.append(f"{result['log']['errors']} errors in the logs")
    return found
