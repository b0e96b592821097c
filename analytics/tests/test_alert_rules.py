"""Rules of alerts: who keeps them, what is refused, what is recorded, and what is seeded."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from analytics.models import AlertRule
from analytics.monitoring import catalogue
from analytics.monitoring.default_rules import DEFAULTS
from analytics.services import alert_rules
from history.models import Event
from staff import roles
from staff.models import Employee
from tests.cast import Cast, make_cast
from workshop.lib.actor import system_actor
from workshop.lib.errors import NotAllowed, NotFound, WorkshopError

SYSTEM = system_actor("tests", silent=True)
VALUES: dict[str, Any] = {
    "name": "Много просроченных",
    "metric": "overdue",
    "comparison": "above",
    "threshold": Decimal(3),
    "roles": [roles.MANAGER],
}


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def added(cast: Cast, **more: Any) -> AlertRule:
    return alert_rules.add_rule(values={**VALUES, **more}, actor=cast.actor("anna")).object


def events(rule: AlertRule) -> list[Event]:
    return list(Event.objects.filter(stream=rule.stream).order_by("sequence"))


def test_a_new_rule_is_recorded_with_all_its_terms(cast: Cast) -> None:
    rule = added(cast, employees=[cast.igor.pk])
    (event,) = events(rule)
    assert event.kind == "alert_rule.added"
    assert event.payload["terms"]["threshold"] == "3"
    assert event.payload["terms"]["employees"] == [{"id": cast.igor.pk, "name": str(cast.igor)}]
    assert rule.key.startswith("own-")
    assert rule.active


def test_a_change_records_old_and_new_and_nothing_for_nothing(cast: Cast) -> None:
    rule, actor = added(cast), cast.actor("anna")
    values = {"threshold": Decimal("4.5"), "employees": [cast.boris.pk]}
    for _twice in range(2):
        alert_rules.change_rule(rule_id=rule.pk, values=values, actor=actor)
    _added, event = events(rule)
    assert event.payload["changes"] == {
        "threshold": ["3", "4.5"],
        "employees": [[], [{"id": cast.boris.pk, "name": str(cast.boris)}]],
    }
    alert_rules.change_rule(rule_id=rule.pk, values={"name": "Иначе"}, actor=actor)
    assert list(rule.employees.all()) == [cast.boris]


def test_switching_records_once(cast: Cast) -> None:
    rule = added(cast)
    for active in (False, False, True):
        alert_rules.switch_rule(rule_id=rule.pk, active=active, actor=cast.actor("anna"))
    assert [event.kind for event in events(rule)[1:]] == ["alert_rule.switched"] * 2


@pytest.mark.parametrize("who", ["igor", "maxim", "pavel", "boris"])
def test_only_managers_keep_rules(cast: Cast, who: str) -> None:
    rule, actor = added(cast), cast.actor(who)
    count = AlertRule.objects.count()
    for act in (
        lambda: alert_rules.add_rule(values=VALUES, actor=actor),
        lambda: alert_rules.change_rule(rule_id=rule.pk, values={"name": "x"}, actor=actor),
        lambda: alert_rules.switch_rule(rule_id=rule.pk, active=False, actor=actor),
        lambda: alert_rules.try_rule(rule_id=rule.pk, says="x", actor=actor),
        lambda: alert_rules.seed_rules(actor=actor),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert (AlertRule.objects.count(), len(events(rule))) == (count, 1)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"name": " "}, "text.required", "name"),
        ({"name": "x" * 101}, "text.too_long", "name"),
        ({"metric": "nothing"}, "alerts.unknown_metric", "metric"),
        ({"metric": "received_today"}, "alerts.unknown_metric", "metric"),
        ({"label": "in_work"}, "alerts.unknown_label", "label"),
        ({"metric": "open_by_status", "label": "lost"}, "alerts.unknown_label", "label"),
        ({"comparison": "about"}, "alerts.invalid", "comparison"),
        ({"threshold": None}, "alerts.invalid", "threshold"),
        ({"threshold": Decimal("1.23456")}, "alerts.invalid", "threshold"),
        ({"clear_at": Decimal(4)}, "alerts.clears_on_wrong_side", "clear_at"),
        (
            {"comparison": "below", "clear_at": Decimal(2)},
            "alerts.clears_on_wrong_side",
            "clear_at",
        ),
        (
            {"comparison": "equal", "clear_at": Decimal(3)},
            "alerts.clears_on_wrong_side",
            "clear_at",
        ),
        ({"lasts_minutes": -1}, "alerts.invalid", "lasts_minutes"),
        ({"cooldown_minutes": 4}, "alerts.invalid", "cooldown_minutes"),
        ({"severity": "deadly"}, "alerts.invalid", "severity"),
        ({"quiet_from": time(22)}, "alerts.quiet_incomplete", "quiet_to"),
        ({"quiet_to": time(6)}, "alerts.quiet_incomplete", "quiet_from"),
        ({"ignores_quiet": True}, "alerts.only_critical_wakes", "ignores_quiet"),
        ({"roles": []}, "alerts.nobody_is_told", "roles"),
        ({"roles": ["king"]}, "alerts.unknown_role", "roles"),
        ({"escalate_minutes": 30}, "alerts.escalation_incomplete", "escalate_roles"),
        ({"escalate_roles": ["owner"]}, "alerts.escalation_incomplete", "escalate_minutes"),
        ({"employees": [10**9]}, "alerts.unknown_person", "employees"),
        ({"unless": ["no_such_rule"]}, "alerts.unknown_rule", "unless"),
        ({"key": "mine"}, "alerts.unknown_column", "key"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_field(
    cast: Cast, change: dict[str, Any], code: str, field: str
) -> None:
    count = AlertRule.objects.count()
    with pytest.raises(WorkshopError) as refusal:
        added(cast, **change)
    assert (refusal.value.code, refusal.value.field) == (code, field)
    rule = added(cast)
    with pytest.raises(WorkshopError) as refusal:
        alert_rules.change_rule(rule_id=rule.pk, values=change, actor=cast.actor("anna"))
    assert refusal.value.code == code
    assert AlertRule.objects.count() == count + 1
    assert len(events(rule)) == 1


def test_who_left_cannot_be_named(cast: Cast) -> None:
    Employee.objects.filter(pk=cast.igor.pk).update(active=False)
    with pytest.raises(WorkshopError) as refusal:
        added(cast, employees=[cast.igor.pk])
    assert refusal.value.code == "alerts.unknown_person"


def test_what_is_not_there_is_not_found(cast: Cast) -> None:
    with pytest.raises(NotFound):
        alert_rules.switch_rule(rule_id=10**9, active=False, actor=cast.actor("anna"))


@pytest.mark.parametrize(
    "columns",
    [
        {"clear_at": Decimal(4)},
        {"quiet_from": time(1)},
        {"ignores_quiet": True},
        {"cooldown_minutes": 4},
    ],
)
def test_the_database_refuses_what_a_service_would(cast: Cast, columns: dict[str, Any]) -> None:
    rule = added(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        AlertRule.objects.filter(pk=rule.pk).update(**columns)


# --- what a workshop begins with ------------------------------------------------------------------


def test_the_rules_are_there_after_migrate_and_seeding_again_adds_none(db: None) -> None:
    assert set(AlertRule.objects.values_list("key", flat=True)) == {one.key for one in DEFAULTS}
    assert alert_rules.seed_rules(actor=SYSTEM) == 0


def test_every_default_judges_a_number_that_alerts_and_follows_known_rules() -> None:
    keys = [one.key for one in DEFAULTS]
    assert len(set(keys)) == len(keys)
    for one in DEFAULTS:
        assert catalogue.metric(one.values["metric"]).alert, one.key
        assert set(one.values.get("unless", [])) <= set(keys)


def test_seeding_never_overwrites_what_the_office_changed(cast: Cast) -> None:
    rule = AlertRule.objects.get(key="overdue")
    actor = cast.actor("anna")
    alert_rules.change_rule(rule_id=rule.pk, values={"threshold": Decimal(9)}, actor=actor)
    alert_rules.switch_rule(rule_id=rule.pk, active=False, actor=actor)
    assert alert_rules.seed_rules(actor=actor) == 0
    rule.refresh_from_db()
    assert (rule.threshold, rule.active) == (Decimal(9), False)
