"""Monitoring as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from analytics.models import Snapshot
from analytics.monitoring import alert_words, catalogue
from analytics.monitoring.catalogue import Metric
from analytics.monitoring.charts import bucket_end
from analytics.monitoring.estimates import Estimate
from analytics.monitoring.layout import glance, layout
from analytics.monitoring.reading import Bucket, Point
from analytics.monitoring.risk import Risk, RiskFocus
from analytics.monitoring.risk_words import reasons
from analytics.monitoring.status import Cause, Status
from analytics.monitoring.trying import Said, sentence

Json = dict[str, Any]


def seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())


def of_metric(one: Metric) -> Json:
    return {
        "code": one.code,
        "category": one.category.value,
        "label": str(one.label),
        "about": str(one.about),
        "unit": one.unit.value,
        "better": one.better.value,
        "alert": one.alert,
        "series": one.series,
        "status": one.status,
        "labelled": one.labelled,
        "minutely": one.minutely,
        "labels": dict(one.label_names()) if one.labelled else {},
    }


def of_metrics() -> list[Json]:
    return [of_metric(one) for one in catalogue.metrics().values()]


def of_layout() -> Json:
    return {
        "glance": [one.code for one in glance()],
        "panels": [
            {
                "code": panel.code,
                "title": panel.title,
                "metrics": [one.code for one in panel.metrics],
            }
            for panel in layout()
        ],
    }


def of_snapshot(row: Snapshot) -> Json:
    return {
        "id": row.pk,
        "slot": row.slot,
        "taken_at": row.taken_at,
        "duration_ms": row.duration_ms,
        "schema": row.schema,
        "build": row.build,
        "numbers": row.numbers,
        "failed": row.failed,
    }


def of_latest(found: Status) -> Json:
    """The data set of a status."""
    return {
        "snapshot": of_snapshot(found.data) if found.data else None,
        "age_seconds": seconds(found.age),
        "stale": found.stale,
    }


def of_status(found: Status) -> Json:
    return {
        "state": found.state.value,
        "has_data": found.has_data,
        "taken_at": found.data.taken_at if found.data else None,
        "age_seconds": seconds(found.age),
        "stale": found.stale,
        "failed": found.failed,
        "causes": [_of_cause(one) for one in found.causes],
    }


def _of_cause(one: Cause) -> Json:
    return {
        "rule_id": one.rule_id,
        "rule": one.rule,
        "severity": one.severity,
        "key": one.key,
        "value": f"{one.value.normalize():f}",
        "threshold": f"{one.threshold.normalize():f}",
        "comparison": one.comparison,
        "alert_in_seconds": seconds(one.alert_in),
        "words": one.words,
        "link": one.link,
    }


def of_tried(rule_id: int, said: Sequence[Said], at: datetime) -> Json:
    return {
        "rule_id": rule_id,
        "at": at,
        "beyond": any(one.beyond for one in said),
        "results": [_of_said(one) for one in said],
    }


def _of_said(one: Said) -> Json:
    return {
        "key": one.key,
        "value": None if one.value is None else f"{one.value.normalize():f}",
        "beyond": one.beyond,
        "words": sentence(one),
        "link": alert_words.link(one.key),
    }


def of_series(key: str, points: Sequence[Point], bucket: Bucket, at: datetime) -> Json:
    metric, _label = catalogue.parted(key)
    return {
        "key": key,
        "metric": metric.code,
        "title": alert_words.title(key),
        "unit": metric.unit.value,
        "points": [
            {
                "start": one.start,
                "min": one.lowest,
                "max": one.highest,
                "avg": one.average,
                "last": one.last,
                "count": one.count,
                "partial": bucket_end(bucket, one.start) > at,
            }
            for one in points
        ],
    }


def of_risks(found: RiskFocus) -> Json:
    return {
        "at": found.at,
        "total": found.total,
        "levels": found.levels,
        "counts": found.counts,
        "capped": found.capped,
        "results": [_of_risk(row, found.at) for row in found.rows],
    }


def _of_risk(row: Risk, at: datetime) -> Json:
    receipt = row.receipt
    return {
        "receipt_id": receipt.pk,
        "number": receipt.number,
        "status": receipt.status,
        "status_since": receipt.status_since,
        "deadline": receipt.deadline,
        "urgent": receipt.urgent,
        "master_id": receipt.master_id,
        "level": row.level.value,
        "kind": row.kind.value,
        "reasons": reasons(row, at),
        "estimate": _of_estimate(row.estimate),
        "link": reverse("admin:receipts_receipt_change", args=[receipt.pk]),
    }


def _of_estimate(one: Estimate | None) -> Json | None:
    if one is None:
        return None
    return {
        "left_seconds": seconds(one.left),
        "typical_seconds": seconds(one.typical),
        "cases": one.cases,
    }
