"""The alerts: what is on, why, who has answered, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from analytics.admin.alerts.pages import KEEPERS, READERS, TONES, AlertsAdmin, chip, told
from analytics.models import Alert
from analytics.monitoring.alert_words import amount, cause, link, title, unit_of
from analytics.services import alert_answers as services
from history.commands import Outcome
from staff.office.forms import OfficeVerb, comment
from staff.office.registry import office_verb, page_section
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import DayRangeFilter, columns

ALERT: Final = "analytics.Alert"
SNOOZES: Final = (
    (60, _("an hour")),
    (4 * 60, _("four hours")),
    (24 * 60, _("a day")),
    (7 * 24 * 60, _("a week")),
)


class AnswerVerb(OfficeVerb):
    roles = READERS

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.is_open

    def intro(self) -> list[str]:
        return [cause(self.target, newest=True)]


@office_verb(ALERT)
class Acknowledge(AnswerVerb):
    slug = "acknowledge"
    label = _("✅ Acknowledge")

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return super().possible(target, actor) and target.acknowledged_at is None

    def intro(self) -> list[str]:
        return [*super().intro(), _now("It is told neither again nor higher up.")]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.acknowledge_alert(alert_id=self.target.pk, **common)


@office_verb(ALERT)
class Snooze(AnswerVerb):
    slug = "snooze"
    label = _("⏰ Put off")
    minutes = forms.TypedChoiceField(label=_("For"), choices=SNOOZES, coerce=int)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.snooze_alert(alert_id=self.target.pk, minutes=data["minutes"], **common)


@office_verb(ALERT)
class Close(AnswerVerb):
    slug = "close"
    label = _("Close by hand")
    roles = KEEPERS
    danger = True
    comment = comment()

    def intro(self) -> list[str]:
        return [
            *super().intro(),
            _now("If the number stays as it is, the alert fires anew."),
        ]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.resolve_alert(
            alert_id=self.target.pk, comment=data.get("comment") or "", **common
        )


class OpenFilter(admin.SimpleListFilter):
    title = _("State")
    parameter_name = "on"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("on")), ("0", _("over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"0", "1"}:
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() == "1")


@admin.register(Alert)
class AlertAdmin(AlertsAdmin):
    page_template = "office/object.html"
    list_display = ("rule_column", "cause_column", "state_column", "fired_at", "answer_column")
    list_display_links = ("rule_column",)
    list_filter = (
        OpenFilter,
        ("severity", ChoicesDropdownFilter),
        ("fired_at", DayRangeFilter),
    )
    list_select_related = ("rule",)
    empty_text = _("No alert has fired so far. They fire by the alert rules.")
    sortable_by = ()
    ordering = ("-id",)

    @columns(label=_("Alert"))
    def rule_column(self, row: Alert) -> str:
        return row.rule.title

    @columns(label=_("Cause"))
    def cause_column(self, row: Alert) -> str:
        return cause(row, newest=row.is_open)

    @columns(label=_("State"))
    def state_column(self, row: Alert) -> SafeString:
        return chip(state(row), tone(row))

    @columns(label=_("Answer"))
    def answer_column(self, row: Alert) -> str:
        return row.acknowledged_by or row.resolved_by or "–"


def tone(row: Alert) -> str:
    return TONES[row.severity] if row.is_open else "success"


def state(row: Alert) -> str:
    if not row.is_open:
        return _now("over")
    if row.acknowledged_at is not None:
        return _now("acknowledged")
    if row.snoozed_until is not None and row.snoozed_until > clock.now():
        return _now("put off until %(until)s") % {"until": clock.show(row.snoozed_until)}
    return str(row.get_severity_display()).lower()


@dataclass(frozen=True)
class Shown:
    """An alert as a line of a list."""

    name: str
    cause: str
    state: str
    tone: str
    since: str
    url: str


def shown(row: Alert) -> Shown:
    return Shown(
        row.rule.title,
        cause(row, newest=row.is_open),
        state(row),
        tone(row),
        clock.show(row.fired_at),
        reverse("admin:analytics_alert_change", args=[row.pk]),
    )


@page_section(ALERT, "office/object/facts.html", order=10)
def alert(target: Alert, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    unit = unit_of(target.key)
    facts: list[tuple[str, Any]] = [
        (_now("State"), chip(state(target), tone(target))),
        (_now("Number that is judged"), title(target.key)),
        (_now("Value when it fired"), amount(target.value, unit)),
        (
            _now("Value now") if target.is_open else _now("Last value"),
            amount(target.last_value, unit),
        ),
        (_now("Threshold"), f"{target.get_comparison_display()} {amount(target.threshold, unit)}"),
        (_now("Fired at"), clock.show(target.fired_at)),
        (_now("Last told at"), clock.show(target.told_at)),
        (_now("Messages"), target.times_told or ""),
        (_now("Told higher up at"), clock.show(target.escalated_at)),
        (_now("Acknowledged"), _who(target.acknowledged_by, target.acknowledged_at)),
        (_now("Put off until"), _who(target.snoozed_by, target.snoozed_until)),
        (_now("Over since"), clock.show(target.resolved_at)),
        (_now("How it ended"), target.get_why_display()),
        (_now("Closed by"), target.resolved_by),
    ]
    return {"title": str(target.rule), "facts": [one for one in facts if one[1]]}


def _who(name: str, moment: Any) -> str:
    return f"{clock.show(moment)}, {name}" if moment else ""


@page_section(ALERT, "office/monitoring/alert_links.html", order=20)
def links(target: Alert, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return {
        "title": _now("Where to look"),
        "number": link(target.key),
        "name": title(target.key),
        "rule": reverse("admin:analytics_alertrule_change", args=[target.rule_id]),
    }


@page_section(ALERT, "office/object/facts.html", order=30)
def course(target: Alert, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return {"title": _now("What happened"), "facts": told(target.stream)}
