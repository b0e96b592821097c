"""Row locks of the numbers: one writer of roll-ups at a time; schedules and reports."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from analytics.models import Report, ReportSchedule, RollupState
from workshop.lib.errors import NotFound


def rollups() -> RollupState | None:
    """The locked state of the roll-ups; None when nobody has begun them."""
    return RollupState.objects.select_for_update().filter(pk=RollupState.ONLY).first()


def report_schedule(schedule_id: int) -> ReportSchedule:
    """The locked schedule; NotFound ``reports.no_such_schedule``."""
    rows = ReportSchedule.objects.select_for_update(of=("self",))
    row: ReportSchedule | None = rows.filter(pk=schedule_id).first()
    if row is None:
        raise NotFound("reports.no_such_schedule", _("There is no such report schedule."))
    return row


def report(report_id: int) -> Report:
    """The locked report; NotFound ``reports.no_such_report``."""
    rows = Report.objects.select_for_update(of=("self",))
    row: Report | None = rows.filter(pk=report_id).first()
    if row is None:
        raise NotFound("reports.no_such_report", _("There is no such report."))
    return row
