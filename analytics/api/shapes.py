"""Numbers as JSON: durations in whole seconds, shares in per cent with two places."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from analytics.intervals import Proportion
from analytics.periods import DAY, Period
from analytics.quality import PersonQuality, Quality, QualityReport
from analytics.returns import OTHERS, Bar, Returns

Json = dict[str, Any]


def of_period(asked: Period, at: datetime) -> Json:
    return {
        "kind": asked.kind.value,
        "from": asked.first,
        "to": asked.last,
        "start": asked.start,
        "end": asked.end,
        "partial": asked.is_partial(at),
    }


def of_compared(before: Period) -> Json:
    """The period before, without the instant of its cut: it would be another every second."""
    return {
        "kind": before.kind.value,
        "from": before.first,
        "to": before.last,
        "cut": before.cut is not None,
    }


def of_buckets(asked: Period, at: datetime) -> list[Json]:
    """The spans of a series; the running one is partial."""
    return [
        {
            "from": first,
            "to": after - DAY,
            "partial": Period(asked.kind, first, after).is_partial(at),
        }
        for first, after in asked.buckets()
    ]


def percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


def seconds(length: timedelta | None) -> int | None:
    return None if length is None else round(length.total_seconds())


def of_share(found: Proportion) -> Json:
    ends = found.interval
    return {
        "part": found.part,
        "whole": found.whole,
        "percent": percent(found.share),
        "interval": ends and {"low": percent(ends[0]), "high": percent(ends[1])},
        "enough": found.enough,
    }


def of_cell(cell: Quality) -> Json:
    return {
        "works": cell.works,
        "own_reworks": cell.own_reworks,
        "checked": cell.checked,
        "waiting": cell.waiting,
        "returned": cell.returned,
        "returns": cell.returns,
        "quality": of_share(cell.good),
    }


def of_cells(cells: Mapping[int, Quality], report: QualityReport) -> list[Json]:
    """In the order of the report's types."""
    return [
        {"type_id": key, "name": name, **of_cell(cells[key])}
        for key, name in report.types.items()
        if key in cells
    ]


def of_person(one: PersonQuality, report: QualityReport) -> Json:
    return {
        "employee_id": one.employee_id,
        "name": one.name,
        "as_assembler": one.as_assembler,
        "from_customer": one.from_customer,
        "total": of_cell(one.total),
        "by_type": of_cells(one.by_type, report),
    }


def of_counts(found: Returns) -> Json:
    return {"cases": found.cases, "receipts": found.receipts, "columns": vars(found.columns)}


def of_bars(bars: list[Bar], *, ids: bool) -> list[Json]:
    """``ids``: their keys are ids of rows, else texts."""
    return [
        {
            "id": int(bar.key) if ids and bar.key not in ("", OTHERS) else None,
            "name": bar.label,
            "others": bar.key == OTHERS,
            "count": bar.count,
            "cumulative": percent(bar.cumulative),
        }
        for bar in bars
    ]
