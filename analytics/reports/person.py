"""The quality card of a person as a file: his chart, what it says, the numbers of a period."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from analytics.quality import QualityReport
from analytics.reports import tables
from analytics.reports.layout import document
from analytics.reports.question import Question
from analytics.trend import Point, Trend
from analytics.trend_chart import trend_drawing
from analytics.trend_words import told, verdict, when
from workshop.lib.documents import Document, Facts, Table


def person_document(shown: Trend, report: QualityReport, asked: Question) -> Document:
    """``report`` is that of the person alone."""
    mine = report.people[0] if report.people else None
    rows = list(tables.person_rows(mine, report.types)) if mine else []
    facts = [(_("What it says"), verdict(shown))]
    facts += [(when(point, shown.step), told(one)) for point, one in shown.signals]
    if mine and mine.as_assembler:
        facts.append((_("Whole watch: returns as assembler"), str(mine.as_assembler)))
    return document(
        _("Quality: %(name)s") % {"name": shown.name},
        asked,
        Facts(_("Quality in time"), facts),
        trend_drawing(shown),
        Table(
            _("Numbers of the period"),
            tables.quality_header(),
            rows,
            tables.QUALITY_WIDTHS,
            empty=_("No data: no works in this period."),
        ),
        _points(shown),
    )


def _points(shown: Trend) -> Table:
    header = [
        _("Week") if shown.step == "week" else _("Month"),
        _("Works"),
        _("Checked"),
        _("Came back"),
        _("Quality, %"),
        _("Limit"),
        _("What it says"),
    ]
    rows = [_point(one, shown) for one in reversed(shown.points)]
    return Table(_("Points of the chart"), header, rows, (34, 16, 20, 20, 22, 18, 52))


def _point(one: Point, shown: Trend) -> list[Any]:
    share = one.returned.share
    few = one.returned.whole and not one.returned.enough
    remarks = [
        *(told(signal) for signal in one.signals),
        *([_("not final")] if not one.final else []),
        *([_("too few to judge (%(n)s)") % {"n": one.returned.whole}] if few else []),
    ]
    return [
        when(one, shown.step),
        one.works,
        one.returned.whole,
        one.returned.part,
        tables.percent(None if share is None else 1 - share),
        tables.percent(1 - one.limits[1]) if one.limits else "",
        "; ".join(remarks),
    ]
