"""What people do with the rules of alerts: add, change, try out, switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from analytics.admin.alerts.pages import KEEPERS
from analytics.models import AlertRule
from analytics.monitoring import catalogue
from analytics.monitoring.catalogue import Category
from analytics.monitoring.judging import Comparison, Severity
from analytics.monitoring.trying import sentences
from analytics.services import alert_rules as services
from analytics.services.alert_terms import COLUMNS
from history.commands import Outcome
from staff.models import Employee
from staff.office.forms import NumberField, OfficeVerb, RowsField
from staff.office.registry import office_verb
from staff.roles import LABELS
from workshop.lib import clock
from workshop.lib.actor import Actor

RULE: Final = "analytics.AlertRule"
PLAIN: Final = tuple(name for name in COLUMNS if name not in {"metric", "label"})
"""Columns that are fields of the form as they are."""


def time_field(label: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget)


def ticks(label: Any, choices: Any = ()) -> forms.MultipleChoiceField:
    widget = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(label=label, required=False, choices=choices, widget=widget)


class RuleFields(OfficeVerb):
    """Every field of a rule; number and label are one choice."""

    roles = KEEPERS
    field_names: Mapping[str, str] = {"metric": "number", "label": "number"}  # type: ignore[misc]
    layout = (
        (
            _("What is judged"),
            ("name", "number", "comparison", "threshold", "clear_at", "lasts_minutes"),
        ),
        (_("Who is told"), ("severity", "roles", "employees", "by_mail", "cooldown_minutes")),
        (_("If nobody acknowledges"), ("escalate_minutes", "escalate_roles")),
        (_("When it is silent"), ("quiet_from", "quiet_to", "ignores_quiet", "unless")),
    )
    name = forms.CharField(label=_("Name of the rule"), max_length=100)
    number = forms.ChoiceField(label=_("Number that is judged"))
    comparison = forms.ChoiceField(label=_("Alert when it is"), choices=Comparison.choices)
    threshold = NumberField(label=_("Threshold"), help_text=_("in the unit of the number"))
    clear_at = NumberField(
        label=_("Over again at"),
        required=False,
        help_text=_("empty: at the threshold itself; further away, it does not flap"),
    )
    lasts_minutes = forms.IntegerField(
        label=_("Only when it lasts for, minutes"), min_value=0, initial=0
    )
    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices)
    employees = RowsField(
        queryset=Employee.objects.none(), label=_("And these people"), required=False
    )
    by_mail = forms.BooleanField(
        label=_("Also by e-mail"),
        required=False,
        help_text=_("to the addresses of the setting ALERT_EMAILS"),
    )
    cooldown_minutes = forms.IntegerField(
        label=_("Told again after, minutes"),
        min_value=5,
        initial=24 * 60,
        help_text=_("until somebody acknowledges it"),
    )
    escalate_minutes = forms.IntegerField(
        label=_("Told higher up after, minutes"), required=False, min_value=5
    )
    escalate_roles = ticks(_("To whom, by access"), list(LABELS.items()))
    quiet_from = time_field(_("Quiet hours from"))
    quiet_to = time_field(_("Quiet hours until"))
    ignores_quiet = forms.BooleanField(
        label=_("Tell also in quiet hours"), required=False, help_text=_("critical alerts only")
    )
    unless = ticks(_("Silent while one of these alerts is on"))

    def build(self) -> None:
        self.fields["roles"] = ticks(_("By access"), list(LABELS.items()))
        self.fields["number"].choices = numbers()  # type: ignore[attr-defined]  # of a ChoiceField
        people = Employee.objects.active().order_by("full_name", "pk")
        self.fields["employees"].queryset = people  # type: ignore[attr-defined]  # of a RowsField
        others = AlertRule.objects.exclude(key=self.target.key if self.target else "")
        choices = sorted(((one.key, one.title) for one in others), key=lambda one: one[1])
        self.fields["unless"].choices = choices  # type: ignore[attr-defined]
        if self.target is None:
            return
        for name in PLAIN:
            self.fields[name].initial = getattr(self.target, name)
        self.fields["name"].initial = self.target.title
        for name in ("threshold", "clear_at"):
            value = getattr(self.target, name)
            self.fields[name].initial = None if value is None else f"{value.normalize():f}"
        self.fields["number"].initial = catalogue.key(self.target.metric, self.target.label)
        self.fields["employees"].initial = self.target.employees.all()

    def values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What was typed, by column."""
        metric, _separator, label = data["number"].partition(catalogue.SEPARATOR)
        found = {name: data.get(name) for name in PLAIN}
        people = [one.pk for one in data["employees"]]
        return {**found, "metric": metric, "label": label, "employees": people}


def numbers() -> list[Any]:
    """Every number that may alert, by category; a labelled one also for each of its labels."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in catalogue.metrics().values():
        if not one.alert:
            continue
        title = str(one.label)
        unit = "" if one.unit == catalogue.Unit.COUNT else f" ({one.unit.label})"
        choices = found.setdefault(one.category, [])
        each = _now("%(number)s: each") % {"number": title} if one.labelled else title
        choices.append((one.code, f"{each}{unit}"))
        choices += [
            (catalogue.key(one.code, label), f"{title}: {name}{unit}")
            for label, name in one.label_names().items()
        ]
    return [(str(Category(category).label), choices) for category, choices in found.items()]


class AddRule(RuleFields):
    slug = "add"
    label = _("New alert rule")

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.add_rule(values=self.values(data), **common)


@office_verb(RULE)
class ChangeRule(RuleFields):
    slug = "change"
    label = _("Change the rule")

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.change_rule(rule_id=self.target.pk, values=self.values(data), **common)


@office_verb(RULE)
class TryRule(OfficeVerb):
    """What it says now, and a message to oneself."""

    slug = "try"
    label = _("🧪 Test")
    button = _("Send me a test message")
    roles = KEEPERS

    def intro(self) -> list[str]:
        said = sentences(self.target, at=clock.now())
        if self.actor.employee_id is None:
            said.append(_now("Your account is not linked to an employee: no message can be sent."))
        return said

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        says = "\n".join(sentences(self.target, at=clock.now()))
        return services.try_rule(rule_id=self.target.pk, says=says, **common)


class _Switch(OfficeVerb):
    roles = KEEPERS
    to = True

    @classmethod
    def possible(cls, target: Any, actor: Actor) -> bool:
        return cls.permitted(target, actor) and target.active != cls.to

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return services.switch_rule(rule_id=self.target.pk, active=self.to, **common)


@office_verb(RULE)
class SwitchRuleOn(_Switch):
    slug = "on"
    label = _("Switch on")


@office_verb(RULE)
class SwitchRuleOff(_Switch):
    slug = "off"
    label = _("Switch off")
    to = False
    danger = True

    def intro(self) -> list[str]:
        return [_now("Nobody is told any more; open alerts of this rule are over.")]
