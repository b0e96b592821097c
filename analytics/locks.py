"""Row locks of the numbers: one writer of roll-ups and one judge of alerts at a time; schedules,
reports, rules and alerts."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from analytics.models import (
    Alert,
    AlertCheck,
    AlertRule,
    Report,
    ReportSchedule,
    RollupState,
    Snapshot,
)
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


def alert_check() -> AlertCheck:
    """The locked row that says how far the numbers have been judged; it is there already."""
    found: AlertCheck = AlertCheck.objects.select_for_update().get(pk=AlertCheck.ONLY)
    return found


def alert_rule(rule_id: int) -> AlertRule:
    """The locked rule; NotFound ``alerts.no_such_rule``."""
    row: AlertRule | None = AlertRule.objects.select_for_update().filter(pk=rule_id).first()
    if row is None:
        raise NotFound("alerts.no_such_rule", _("There is no such alert rule."))
    return row


def alert(alert_id: int) -> Alert:
    """The locked alert, with its rule; NotFound ``alerts.no_such_alert``."""
    rows = Alert.objects.select_for_update(of=("self",)).select_related("rule")
    row: Alert | None = rows.filter(pk=alert_id).first()
    if row is None:
        raise NotFound("alerts.no_such_alert", _("There is no such alert."))
    return row


def snapshots(start: datetime, end: datetime) -> list[Snapshot]:
    """The locked snapshots taken in [start, end), the oldest first."""
    rows = Snapshot.objects.select_for_update().filter(taken_at__gte=start, taken_at__lt=end)
    return list(rows.order_by("taken_at", "id"))
