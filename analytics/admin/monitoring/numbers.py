"""The panels of numbers with their course beside them, and the charts of one metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from analytics.monitoring import alert_words, catalogue, reading
from analytics.monitoring.catalogue import Metric
from analytics.monitoring.charts import Chart, chart, spark
from analytics.monitoring.layout import Panel, Shown, layout, shown
from analytics.monitoring.reading import MOST_SERIES, Bucket, Point
from analytics.monitoring.status import Status


@dataclass(frozen=True)
class Span:
    """How far back a page looks, and how finely."""

    code: str
    label: Promise
    length: timedelta
    bucket: Bucket


DAY: Final = timedelta(days=1)
SPANS: Final = (
    Span("day", lazy("a day"), DAY, Bucket.RAW),
    Span("week", lazy("a week"), 7 * DAY, Bucket.HOUR),
    Span("month", lazy("a month"), 30 * DAY, Bucket.DAY),
)


def span_of(asked: str) -> Span:
    """The span that was asked for; a day when there is no such one."""
    return next((one for one in SPANS if one.code == asked), SPANS[0])


@dataclass(frozen=True)
class Row:
    """A metric on its panel: one number, or with labels several; ``tone`` says who is a cause."""

    metric: Metric
    numbers: list[tuple[Shown, str]]
    spark: Chart | None


def panels(found: Status, span: Span) -> list[tuple[Panel, list[Row]]]:
    """All numbers of the data set of ``found``, each with its course over ``span``."""
    numbers = found.data.numbers if found.data else {}
    tones = {one.key: one.tone for one in reversed(found.causes)}
    laid = layout()
    drawn = [one.code for panel in laid for one in panel.metrics if one.series and not one.labelled]
    courses = _courses(drawn, span, found.at)
    return [
        (
            panel,
            [
                Row(
                    one,
                    [(row, tones.get(row.key, "plain")) for row in shown(one, numbers)],
                    spark(courses.get(one.code, ())),
                )
                for one in panel.metrics
            ],
        )
        for panel in laid
    ]


def _courses(codes: Sequence[str], span: Span, at: datetime) -> Mapping[str, list[Point]]:
    found: dict[str, list[Point]] = {}
    for first in range(0, len(codes), MOST_SERIES):
        found |= _series(codes[first : first + MOST_SERIES], span, at)
    return found


def _series(codes: Sequence[str], span: Span, at: datetime) -> dict[str, list[Point]]:
    return reading.series(codes, start=at - span.length, end=at, bucket=span.bucket, at=at)


def charts(metric: Metric, span: Span, at: datetime) -> list[tuple[str, str, Chart | None]]:
    """Title, list behind it and chart of each number of the metric; None: nothing was measured.

    Of labels that were never measured in the span there is no chart, unless none was.
    """
    found = _series([metric.code], span, at)

    def words(value: float) -> str:
        return alert_words.amount(Decimal(str(value)), metric.unit)

    drawn = [
        (
            alert_words.title(key),
            alert_words.link(key),
            chart(points, span.bucket, at=at, words=words),
        )
        for key, points in found.items()
    ]
    known = [one for one in drawn if one[2] is not None]
    return known or drawn[:1]


def metric_of(code: str) -> Metric | None:
    try:
        return catalogue.metric(code)
    except LookupError:
        return None
