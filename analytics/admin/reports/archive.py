"""The archive of reports: what was made, its files, and who got it when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from analytics.admin.reports.schedules import MANAGERS, ReadersAdmin
from analytics.models import Form, Report, ReportFile, ReportMail
from analytics.periods import LABELS, Kind
from analytics.reports import mailing
from analytics.reports.files import FORMS
from analytics.services import reports as services
from analytics.services.report_sending import recipients_of
from history.commands import Outcome
from staff.office.forms import DayField, OfficeVerb
from staff.office.registry import office_verb, page_section
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import columns

REPORT: Final = "analytics.Report"
NEWEST: Final = 100
"""E-mails on the page of a report."""

WORDS: Final = {
    mailing.NO_ACCESS: _("the person may not read reports any more"),
    mailing.NOT_CONFIGURED: _("mail is not configured"),
    mailing.NO_FILES: _("the files are gone"),
    "ConnectionRefusedError": _("the mail server does not answer"),
    "TimeoutError": _("the mail server does not answer"),
    "gaierror": _("the mail server is not found"),
    "SMTPServerDisconnected": _("the mail server broke off"),
}


class AskReport(OfficeVerb):
    """A report of any period, for the archive."""

    slug = "add"
    label = _("New report")
    button = _("Make the report")
    roles = MANAGERS
    field_names: Mapping[str, str] = {"period": "kind", "from": "first", "to": "last"}  # type: ignore[misc]
    kind = forms.ChoiceField(
        label=_("Period"),
        choices=[(kind.value, label) for kind, label in LABELS.items()],
        initial=Kind.PREVIOUS_MONTH.value,
    )
    first = DayField(label=_("From"), required=False, help_text=_("for “from – to” only"))
    last = DayField(label=_("To"), required=False)
    form = forms.ChoiceField(label=_("Format"), choices=Form.choices, initial=Form.XLSX.value)

    def intro(self) -> list[str]:
        return [_now("It is made in the background and stands in the list in a moment.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        days = {"first": data["first"], "last": data["last"]}
        return services.ask_report(kind=data["kind"], form=data["form"], **days, **common)


@office_verb(REPORT)
class SendAgain(OfficeVerb):
    slug = "send"
    label = _("Send again")
    roles = MANAGERS

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        ready = target.state == Report.State.READY and target.forgotten_at is None
        return cls.permitted(target, actor) and ready and target.schedule_id is not None

    def intro(self) -> list[str]:
        people = ", ".join(str(one.employee) for one in recipients_of(self.target))
        return [_now("The same files go to: %(people)s") % {"people": people or "—"}]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.send_again(report_id=self.target.pk, **common)


@office_verb(REPORT)
class TryAgain(OfficeVerb):
    slug = "again"
    label = _("Make it after all")
    roles = MANAGERS

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.state == Report.State.FAILED

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.try_again(report_id=self.target.pk, **common)


@admin.register(Report)
class ReportAdmin(ReadersAdmin):
    add_verb = AskReport
    page_template = "office/reports/report.html"
    list_display = ("days_column", "kind_column", "form", "state", "made_at", "who_column")
    list_filter = (("state", ChoicesDropdownFilter),)
    sortable_by = ()
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("schedule")

    @columns(label=_("Period"))
    def days_column(self, row: Report) -> str:
        return row.days

    @columns(label=_("Report"))
    def kind_column(self, row: Report) -> str:
        return kind_of(row)

    @columns(label=_("Who"))
    def who_column(self, row: Report) -> str:
        return asker_of(row)

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view(self.file_view)
        own = path("<int:object_id>/file/<int:file_id>/", guarded, name="analytics_report_file")
        return [own, *super().get_urls()]

    def file_view(self, request: HttpRequest, object_id: int, file_id: int) -> FileResponse:
        """One file, for whoever may read reports."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = ReportFile.objects.filter(pk=file_id, report=object_id).exclude(file="").first()
        if row is None:
            raise Http404
        try:
            content = row.file.open("rb")
        except FileNotFoundError as error:
            raise Http404 from error
        told = FileResponse(
            content, as_attachment=True, filename=row.name, content_type=FORMS[row.form]
        )
        told["Cache-Control"] = "private, no-store"
        return told

    def page_context(self, request: HttpRequest, target: Any) -> Mapping[str, Any]:
        waits = target.state in {Report.State.WAITING, Report.State.MAKING}
        files = target.files.exclude(file="").order_by("language", "form")
        return {"files": files, "waits": waits}


def kind_of(row: Report) -> str:
    if row.schedule is not None:
        return str(row.schedule.get_every_display())
    return str(LABELS[Kind(row.kind)])


def asker_of(row: Report) -> str:
    return _now("by itself") if row.schedule_id else row.asked_label


@page_section(REPORT, "office/object/facts.html", order=10)
def report(target: Report, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    facts = [
        (_now("Period"), target.days),
        (_now("Report"), kind_of(target)),
        (_now("State"), target.get_state_display()),
        (_now("Made at"), target.made_at),
        (_now("Who"), asker_of(target)),
        (_now("Error"), target.error),
        (_now("Tried again at"), target.due_at if target.error and _waits(target) else None),
        (_now("Files removed at"), target.forgotten_at),
    ]
    found = [(label, value) for label, value in facts if value not in (None, "")]
    return {"title": _now("Report"), "facts": found}


def _waits(target: Report) -> bool:
    return target.state == Report.State.WAITING


@page_section(REPORT, "office/reports/mails.html", order=30)
def mails(target: Report, actor: Actor, request: HttpRequest) -> Mapping[str, Any] | None:
    """Who got it by e-mail, the newest first; the bot adds its own part."""
    rows = target.mails.select_related("employee").order_by("-pk")[:NEWEST]
    told = [(row, why(row)) for row in rows]
    return {"title": _now("By e-mail"), "rows": told} if told else None


def why(row: ReportMail) -> str:
    """What went wrong, in words; else when it left."""
    if row.state == ReportMail.State.SENT:
        return clock.show(row.sent_at)
    return str(WORDS.get(row.error, row.error))
