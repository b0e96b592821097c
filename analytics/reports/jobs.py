"""Jobs of the reports: at their times they plan, the sweep makes and mails what waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from analytics.models import ReportSchedule
from analytics.reports import mailing, making
from analytics.services import report_cleanup, reports
from analytics.services.report_sending import TASK
from history.jobs import Turn, daily, every, job, monthly, weekly
from workshop.lib import clock

COUNTS = {"planned": _("reports planned"), "made": _("made"), "mailed": _("e-mails sent")}
LIMIT = timedelta(minutes=10)

Every = ReportSchedule.Every

JOBS: Final = {
    Every.DAILY: "analytics.daily_reports",
    Every.WEEKLY: "analytics.weekly_reports",
    Every.MONTHLY: "analytics.monthly_reports",
}


def run(turn: Turn, how_often: str) -> dict[str, int]:
    """Run again after a kill, what was planned is found and goes on."""
    planned = 0
    for pk in reports.due_schedules(how_often, turn.slot):
        reports.plan_report(
            schedule_id=pk, slot=turn.slot, actor=turn.actor, command=turn.key(pk), at=turn.at
        )
        planned += 1
    return {"planned": planned, **work_off()}


def work_off() -> dict[str, int]:
    now = clock.now()
    return {"made": making.make_waiting(at=now), "mailed": mailing.send_due(at=clock.now())}


@job(
    JOBS[Every.DAILY],
    _("Daily reports"),
    _("Makes the reports of the day that has closed and sends them to their recipients."),
    when=daily("08:00"),
    limit=LIMIT,
    counts=COUNTS,
)
def daily_reports(turn: Turn) -> dict[str, int]:
    return run(turn, Every.DAILY)


@job(
    JOBS[Every.WEEKLY],
    _("Weekly reports"),
    _("Makes the reports of the week that has closed; a week that was missed is made good for."),
    when=weekly("mon", "09:00"),
    limit=LIMIT,
    each=True,
    counts=COUNTS,
)
def weekly_reports(turn: Turn) -> dict[str, int]:
    return run(turn, Every.WEEKLY)


@job(
    JOBS[Every.MONTHLY],
    _("Monthly reports"),
    _("Makes the reports of the month that has closed; a missed month is made good for."),
    when=monthly(1, "10:00"),
    limit=LIMIT,
    each=True,
    counts=COUNTS,
)
def monthly_reports(turn: Turn) -> dict[str, int]:
    return run(turn, Every.MONTHLY)


@job(
    "analytics.sweep_reports",
    _("Make and send waiting reports"),
    _("Reports that were asked for, and those that could not be made or sent the last time."),
    when=every(minutes=1),
    limit=LIMIT,
    counts=COUNTS,
)
def sweep_reports(turn: Turn) -> dict[str, int]:
    return work_off()


@job(
    "analytics.forget_reports",
    _("Remove old files of reports"),
    _("Files of reports and the addresses they went to are kept for REPORTS_DAYS days."),
    when=daily("04:40"),
    limit=timedelta(minutes=5),
    counts={"count": _("reports")},
)
def forget_reports(turn: Turn) -> int:
    return report_cleanup.forget_files(at=turn.at)


@shared_task(name=TASK, soft_time_limit=600, time_limit=620)  # type: ignore[untyped-decorator]
def work_off_reports() -> dict[str, int]:
    """The nudge after a commit: somebody waits for a report."""
    return work_off()
