"""Scheduled reports by Telegram, and word to the managers of one that was not made or not sent.

The files were made before; here they are read again when the message leaves, in the language of
the recipient, and only for whoever may read them at that moment.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from analytics.models import Form, Report, ReportFile
from analytics.policies import may_receive_reports
from analytics.reports import telling
from analytics.reports.events import MailFailed, ReportFailed, ReportReady, ReportSentAgain
from botapp.dialogs import b, fmt, lines
from botapp.notice_texts import employee_of, reachable
from botapp.notices import Addressed, Notice, on_event, template
from botapp.transport.port import File
from history.models import Event
from history.registry import load
from staff import roles, selectors
from staff.models import Employee
from staff.notice_kinds import NoticeKind

PREFIX: Final = "report_"

logger = logging.getLogger(__name__)


@on_event(ReportReady.kind, ReportSentAgain.kind)
def to_the_recipients(event: Event) -> Iterator[Addressed]:
    """One message for each file. Who has no account stands in the queue with that reason."""
    params = {"report_id": event.payload["report_id"]}
    for reference in event.payload["telegram"]:
        person = employee_of(reference)
        if person is None:
            continue
        for form in Form(event.payload["form"]).files:
            yield Addressed(person, PREFIX + form, params)


@template("report_xlsx", kind=NoticeKind.REPORT)
def as_spreadsheet(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    return _with_file(params, employee, "xlsx")


@template("report_pdf", kind=NoticeKind.REPORT)
def as_paper(params: Mapping[str, Any], employee: Employee | None) -> Notice | None:
    return _with_file(params, employee, "pdf")


def _with_file(params: Mapping[str, Any], employee: Employee | None, form: str) -> Notice | None:
    """None for whoever may not read it any more, and when its files were removed as too old."""
    if employee is None or not may_receive_reports(employee):
        return None
    report = Report.objects.get(pk=params["report_id"])
    rows = list(ReportFile.objects.filter(report=report, form=form).exclude(file=""))
    rows.sort(key=lambda row: row.language != employee.language)
    if not rows:
        return None
    with rows[0].file.open("rb") as content:
        document = File(rows[0].name, content.read())
    first, *rest = telling.lines(report)
    return Notice(lines(fmt("📊 %(title)s", title=b(first)), *rest), document=document)


@on_event(ReportFailed.kind, MailFailed.kind)
def of_a_report_that_failed(event: Event) -> Iterator[Addressed]:
    for person in reachable(selectors.active_with_role(roles.MANAGER), event):
        yield Addressed(person, "report_failed", {"event_id": event.pk})


@template("report_failed", kind=NoticeKind.ALERT)
def report_failed(params: Mapping[str, Any], employee: Employee | None) -> Notice:
    event = Event.objects.get(pk=params["event_id"])
    advice = _("In the office under “Reports” it can be made or sent again.")
    return Notice(lines(fmt("⚠ %(what)s", what=load(event).words()), advice))
