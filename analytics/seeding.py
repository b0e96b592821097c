"""The alert rules that a workshop begins with, after migrate: they are recorded like any change."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS

from analytics.services.alert_rules import seed_rules
from receipts.seeding import schema_is_complete
from workshop.lib.actor import system_actor


def seed_after_migrate(app_config: Any, using: str, plan: Any = (), **_: Any) -> None:
    """Receiver of ``post_migrate``: once the schema is complete, and never on a way back."""
    if app_config.label != apps.get_app_config("analytics").label or using != DEFAULT_DB_ALIAS:
        return
    if plan and not schema_is_complete(using):
        return
    seed_rules(actor=system_actor("seed", silent=True))
