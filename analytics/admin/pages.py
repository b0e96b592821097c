"""Pages of numbers: quality of people, and returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from analytics import charts
from analytics.admin import frame
from analytics.admin.asked import Asked, read
from analytics.admin.narrowing import WORKS
from analytics.intervals import ENOUGH, Proportion
from analytics.output import output
from analytics.periods import DAY, Period, previous
from analytics.quality import NONE, PersonQuality, Quality, QualityReport, quality
from analytics.responsible import responsible
from analytics.returns import OTHERS, Bar, Returns, returns


@dataclass(frozen=True)
class Cell:
    """One number with its interval as a strip of 100 units, and where its works are listed."""

    quality: Quality
    link: str

    @property
    def enough(self) -> bool:
        return self.quality.good.enough

    @property
    def percent(self) -> float | None:
        share = self.quality.good.share
        return None if share is None else 100 * share

    @property
    def strip(self) -> tuple[float, float, float] | None:
        """From, width and middle of the interval, in per cent."""
        interval, percent = self.quality.good.interval, self.percent
        if interval is None or percent is None:
            return None
        low, high = interval
        return round(100 * low, 1), round(100 * (high - low), 1), round(percent, 1)


@dataclass(frozen=True)
class Row:
    key: int
    name: str
    cells: list[Cell]
    total: Cell
    as_assembler: int
    from_customer: int


def quality_page(request: HttpRequest) -> HttpResponse:
    """People in alphabetical order; a funnel plot instead of a league table."""
    if refused := frame.refused(request):
        return refused
    asked = read(request, WORKS)
    report = quality(asked.period, at=asked.at, filters=asked.filters)
    before = previous(asked.period, at=asked.at)
    total = report.total
    context = {
        "asked": asked,
        "report": report,
        "rows": [_row(one, report, asked) for one in report.people],
        "totals": [Cell(cell, asked.query(type=str(key))) for key, cell in report.by_type.items()],
        "total": Cell(total, asked.query()),
        "before": Cell(quality(before, at=asked.at, filters=asked.filters).total, "")
        if before
        else None,
        "funnel": charts.funnel(
            [(one.employee_id, one.name, _bad(one.total)) for one in report.people], _bad(total)
        ),
        "box": (charts.WIDTH, charts.HEIGHT),
        "enough": ENOUGH,
    }
    return frame.page(request, "quality", _("Quality of the works"), context)


def _total(period: Period, asked: Asked) -> Quality:
    return quality(period, at=asked.at, filters=asked.filters).total


def _row(one: PersonQuality, report: QualityReport, asked: Asked) -> Row:
    person = str(one.employee_id)
    cells = [
        Cell(one.by_type.get(key, NONE), asked.query(person=person, type=str(key)))
        for key in report.types
    ]
    return Row(
        one.employee_id,
        one.name,
        cells,
        Cell(one.total, asked.query(person=person)),
        one.as_assembler,
        one.from_customer,
    )


def _bad(cell: Quality) -> Proportion:
    return Proportion(cell.returned, cell.checked)


ANSWERED: Final = ("hit", "without")
"""The lists behind what a person answers for, by the names of ``lists.ITEMS``."""


def returns_page(request: HttpRequest) -> HttpResponse:
    """Why watches came back, by the date of the return."""
    if refused := frame.refused(request):
        return refused
    asked = read(request, WORKS)
    found = returns(asked.period, at=asked.at, filters=asked.filters)
    before = previous(asked.period, at=asked.at)
    context = {
        "asked": asked,
        "found": found,
        "before": returns(before, at=asked.at, filters=asked.filters, watches=False)
        if before
        else None,
        "columns": charts.pareto(found.by_reason),
        "box": (charts.WIDTH, charts.HEIGHT),
        "groups": [
            (_("By reason"), _named(asked, "reason", found.by_reason)),
            (_("By operation type"), _named(asked, "type", found.by_type)),
            (_("By brand"), _named(asked, "brand", found.by_brand)),
            (_("By calibre"), _named(asked, "calibre", found.by_calibre)),
        ],
        "people": [
            (one, *(asked.query(person=str(one.employee_id), what=what) for what in ANSWERED))
            for one in responsible(asked.period, at=asked.at, filters=asked.filters)
        ],
    }
    return frame.page(request, "returns", _("Returns from QC"), context)


def _returns_of(period: Period, asked: Asked) -> Returns:
    return returns(period, at=asked.at, filters=asked.filters, watches=False)


def output_page(request: HttpRequest) -> HttpResponse:
    """Works by person and type; the one number in which people may be ranked."""
    if refused := frame.refused(request):
        return refused
    asked = read(request, WORKS)
    made = output(asked.period, at=asked.at, filters=asked.filters)
    before = previous(asked.period, at=asked.at)
    rows = [
        (
            made.people[person],
            total,
            asked.query(person=str(person)),
            [
                (
                    made.by_person[person].get(kind, 0),
                    asked.query(person=str(person), type=str(kind)),
                )
                for kind in made.types
            ],
        )
        for person, total in made.top(len(made.people))
    ]
    bars = [
        Bar("", f"{first:%d.%m.%Y} – {after - DAY:%d.%m.%Y}", number, 0.0)
        for first, after in asked.period.buckets()
        for number in [made.per_bucket[first]]
    ]
    context = {
        "asked": asked,
        "made": made,
        "rows": rows,
        "before": output(before, at=asked.at, filters=asked.filters).total if before else None,
        "columns": charts.pareto(bars) if made.total else [],
        "box": (charts.WIDTH, charts.HEIGHT),
    }
    return frame.page(request, "output", _("Output"), context)


def _named(asked: Asked, key: str, bars: list[Bar]) -> list[tuple[str, Bar, str]]:
    """Name, bar, and the question that lists its items; what is rare has no list of its own."""
    return [
        (_("others"), bar, "")
        if bar.key == OTHERS
        else (bar.label or _("not known"), bar, asked.query(**{key: bar.key}))
        for bar in bars
    ]
