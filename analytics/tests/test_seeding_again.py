"""The rules of alerts come back with their table, also when a step back has taken it away."""

from __future__ import annotations

import pytest
from django.db import connection

from analytics.models import AlertRule
from analytics.services.alert_rules import seed_rules
from history.verify import verify
from workshop.lib.actor import system_actor

ACTOR = system_actor("seed", silent=True)


def take_back() -> None:
    """As a migration back and forward leaves the table."""
    with connection.cursor() as cursor:
        for model in (AlertRule.employees.through, AlertRule):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")


@pytest.mark.django_db
def test_rules_are_seeded_again_after_their_table_was_taken_back() -> None:
    take_back()
    seed_rules(actor=ACTOR)
    names = set(AlertRule.objects.values_list("key", flat=True))
    assert names
    for _time in range(2):
        take_back()
        assert seed_rules(actor=ACTOR) == len(names)
        assert set(AlertRule.objects.values_list("key", flat=True)) == names
        assert seed_rules(actor=ACTOR) == 0
    assert list(verify()) == []
