"""The selectors, asked the question of a file: one place that knows how they are called."""

from __future__ import annotations

from analytics.output import Output, output
from analytics.periods import Period
from analytics.quality import QualityReport, quality
from analytics.reports.question import Question
from analytics.responsible import Responsible, responsible
from analytics.returns import Returns, returns


def quality_of(asked: Question, period: Period | None = None) -> QualityReport:
    return quality(period or asked.period, at=asked.at, filters=asked.filters)


def returns_of(asked: Question, period: Period | None = None) -> Returns:
    return returns(period or asked.period, at=asked.at, filters=asked.filters)


def output_of(asked: Question, period: Period | None = None) -> Output:
    return output(period or asked.period, at=asked.at, filters=asked.filters)


def responsible_of(asked: Question) -> list[Responsible]:
    return responsible(asked.period, at=asked.at, filters=asked.filters)
