"""Alerts and their rules over the API: lists, and what can be done with one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Any, ClassVar, Final

import django_filters as filters
from django.db.models import QuerySet
from rest_framework import serializers

from analytics import locks
from analytics.api.monitoring.forms import Form, NothingForm
from analytics.models import Alert, AlertRule
from analytics.monitoring import alert_words
from analytics.monitoring.judging import Comparison, Severity
from analytics.services import alert_answers, alert_rules
from history.api.verbs import RowVerb, VerbView
from history.commands import Outcome
from workshop.lib.api import rows as plain
from workshop.lib.api.access import Access
from workshop.lib.api.fields import AmountField, IdField, TextField, WholeField, YesNoField
from workshop.lib.api.filters import IdFilter, YesNoFilter
from workshop.lib.api.moments import MomentFilter
from workshop.lib.api.resources import Resource, TableList, TableRow
from workshop.lib.api.views import expansion
from workshop.lib.one_look import one_look

READ: Final = "monitoring:read"
MANAGE: Final = "monitoring:manage"
MOST_OPEN: Final = 100
_TIME: Final = re.compile("([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")


class TimeOfDayField(serializers.RegexField):
    """``22:00`` or ``22:00:00`` by the workshop's clock. JSON Schema's "time" has an offset."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(f"^{_TIME.pattern}$", **kwargs)

    def to_internal_value(self, data: Any) -> time:  # type: ignore[override]  # no text
        if not isinstance(data, str) or not _TIME.fullmatch(data):
            self.fail("invalid")
        return time.fromisoformat(data)


class AlertForm(Form):
    """A breach that fired. In words, with a link to what it counts: `?expand=words`."""

    example: ClassVar = {
        "key": "overdue",
        "value": "3.000",
        "last_value": "4.000",
        "threshold": "0.000",
        "why": "",
        "acknowledged_by": "",
        "snoozed_by": "",
        "resolved_by": "",
    }

    id = serializers.IntegerField()
    rule_id = serializers.IntegerField()
    key = serializers.CharField(help_text="of the number: code or code:label")
    severity = serializers.ChoiceField(choices=Severity.choices)
    comparison = serializers.ChoiceField(choices=Comparison.choices)
    threshold = serializers.DecimalField(14, 3)
    value = serializers.DecimalField(14, 3, help_text="with which it fired")
    last_value = serializers.DecimalField(14, 3, help_text="the newest while it was open")
    fired_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = serializers.CharField(allow_blank=True)
    snoozed_until = serializers.DateTimeField(allow_null=True)
    snoozed_by = serializers.CharField(allow_blank=True)
    told_at = serializers.DateTimeField(allow_null=True, help_text="last message")
    times_told = serializers.IntegerField()
    escalated_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    why = serializers.ChoiceField(
        choices=Alert.Why.choices, allow_blank=True, help_text="how it ended"
    )
    resolved_by = serializers.CharField(allow_blank=True)


