"""The rules of alerts: added, changed, switched, tried out, and the ones a workshop begins with."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from analytics import locks, policies
from analytics.models import AlertRule
from analytics.monitoring import catalogue
from analytics.monitoring.alert_events import RuleAdded, RuleChanged, RuleSwitched, RuleTested
from analytics.monitoring.default_rules import DEFAULTS
from analytics.services.alert_terms import COLUMNS, take_over, told_of
from history.commands import CommandKey, CommandRef, Outcome, Run, verb
from history.models import Command
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation

MOST_RULES: Final = 200


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
    :func:`take_over` raises, naming the column.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_keep_alert_rules(actor)
    if AlertRule.objects.count() >= MOST_RULES:
        raise RuleViolation("alerts.too_many_rules", _("There are too many rules."))
    row = AlertRule(key=key or f"own-{secrets.token_hex(4)}", created_at=run.at)
    people = take_over(row, values)
    row.save()
    row.employees.set(people or [])
    row.refresh_from_db()
    run.record(row.stream, RuleAdded(row.name, told_of(row)))
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
    before = told_of(row)
    people = take_over(row, values)
    row.save(update_fields=list(COLUMNS))
    if people is not None:
        row.employees.set(people)
    row.refresh_from_db()
    after = told_of(row)
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
