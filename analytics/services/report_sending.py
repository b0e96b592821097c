"""Handing a report out: to whom of its schedule, by e-mail as rows and by the event of the bot."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from analytics import policies
from analytics.models import Report, ReportMail, ReportRecipient
from analytics.reports.events import ReportReady
from history.jobs.sending import send

TASK: Final = "analytics.work_off_reports"


def wake() -> None:
    """Ask a worker to look; the sweep finds what was not heard."""
    send(TASK, expires=60)


def recipients_of(row: Report) -> list[ReportRecipient]:
    """Those of its schedule who may read it now."""
    if row.schedule_id is None:
        return []
    people = ReportRecipient.objects.filter(schedule=row.schedule_id).select_related("employee")
    ordered = people.order_by("employee__full_name", "employee")
    return [one for one in ordered if policies.may_receive_reports(one.employee)]


def hand_out(
    row: Report, people: list[ReportRecipient], at: datetime, kind: type[ReportReady]
) -> ReportReady:
    """One round of sending: the e-mails as rows, and the event that the bot tells of."""
    row.rounds += 1
    row.save(update_fields=["rounds"])
    ReportMail.objects.bulk_create(
        ReportMail(
            report=row,
            employee=one.employee,
            address=one.address,
            round=row.rounds,
            due_at=at,
            created_at=at,
        )
        for one in people
        if one.address
    )
    transaction.on_commit(wake, robust=True)
    return kind(
        report_id=row.pk,
        days=row.days,
        form=row.form,
        telegram=[_ref(one) for one in people if one.by_telegram],
        mail=[_ref(one) for one in people if one.address],
    )


def _ref(one: ReportRecipient) -> dict[str, Any]:
    return {"id": one.employee_id, "name": str(one.employee)}
