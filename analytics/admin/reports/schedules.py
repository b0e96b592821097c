"""Schedules of reports: who gets which by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from analytics.models import Form, ReportSchedule
from analytics.policies import may_receive_reports
from analytics.reports.jobs import JOBS
from analytics.services import report_schedules as services
from analytics.services.report_schedules import RecipientInput
from history.commands import Outcome
from history.jobs import words as job_words
from history.jobs.rows import periodic_row, schedule_of
from staff import roles
from staff.models import Employee
from staff.office.forms import OfficeVerb
from staff.office.pages import OfficeAdmin, actor_of
from staff.office.registry import office_verb, page_section
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import columns

SCHEDULE: Final = "analytics.ReportSchedule"
READERS: Final = frozenset({roles.MANAGER, roles.OWNER})
MANAGERS: Final = frozenset({roles.MANAGER})

NO_MAIL: Final = _("Mail is not configured (EMAIL_URL): nothing can be sent by e-mail.")


class ScheduleFields(OfficeVerb):
    """Format and people; each with how he gets it."""

    roles = MANAGERS
    form = forms.ChoiceField(label=_("Format"), choices=Form.choices)

    def build(self) -> None:
        chosen = {one.employee_id: one for one in self._chosen()}
        rows = Employee.objects.active().with_role(*READERS).order_by("full_name", "pk")
        self.people = list(rows[: services.MOST_RECIPIENTS])
        layout: list[tuple[Any, tuple[str, ...]]] = [("", ("every", "form"))]
        for person in self.people:
            layout.append((person.full_name, self._offer(person, chosen.get(person.pk))))
        self.layout = tuple(layout)  # type: ignore[misc]
        if self.target is not None:
            self.fields["form"].initial = self.target.form

    def _chosen(self) -> list[RecipientInput]:
        return services.inputs_of(self.target) if self.target is not None else []

    def _offer(self, person: Employee, known: RecipientInput | None) -> tuple[str, ...]:
        telegram, address = f"telegram_{person.pk}", f"address_{person.pk}"
        label = _("By Telegram") if person.telegram_id else _("By Telegram (no account linked yet)")
        self.fields[telegram] = forms.BooleanField(
            label=label, required=False, initial=known is not None and known.by_telegram
        )
        if not settings.MAIL_CONFIGURED and not (known and known.address):
            return (telegram,)
        self.fields[address] = forms.CharField(
            label=_("By e-mail to the address"),
            required=False,
            initial=known.address if known else "",
            widget=forms.EmailInput,
        )
        return telegram, address

    def intro(self) -> list[str]:
        told = [_now("Reports name people: only managers and owners can get them.")]
        if not settings.MAIL_CONFIGURED:
            told.append(str(NO_MAIL))
        return told

    def recipients(self, data: Mapping[str, Any]) -> list[RecipientInput]:
        found = [
            RecipientInput(
                person.pk,
                bool(data.get(f"telegram_{person.pk}")),
                str(data.get(f"address_{person.pk}") or "").strip(),
            )
            for person in self.people
        ]
        return [one for one in found if one.by_telegram or one.address]


class AddSchedule(ScheduleFields):
    slug = "add"
    label = _("New report schedule")
    every = forms.ChoiceField(label=_("How often"), choices=ReportSchedule.Every.choices)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.add_schedule(
            every=data["every"], form=data["form"], recipients=self.recipients(data), **common
        )


@office_verb(SCHEDULE)
class ChangeSchedule(ScheduleFields):
    slug = "change"
    label = _("Change recipients and format")

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.change_schedule(
            schedule_id=self.target.pk,
            form=data["form"],
            recipients=self.recipients(data),
            **common,
        )


class _Switch(OfficeVerb):
    roles = MANAGERS
    to = True

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.active != cls.to


@office_verb(SCHEDULE)
class SwitchScheduleOff(_Switch):
    slug = "off"
    label = _("Switch off")
    to = False

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.switch_schedule(schedule_id=self.target.pk, active=False, **common)


@office_verb(SCHEDULE)
class SwitchScheduleOn(_Switch):
    slug = "on"
    label = _("Switch on")

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.switch_schedule(schedule_id=self.target.pk, active=True, **common)


class ReadersAdmin(OfficeAdmin):
    """Pages for managers and owners alone, whatever Django's permissions say."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed: bool = super().has_view_permission(request, obj)
        return allowed and actor_of(request).has(*READERS)


@admin.register(ReportSchedule)
class ScheduleAdmin(ReadersAdmin):
    add_verb = AddSchedule
    page_template = "office/object.html"
    list_display = (
        "name_column",
        "form",
        "recipients_column",
        "active",
        "last_column",
    )
    list_filter = ("active",)
    sortable_by = ()
    ordering = ("-active", "every", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).prefetch_related("recipients__employee")
        return rows.annotate(last=Max("reports__made_at"))

    @columns(label=_("Report"))
    def name_column(self, row: ReportSchedule) -> str:
        return str(row)

    @columns(label=_("Recipients"))
    def recipients_column(self, row: ReportSchedule) -> str:
        return ", ".join(str(one.employee) for one in row.recipients.all()) or "—"

    @columns(label=_("Last report"))
    def last_column(self, row: Any) -> str:
        return clock.show(row.last) or "—"


def when(row: ReportSchedule) -> str:
    """By the schedule of its job, which the office may have changed."""
    periodic = periodic_row(JOBS[ReportSchedule.Every(row.every)])
    found = schedule_of(periodic) if periodic and periodic.enabled else None
    return job_words.when(found) if found else _now("its job is switched off")


@page_section(SCHEDULE, "office/object/facts.html", order=10)
def schedule(target: ReportSchedule, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    facts = [
        (_now("Report"), target.get_every_display()),
        (_now("When"), when(target)),
        (_now("Format"), target.get_form_display()),
        (_now("State"), _now("in operation") if target.active else _now("off")),
    ]
    if not settings.MAIL_CONFIGURED:
        facts.append((_now("By e-mail"), str(NO_MAIL)))
    return {"title": _now("Report schedule"), "facts": facts}


@page_section(SCHEDULE, "office/reports/recipients.html", order=20)
def recipients(target: ReportSchedule, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    rows = target.recipients.select_related("employee").order_by("employee__full_name")
    people = [
        (
            one.employee,
            one.by_telegram,
            one.by_telegram and one.employee.telegram_id is None,
            one.address,
            may_receive_reports(one.employee),
        )
        for one in rows
    ]
    return {"title": _now("Recipients"), "people": people}
