"""The whole report: what it tells, asked once; on paper and in the spreadsheet it is equal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from analytics.facts import items_of_returns, operations
from analytics.output import Output
from analytics.polishing_load import PolishingLoad, polishing_load, rounds_back
from analytics.quality import Quality, QualityReport
from analytics.reports.asking import output_of, quality_of, responsible_of, returns_of
from analytics.reports.question import Question
from analytics.reports.tables import interval, percent
from analytics.responsible import Responsible
from analytics.returns import Returns
from analytics.workshop_now import WorkshopNow, here, workshop_now

MOST_ROWS: Final = 20_000
"""Of one list of the spreadsheet; what is left out is told below it."""


@dataclass(frozen=True)
class Content:
    asked: Question
    quality: QualityReport
    quality_before: Quality | None
    output: Output
    output_before: Output | None
    returns: Returns
    returns_before: Returns | None
    responsible: list[Responsible]
    polishing: PolishingLoad
    now: WorkshopNow


def content(asked: Question) -> Content:
    """A constant number of queries, whatever the period."""
    before = asked.before
    return Content(
        asked,
        quality_of(asked),
        quality_of(asked, before).total if before else None,
        output_of(asked),
        output_of(asked, before) if before else None,
        returns_of(asked),
        returns_of(asked, before) if before else None,
        responsible_of(asked),
        polishing_load(asked.period, at=asked.at, filters=asked.filters),
        workshop_now(at=asked.at, filters=asked.filters),
    )


def summary_rows(found: Content) -> list[tuple[str, Any, Any]]:
    """Name, value, value of the previous period; None: there is none."""
    total, before = found.quality.total, found.quality_before
    made, returned, now = found.output, found.returns, found.now
    old = found.returns_before
    return [
        (_("Works"), made.total, found.output_before and found.output_before.total),
        (_("Quality, %"), percent(total.good.share), before and percent(before.good.share)),
        (_("Interval (95 %), %"), interval(total.good), before and interval(before.good)),
        (_("Checked"), total.checked, before and before.checked),
        (_("Returned works"), total.returned, before and before.returned),
        (_("Waiting for QC"), total.waiting, before and before.waiting),
        (_("Own reworks"), total.own_reworks, before and before.own_reworks),
        (_("Returns"), returned.cases, old and old.cases),
        (_("Receipts with a return"), returned.receipts, old and old.receipts),
        (_("Reasons in all"), returned.columns.total, old and old.columns.total),
        (_("… hit a work"), returned.columns.hit_a_work, old and old.columns.hit_a_work),
        (
            _("… responsible without such a work"),
            returned.columns.without_a_work,
            old and old.columns.without_a_work,
        ),
        (_("… not our fault"), returned.columns.not_ours, old and old.columns.not_ours),
        (_("… undecided"), returned.columns.undecided, old and old.columns.undecided),
        (_("At the polishers now, parts sent"), found.polishing.total.open, None),
        (_("Taken back from polishing"), taken_back(found.polishing), None),
        (_("In the workshop now"), now.total, None),
        (_("… of them overdue"), now.overdue, None),
    ]


def taken_back(load: PolishingLoad) -> int:
    total = load.total
    return total.done.count + total.reworks.count + total.without_work


def figures(found: Content) -> dict[str, Any]:
    """What a message tells in its few lines, as JSON values; no names."""
    good = found.quality.total.good
    return {
        "works": found.output.total,
        "checked": good.whole,
        "quality": None if good.share is None else str(Decimal(f"{100 * good.share:.1f}")),
        "returns": found.returns.cases,
        "here": found.now.total,
        "overdue": found.now.overdue,
        "partial": found.asked.period.is_partial(found.asked.at),
        "final": found.quality.final,
    }


# --- the lists ------------------------------------------------------------------------------------


def returned_items(asked: Question) -> QuerySet[Any]:
    """Every reason of every return of the period, with the people recorded."""
    rows = items_of_returns(asked.period.start, asked.period.end)
    return rows.select_related(
        "return_case__receipt__watch", "return_case__assembler", "responsible", "operation__type"
    ).order_by("-return_case__returned_at", "-pk")


def items_by_person(asked: Question) -> QuerySet[Any]:
    rows = items_of_returns(asked.period.start, asked.period.end)
    return (
        rows.filter(responsible__isnull=False)
        .order_by("responsible__full_name", "responsible", "return_case__returned_at", "pk")
        .values_list(
            "responsible",
            "return_case__receipt__number",
            "return_case__returned_at",
            "reason_name",
            "affects_name",
            "operation__performed_at",
        )
    )


def works_by_person(asked: Question) -> QuerySet[Any]:
    rows: QuerySet[Any] = operations(asked.period.start, asked.period.end)
    return rows.order_by("employee__full_name", "employee", "performed_at", "pk").values_list(
        "employee",
        "receipt__number",
        "type__name",
        "performed_at",
        "own_rework",
        "checked",
        "hit",
    )


def polishing_rounds(asked: Question) -> QuerySet[Any]:
    """Rounds taken back in the period."""
    rows = rounds_back(asked.period, asked.filters)
    return rows.select_related("receipt", "polisher", "polished_by", "metal").order_by(
        "returned_at", "pk"
    )


def active_receipts(asked: Question) -> QuerySet[Any]:
    """What is in the workshop now, the nearest deadline first, those without one last."""
    rows = here(asked.at, asked.filters).select_related("watch", "master")
    return rows.order_by(F("deadline").asc(nulls_last=True), "pk")
