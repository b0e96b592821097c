"""The rules of alerts: added, changed, switched, tried out, and the ones a workshop begins with."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from analytics import locks, policies
from analytics.models import AlertRule
from analytics.monitoring import catalogue
from analytics.monitoring.alert_events import RuleAdded, RuleChanged, RuleSwitched, RuleTested
from analytics.monitoring.default_rules import DEFAULTS
from analytics.monitoring.judging import Comparison, Severity
from history.canonical import plain
from history.commands import CommandKey, CommandRef, Outcome, Run, verb
from history.models import Command
from staff import roles
from staff.models import Employee
from workshop.lib.actor import Actor
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

MOST_RULES: Final = 200
MOST_PEOPLE: Final = 50


@verb("alert_rule.add", "analytics.AlertRule")
def add_rule(
    *,
    values: Mapping[str, Any],
    key: str = "",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[AlertRule]:
    """A new rule; ``values`` by column (:data:`COLUMNS`, ``employees``), what is absent by default.

    Managers and administrators. Raises NotAllowed, RuleViolation ``alerts.too_many_rules`` and what
    :func:`_ensure_right` raises, naming the column.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_keep_alert_rules(actor)
    if AlertRule.objects.count() >= MOST_RULES:
        raise RuleViolation("alerts.too_many_rules", _("There are too many rules."))
    row = AlertRule(key=key or f"own-{secrets.token_hex(4)}", created_at=run.at)
    people = _take_over(row, values)
    row.save()
    row.employees.set(people or [])
    row.refresh_from_db()
    run.record(row.stream, RuleAdded(row.name, _told(row)))
    return Outcome(row)


@verb("alert_rule.change", "analytics.AlertRule")
def change_rule(
    *,
    rule_id: int,
    values: Mapping[str, Any],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[AlertRule]:
    """Other values for some columns; the same ones write nothing. Open alerts are judged by the
    new ones with the next reading. Raises as :func:`add_rule`, and NotFound.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_keep_alert_rules(actor)
    row = locks.alert_rule(rule_id)
    before = _told(row)
    people = _take_over(row, values)
    row.save(update_fields=list(COLUMNS))
    if people is not None:
        row.employees.set(people)
    row.refresh_from_db()
    after = _told(row)
    changes = {name: [before[name], now] for name, now in after.items() if before[name] != now}
    if changes:
        run.record(row.stream, RuleChanged(row.name, changes))
    return Outcome(row)


@verb("alert_rule.switch", "analytics.AlertRule")
def switch_rule(
    *,
    rule_id: int,
    active: bool,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[AlertRule]:
    """On or off; with the next reading the alerts of a rule that is off are over."""
    run = Run.of(actor, command, at)
    policies.ensure_may_keep_alert_rules(actor)
    row = locks.alert_rule(rule_id)
    if row.active == active:
        return Outcome(row)
    row.active = active
    row.save(update_fields=["active"])
    run.record(row.stream, RuleSwitched(row.name, active))
    return Outcome(row)


@verb("alert_rule.try", "analytics.AlertRule", secret=("says",))
def try_rule(
    *,
    rule_id: int,
    says: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[AlertRule]:
    """Send what the rule ``says`` now to the person who asks, as a message of the bot; only he
    gets it, and nothing fires. Somebody without a link to an employee gets none.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_keep_alert_rules(actor)
    row = locks.alert_rule(rule_id)
    person = Employee.objects.filter(pk=actor.employee_id).first() if actor.employee_id else None
    told = {"id": person.pk, "name": str(person)} if person else None
    run.record(row.stream, RuleTested(row.pk, row.name, says, told))
    return Outcome(row)


def seed_rules(*, actor: Actor, at: datetime | None = None) -> int:
    """Add the rules that a workshop begins with and that are absent; how many were added.

    One that the office has changed or switched off stays as it is.
    """
    policies.ensure_may_keep_alert_rules(actor)
    known = set(AlertRule.objects.values_list("key", flat=True))
    added = 0
    with translation.override(settings.LANGUAGE_CODE):
        for one in DEFAULTS:
            if one.key in known or one.values["metric"] not in catalogue.metrics():
                continue
            values = {**one.values, "name": str(one.name)}
            key = _key_of_seed(one.key)
            add_rule(values=values, key=one.key, actor=actor, command=key, at=at)
            added += 1
    return added


def _key_of_seed(rule: str) -> CommandKey:
    """Of an absent rule: an earlier command added one to a table that was taken back since, by a
    step to a former version, and would only be replayed.
    """
    name = f"alert-rule:{rule}"
    earlier = Command.objects.filter(client="seed", key__startswith=name).values_list("key")
    before = sum(key == name or key.startswith(f"{name}:") for (key,) in earlier)
    return CommandKey("seed", f"{name}:{before}" if before else name)


# --- values ---------------------------------------------------------------------------------------


def _take_over(row: AlertRule, values: Mapping[str, Any]) -> list[Employee] | None:
    """Write the values into the row; the people of it, None when they stay as they are."""
    for name, value in values.items():
        if name == "employees":
            continue
        if name not in COLUMNS:
            raise RuleViolation("alerts.unknown_column", _("There is no such field."), field=name)
        setattr(row, name, value)
    row.name = require_text(row.name, field="name", limit=100)
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


def _told(row: AlertRule) -> dict[str, Any]:
    """Every column as it stands in an event."""
    people = row.employees.order_by("full_name", "pk")
    told = {name: _plain(getattr(row, name)) for name in COLUMNS}
    return {**told, "employees": [{"id": one.pk, "name": str(one)} for one in people]}


def _plain(value: Any) -> Any:
    """Numbers without the zeros that their column keeps."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else plain(value)
