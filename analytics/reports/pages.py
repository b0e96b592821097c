"""What each page of numbers is on paper and in a spreadsheet, by the name of the page.

A page of numbers that is entered in :data:`PAGES` has buttons for its files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.utils.translation import gettext as _

from analytics import charts
from analytics.intervals import Proportion
from analytics.output import Output
from analytics.quality import Quality, QualityReport
from analytics.reports import tables
from analytics.reports.asking import output_of, quality_of, responsible_of, returns_of
from analytics.reports.drawings import bars_drawing, funnel_drawing, pareto_drawing
from analytics.reports.layout import document
from analytics.reports.loads import (
    accountability_document,
    masters_document,
    now_document,
    polishing_document,
)
from analytics.reports.question import Question
from analytics.reports.watches import (
    deadlines_document,
    first_pass_document,
    flow_document,
    lead_time_document,
)
from analytics.returns import Bar, Returns
from workshop.lib.documents import Document, Facts
from workshop.lib.drawing import Drawing

Builder = Callable[[Question], Document]


def quality_document(asked: Question) -> Document:
    report = quality_of(asked)
    before = quality_of(asked, asked.before).total if asked.before else None
    return document(
        _("Quality of the works"),
        asked,
        quality_facts(report.total, before),
        funnel_of(report),
        tables.quality_table(report),
        tables.assembler_table(report),
    )


def quality_facts(total: Quality, before: Quality | None) -> Facts:
    """The whole workshop in a few lines."""
    rows = [
        (_("Quality, %"), tables.percent(total.good.share)),
        (_("Interval (95 %), %"), tables.interval(total.good)),
        (_("Works"), total.works),
        (_("Checked"), total.checked),
        (_("Returned works"), total.returned),
        (_("Waiting for QC"), total.waiting),
        (_("Own reworks"), total.own_reworks),
    ]
    if before is not None:
        label = _("Quality in the previous period, %")
        rows.append((label, tables.percent(before.good.share)))
    return Facts(_("Workshop"), rows)


def funnel_of(report: QualityReport) -> Drawing | None:
    """The page's own funnel; None when there is nothing to compare."""
    found = charts.funnel(
        [(one.employee_id, one.name, _bad(one.total)) for one in report.people],
        _bad(report.total),
    )
    return funnel_drawing(found) if found else None


def _bad(cell: Quality) -> Proportion:
    return Proportion(cell.returned, cell.checked)


def returns_document(asked: Question) -> Document:
    found = returns_of(asked)
    before = returns_of(asked, asked.before) if asked.before else None
    return document(
        _("Returns from QC"),
        asked,
        tables.returns_facts(found, before),
        reasons_drawing(found),
        *tables.pareto_tables(found),
        tables.responsible_table(responsible_of(asked)),
    )


def reasons_drawing(found: Returns) -> Drawing | None:
    columns = charts.pareto(found.by_reason)
    return pareto_drawing(_("Reasons, most frequent first"), columns) if columns else None


def output_document(asked: Question) -> Document:
    made = output_of(asked)
    before = output_of(asked, asked.before).total if asked.before else None
    facts = [(_("All works"), made.total), (_("Previous period"), before)]
    return document(
        _("Output"),
        asked,
        Facts(_("Workshop"), facts),
        works_drawing(made, asked),
        tables.output_table(made),
        tables.buckets_table(made),
    )


def works_drawing(made: Output, asked: Question) -> Drawing | None:
    if not made.total:
        return None
    bars = [
        Bar("", tables.days_of(first, after), made.per_bucket[first], 0.0)
        for first, after in asked.period.buckets()
    ]
    ends = f"{asked.period.first:%d.%m.%Y}", f"{asked.period.last:%d.%m.%Y}"
    return bars_drawing(_("Works in time"), charts.pareto(bars), ends)


PAGES: Final[Mapping[str, Builder]] = {
    "quality": quality_document,
    "returns": returns_document,
    "output": output_document,
    "workshop": now_document,
    "masters": masters_document,
    "polishing": polishing_document,
    "accountability": accountability_document,
    "first-pass": first_pass_document,
    "lead-time": lead_time_document,
    "deadlines": deadlines_document,
    "flow": flow_document,
}