class AlertFilter(filters.FilterSet):
    rule = IdFilter("rule_id")
    severity = filters.ChoiceFilter(choices=Severity.choices)
    open = YesNoFilter(method="by_open", help_text="not over yet")
    acknowledged = YesNoFilter(method="by_acknowledged")
    fired_from = MomentFilter("fired_at", lookup_expr="gte")
    fired_to = MomentFilter("fired_at", lookup_expr="lt")

    class Meta:
        model = Alert
        fields: tuple[str, ...] = ()

    def by_open(self, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(resolved_at__isnull=value)

    def by_acknowledged(self, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(acknowledged_at__isnull=not value)


class RuleForm(Form):
    """A rule: when a number is an alert. Who is told by name: `?expand=people`; `?expand=words`:
    name and condition in the language that was asked for."""

    example: ClassVar = {
        "key": "overdue",
        "name": "Просроченные квитанции",
        "metric": "overdue",
        "label": "",
        "threshold": "0.000",
        "clear_at": None,
        "escalate_minutes": None,
        "escalate_roles": [],
        "roles": ["manager"],
        "unless": [],
        "quiet_from": "22:00:00",
        "quiet_to": "06:00:00",
    }

    id = serializers.IntegerField()
    key = serializers.CharField(help_text="stable, also of the rules a workshop begins with")
    name = serializers.CharField(help_text="as it was written down")
    metric = serializers.CharField()
    comparison = serializers.ChoiceField(choices=Comparison.choices)
    threshold = serializers.DecimalField(14, 3, help_text="in the unit of the metric")
    clear_at = serializers.DecimalField(14, 3, allow_null=True, help_text="over again at")
    lasts_minutes = serializers.IntegerField(help_text="so long before it fires")
    severity = serializers.ChoiceField(choices=Severity.choices)
    quiet_from = TimeOfDayField(allow_null=True)
    quiet_to = TimeOfDayField(allow_null=True)
    ignores_quiet = serializers.BooleanField()
    cooldown_minutes = serializers.IntegerField(help_text="between two messages")
    escalate_minutes = serializers.IntegerField(allow_null=True)
    escalate_roles = serializers.ListField(child=serializers.CharField())
    roles = serializers.ListField(child=serializers.CharField())
    unless = serializers.ListField(
        child=serializers.CharField(), help_text="keys of rules it only follows from"
    )
    by_mail = serializers.BooleanField()
    active = serializers.BooleanField()

    def get_fields(self) -> dict[str, Any]:
        """A name that the framework has taken."""
        told = "of a metric with labels; empty: of each of them"
        label = serializers.CharField(allow_blank=True, help_text=told)
        return {**super().get_fields(), "label": label}


class RuleFilter(filters.FilterSet):
    active = YesNoFilter()
    severity = filters.ChoiceFilter(choices=Severity.choices)
    metric = filters.CharFilter(max_length=60)

    class Meta:
        model = AlertRule
        fields: tuple[str, ...] = ()


ALERTS: Final = Resource(
    "alerts",
    AlertForm,
    Alert.objects.all,
    READ,
    many="Alerts, the newest first; `?open=true`: those that are not over.",
    one="An alert.",
    filters=AlertFilter,
)
RULES: Final = Resource(
    "alert-rules",
    RuleForm,
    AlertRule.objects.all,
    READ,
    many="Rules of alerts, also those that are switched off.",
    one="A rule of alerts.",
    filters=RuleFilter,
    orders={"id": "id"},
)


def open_rows() -> QuerySet[Any]:
    """Open alerts, the newest first."""
    return Alert.objects.open().order_by("-pk")[:MOST_OPEN]


def told_rows(of: Resource, rows: QuerySet[Any]) -> list[dict[str, Any]]:
    """Rows in the form of their list."""
    return plain.read(rows, plain.shape_of(of.form))


@expansion("alerts", "words")
@one_look()
def words_of(ids: Any, access: Access) -> dict[int, Any]:
    """Name of the rule, cause and state in the language that was asked for; the list behind it."""
    rows = Alert.objects.filter(pk__in=ids).select_related("rule")
    return {
        row.pk: {
            "rule": row.rule.title,
            "cause": alert_words.cause(row, newest=row.is_open),
            "link": alert_words.link(row.key),
        }
        for row in rows
    }


@expansion("alert-rules", "words")
@one_look()
def words_of_rules(ids: Any, access: Access) -> dict[int, Any]:
    """Name and condition in the language that was asked for.

    A rule that a workshop begins with has a name in each language until somebody renames it.
    """
    rows = AlertRule.objects.filter(pk__in=ids)
    return {row.pk: {"name": row.title, "condition": alert_words.condition(row)} for row in rows}


@expansion("alert-rules", "people", empty=())
def people_of(ids: Any, access: Access) -> dict[int, Any]:
    """Ids of those who are told by name."""
    found: dict[int, list[int]] = {}
    rows = AlertRule.employees.through.objects.filter(alertrule__in=ids).order_by("employee_id")
    for rule, person in rows.values_list("alertrule_id", "employee_id"):
        found.setdefault(rule, []).append(person)
    return found


# --- verbs on an alert --------------------------------------------------------------------------


class AlertVerb(RowVerb):
    scopes = {"POST": MANAGE}
    of = ALERTS
    key = "alert_id"
    body: ClassVar[type[Form]] = NothingForm
    lock = locks.alert


class Acknowledge(AlertVerb):
    """Somebody has seen it and takes care: it is told neither again nor higher up."""

    service = alert_answers.acknowledge_alert


class SnoozeForm(Form):
    example: ClassVar = {"minutes": 60}

    minutes = WholeField(help_text="1 to 10 080")


class Snooze(AlertVerb):
    """No message of it for a while, then again if it is still on."""

    body = SnoozeForm
    service = alert_answers.snooze_alert


class ResolveForm(Form):
    example: ClassVar = {"comment": "часы нашлись"}

    comment = TextField()


class Resolve(AlertVerb):
    """Close it by hand. A number that is still beyond its threshold fires anew."""

    body = ResolveForm
    service = alert_answers.resolve_alert


# --- verbs on a rule ----------------------------------------------------------------------------


class ChangeRuleForm(Form):
    """Only what is sent is touched; null takes a value away where there may be none."""

    example: ClassVar[dict[str, Any]] = {"threshold": "5"}

    name = TextField()
    metric = TextField(help_text="code of the catalogue")
    comparison = serializers.ChoiceField(choices=Comparison.choices, required=False)
    threshold = AmountField(14, 3, required=False)
    clear_at = AmountField(14, 3, required=False, allow_null=True)
    lasts_minutes = WholeField(required=False, min_value=0)
    severity = serializers.ChoiceField(choices=Severity.choices, required=False)
    quiet_from = TimeOfDayField(required=False, allow_null=True)
    quiet_to = TimeOfDayField(required=False, allow_null=True)
    ignores_quiet = YesNoField(required=False)
    cooldown_minutes = WholeField(required=False)
    escalate_minutes = WholeField(required=False, allow_null=True)
    escalate_roles = serializers.ListField(child=TextField(), required=False)
    roles = serializers.ListField(
        child=TextField(), required=False, help_text="access roles: manager, owner, …"
    )
    unless = serializers.ListField(child=TextField(), required=False)
    by_mail = YesNoField(required=False)
    employees = serializers.ListField(
        child=IdField(), required=False, help_text="ids of people who are told besides"
    )

    def get_fields(self) -> dict[str, Any]:
        """A name that the framework has taken."""
        return {**super().get_fields(), "label": TextField(help_text="of a metric with labels")}


class AddRuleForm(ChangeRuleForm):
    """What is left out has its usual value; somebody has to be told."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Много просроченных",
        "metric": "overdue",
        "comparison": "above",
        "threshold": "10",
        "severity": "critical",
        "roles": ["manager"],
    }

    name = TextField(required=True)
    metric = TextField(required=True, help_text="code of the catalogue")
    comparison = serializers.ChoiceField(choices=Comparison.choices)
    threshold = AmountField(14, 3)


class RuleVerb(RowVerb):
    scopes = {"POST": MANAGE}
    of = RULES
    key = "rule_id"
    body: ClassVar[type[Form]] = NothingForm
    lock = locks.alert_rule


class AddRule(RuleVerb):
    """A rule of the workshop's own."""

    key = ""
    body = AddRuleForm
    created = True
    service = alert_rules.add_rule

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"values": dict(data)}


class ChangeRule(RuleVerb):
    """Change a rule; open alerts are judged by it with the next numbers."""

    body = ChangeRuleForm
    service = alert_rules.change_rule

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"values": dict(data)}


