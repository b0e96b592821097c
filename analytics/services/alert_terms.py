"""The terms of an alert rule: what may stand in its columns, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from analytics.models import AlertRule
from analytics.monitoring import catalogue
from analytics.monitoring.default_rules import DEFAULTS, shown_name
from analytics.monitoring.judging import Comparison, Severity
from history.canonical import plain
from staff import roles
from staff.models import Employee
from workshop.lib.errors import RuleViolation
from workshop.lib.text import require_text

COLUMNS: Final = (
    "name",
    "metric",
    "label",
    "comparison",
    "threshold",
    "clear_at",
    "lasts_minutes",
    "severity",
    "quiet_from",
    "quiet_to",
    "ignores_quiet",
    "cooldown_minutes",
    "escalate_minutes",
    "escalate_roles",
    "roles",
    "unless",
    "by_mail",
)
"""What can be set; and ``employees``, ids of people."""

MOST_PEOPLE: Final = 50


def take_over(row: AlertRule, values: Mapping[str, Any]) -> list[Employee] | None:
    """Write the values into the row; the people of it, None when they stay as they are."""
    before = row.name
    for name, value in values.items():
        if name == "employees":
            continue
        if name not in COLUMNS:
            raise RuleViolation("alerts.unknown_column", _("There is no such field."), field=name)
        setattr(row, name, value)
    row.name = require_text(row.name, field="name", limit=100)
    if shown_name(row.key, row.name) == shown_name(row.key, before):
        row.name = before  # the same one in another language
    people = _people(values["employees"]) if "employees" in values else None
    _ensure_clean(row)
    _ensure_right(row)
    named = people if people is not None else (list(row.employees.all()) if row.pk else [])
    if not row.roles and not named:
        raise RuleViolation(
            "alerts.nobody_is_told", _("Choose who is told of the alert."), field="roles"
        )
    return people


def _ensure_clean(row: AlertRule) -> None:
    try:
        row.clean_fields(exclude=["roles", "escalate_roles", "unless"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise RuleViolation("alerts.invalid", messages[0], field=field) from None


def _ensure_right(row: AlertRule) -> None:
    """RuleViolation ``alerts.unknown_metric``, ``alerts.unknown_label``,
    ``alerts.clears_on_wrong_side``, ``alerts.quiet_incomplete``, ``alerts.only_critical_wakes``,
    ``alerts.unknown_role``, ``alerts.unknown_rule``, ``alerts.escalation_incomplete``."""
    _ensure_number(row)
    wrong = {
        Comparison.ABOVE: row.clear_at is not None and row.clear_at > row.threshold,
        Comparison.BELOW: row.clear_at is not None and row.clear_at < row.threshold,
        Comparison.EQUAL: row.clear_at is not None,
    }
    if wrong[Comparison(row.comparison)]:
        raise RuleViolation(
            "alerts.clears_on_wrong_side",
            _("An alert is over on the good side of its threshold; “equal” has no second one."),
            field="clear_at",
        )
    if (row.quiet_from is None) != (row.quiet_to is None):
        field = "quiet_from" if row.quiet_from is None else "quiet_to"
        text = _("Quiet hours need both times.")
        raise RuleViolation("alerts.quiet_incomplete", text, field=field)
    if row.ignores_quiet and row.severity != Severity.CRITICAL:
        raise RuleViolation(
            "alerts.only_critical_wakes",
            _("Only a critical alert may disturb quiet hours."),
            field="ignores_quiet",
        )
    _ensure_roles(row.roles, "roles")
    _ensure_roles(row.escalate_roles, "escalate_roles")
    _ensure_rules(row)
    if (row.escalate_minutes is None) != (not row.escalate_roles):
        field = "escalate_minutes" if row.escalate_minutes is None else "escalate_roles"
        text = _("To tell somebody higher up, say after how long and whom.")
        raise RuleViolation("alerts.escalation_incomplete", text, field=field)


def _ensure_number(row: AlertRule) -> None:
    try:
        metric = catalogue.metric(row.metric)
    except LookupError:
        metric = None
    if metric is None or not metric.alert:
        raise RuleViolation(
            "alerts.unknown_metric",
            _("There are no alerts on this number: %(metric)s"),
            field="metric",
            params={"metric": row.metric},
        )
    known = metric.label_names()
    if row.label and not (metric.labelled and (not known or row.label in known)):
        raise RuleViolation(
            "alerts.unknown_label", _("The number is not kept of this."), field="label"
        )


def _ensure_roles(names: Sequence[str], field: str) -> None:
    known = isinstance(names, list | tuple) and all(name in roles.ALL for name in names)
    if not known:
        raise RuleViolation("alerts.unknown_role", _("There is no such access role."), field=field)


def _ensure_rules(row: AlertRule) -> None:
    """A key may name a rule that is still to be seeded; never the rule itself."""
    known = isinstance(row.unless, list | tuple) and all(isinstance(one, str) for one in row.unless)
    keys = set(row.unless) if known else set()
    there = set(AlertRule.objects.filter(key__in=keys).values_list("key", flat=True))
    if not known or row.key in keys or not keys <= there | {one.key for one in DEFAULTS}:
        raise RuleViolation(
            "alerts.unknown_rule", _("There is no such alert rule."), field="unless"
        )


def _people(ids: Sequence[int]) -> list[Employee]:
    """RuleViolation ``alerts.unknown_person``."""
    found = list(Employee.objects.active().filter(pk__in=ids).order_by("full_name", "pk"))
    if len(found) != len(set(ids)) or len(found) > MOST_PEOPLE:
        raise RuleViolation(
            "alerts.unknown_person",
            _("Only people who work here can be told, at most %(most)s."),
            field="employees",
            params={"most": MOST_PEOPLE},
        )
    return found


def told_of(row: AlertRule) -> dict[str, Any]:
    """Every column as it stands in an event."""
    people = row.employees.order_by("full_name", "pk")
    told = {name: _plain(getattr(row, name)) for name in COLUMNS}
    return {**told, "employees": [{"id": one.pk, "name": str(one)} for one in people]}


def _plain(value: Any) -> Any:
    """Numbers without the zeros that their column keeps."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else plain(value)
