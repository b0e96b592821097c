"""The rules of alerts: what is judged, when it is too much, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from analytics.admin.alerts.pages import TONES, AlertsAdmin, chip, told
from analytics.admin.alerts.rule_verbs import RULE, AddRule
from analytics.models import AlertRule
from analytics.monitoring.alert_people import told_by
from analytics.monitoring.alert_words import amount, condition, link, unit_of
from analytics.monitoring.default_rules import shown_names
from analytics.monitoring.trying import says_now, sentence
from staff.office.registry import page_section
from staff.roles import LABELS
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.admin import columns


@admin.register(AlertRule)
class RuleAdmin(AlertsAdmin):
    add_verb = AddRule
    page_template = "office/object.html"
    list_display = (
        "name_column",
        "condition_column",
        "severity_column",
        "told_column",
        "open_column",
        "active",
    )
    list_display_links = ("name_column",)
    list_filter = (("severity", ChoicesDropdownFilter), "active")
    search_fields = ("shown_name",)
    sortable_by = ()
    list_per_page = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).prefetch_related("employees")
        opened = Count("alerts", filter=Q(alerts__resolved_at__isnull=True))
        return rows.annotate(opened=opened, shown_name=shown_names())

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return ["-active", shown_names().asc(), "id"]

    @columns(label=_("Name of the rule"))
    def name_column(self, row: AlertRule) -> str:
        return row.title

    @columns(label=_("Alert when"))
    def condition_column(self, row: AlertRule) -> str:
        return condition(row)

    @columns(label=_("Severity"))
    def severity_column(self, row: AlertRule) -> SafeString:
        return chip(row.get_severity_display(), TONES[row.severity])

    @columns(label=_("Who is told"))
    def told_column(self, row: AlertRule) -> str:
        names = [str(LABELS.get(one, one)) for one in row.roles]
        return ", ".join([*names, *(str(one) for one in row.employees.all())])

    @columns(label=_("Open alerts"))
    def open_column(self, row: Any) -> str:
        return str(row.opened or "–")


@page_section(RULE, "office/object/facts.html", order=10)
def rule(target: AlertRule, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    unit = unit_of(target.metric)
    quiet = "–"
    if target.quiet_from is not None and target.quiet_to is not None:
        quiet = f"{target.quiet_from:%H:%M}–{target.quiet_to:%H:%M}"
        if target.ignores_quiet:
            quiet += ", " + _now("told all the same")
    clear = target.clear_at
    follows = AlertRule.objects.filter(key__in=target.unless).order_by("name", "pk")
    facts = [
        (_now("Alert when"), condition(target)),
        (_now("Over again at"), amount(target.threshold if clear is None else clear, unit)),
        (_now("Severity"), chip(target.get_severity_display(), TONES[target.severity])),
        (_now("Told now"), ", ".join(str(one) for one in told_by(target)) or _now("nobody")),
        (_now("Told again after"), _minutes(target.cooldown_minutes)),
        (_now("Quiet hours"), quiet),
        (_now("By e-mail"), _now("yes") if target.by_mail else _now("no")),
        (_now("State"), _now("in operation") if target.active else _now("off")),
    ]
    if target.escalate_minutes is not None:
        names = ", ".join(str(LABELS.get(one, one)) for one in target.escalate_roles)
        after = f"{_minutes(target.escalate_minutes)}: {names}"
        facts.insert(5, (_now("If nobody acknowledges, after"), after))
    if follows:
        facts.append((_now("Silent while on"), ", ".join(one.title for one in follows)))
    return {"title": _now("Alert rule"), "facts": facts}


def _minutes(count: int) -> str:
    return amount(Decimal(60 * count), "seconds")


@page_section(RULE, "office/monitoring/alert_now.html", order=20)
def now(target: AlertRule, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    """The present numbers, judged; each leads to the list behind it."""
    said = says_now(target, at=clock.now())
    rows = [(sentence(one), "danger" if one.beyond else "plain", link(one.key)) for one in said]
    return {"title": _now("What it says now"), "rows": rows}


@page_section(RULE, "office/monitoring/alert_list.html", order=30)
def newest(target: AlertRule, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    from analytics.admin.alerts.alerts import shown

    rows = target.alerts.select_related("rule").order_by("-pk")[:20]
    return {"title": _now("Newest alerts"), "alerts": [shown(row) for row in rows]}


@page_section(RULE, "office/object/facts.html", order=40)
def changes(target: AlertRule, actor: Actor, request: HttpRequest) -> Mapping[str, Any]:
    return {"title": _now("What people changed"), "facts": told(target.stream)}