class SwitchRuleForm(Form):
    active = YesNoField()


class SwitchRule(RuleVerb):
    """Switch a rule on or off; the alerts of one that is off are over with the next numbers."""

    body = SwitchRuleForm
    service = alert_rules.switch_rule


class SeededForm(Form):
    example: ClassVar = {"added": 0}

    added = serializers.IntegerField(help_text="0: all of them are there")


class SeedRules(VerbView):
    """Add the rules that a workshop begins with and that are missing.

    What the office has changed or switched off stays as it is, so a repetition adds nothing.
    """

    scopes = {"POST": MANAGE}
    body: ClassVar[type[Form]] = NothingForm
    result = SeededForm

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        """Each rule that is added is a command of its own, whatever the key of the request."""
        added = alert_rules.seed_rules(actor=common["actor"])
        return Outcome(None, extra={"added": added})

    def represent(self, outcome: Outcome[Any]) -> Any:
        return dict(outcome.extra)


class AlertList(TableList):
    of: ClassVar[Resource] = ALERTS
    resource = ALERTS.name
    form = ALERTS.form
    filters = ALERTS.filters
    about = ALERTS.many
    scopes = {"GET": READ}


class AlertRow(TableRow, AlertList):
    about = ALERTS.one


class RuleList(AddRule, TableList):
    of: ClassVar[Resource] = RULES
    resource = RULES.name
    form = RULES.form
    filters = RULES.filters
    orders = RULES.orders
    about = RULES.many
    scopes = {"GET": READ, "POST": MANAGE}


class RuleRow(TableRow):
    of: ClassVar[Resource] = RULES
    resource = RULES.name
    form = RULES.form
    about = RULES.one
    scopes = {"GET": READ}


VERBS: Final = {"acknowledge": Acknowledge, "snooze": Snooze, "resolve": Resolve}
RULE_VERBS: Final = {"change": ChangeRule, "switch": SwitchRule}
