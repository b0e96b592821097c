"""Catalogue rows every workshop starts with. The office edits them; a later seed never overwrites.

Runs after migrate, because rows of the catalogues are recorded as events like any other change.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from history.commands import CommandKey
from receipts.models import OperationType
from receipts.services.catalogue import CATALOGUES, save_catalogue_row
from workshop.lib.actor import system_actor

DATA = Path(__file__).parent / "data" / "catalogues.json"


def seed_catalogues() -> int:
    """Add the rows whose code is absent; returns how many were added."""
    actor = system_actor("seed", silent=True)
    added = 0
    for label, rows in json.loads(DATA.read_text(encoding="utf-8")).items():
        known = set(CATALOGUES[label]._default_manager.values_list("code", flat=True))
        for row in rows:
            if row["code"] in known:
                continue
            save_catalogue_row(
                catalogue=label,
                values=_values(row),
                actor=actor,
                command=CommandKey("seed", f"{label}:{row['code']}"),
            )
            added += 1
    return added


def _values(row: dict[str, Any]) -> dict[str, Any]:
    """Names in the language of the installation; references by code become ids."""
    values = {key: value for key, value in row.items() if key not in {"ru", "en"}}
    values["name"] = row["ru" if settings.LANGUAGE_CODE.startswith("ru") else "en"]
    if "affects" in values:
        values["affects"] = OperationType.objects.get(code=values["affects"]).pk
    return values


def seed_after_migrate(app_config: Any, using: str, plan: Any = (), **_: Any) -> None:
    """Receiver of ``post_migrate``: once the schema is complete, and never on a way back."""
    if app_config.label != apps.get_app_config("receipts").label or using != DEFAULT_DB_ALIAS:
        return
    if plan and not schema_is_complete(using):
        return
    seed_catalogues()


def schema_is_complete(using: str) -> bool:
    """Whether no migration of any app is left to be applied."""
    executor = MigrationExecutor(connections[using])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
