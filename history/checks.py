"""``manage.py check --database default``: the append-only triggers must be there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from history import triggers


@register(Tags.database)
def append_only_triggers(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Error history.E001 for each absent trigger of a migrated database.

    The cure is ``prepare``: ``migrate`` at the terminal asks this check first and gives up.
    """
    found: list[CheckMessage] = []
    for using in databases or ():
        if triggers.TABLE not in connections[using].introspection.table_names():
            continue
        found += [
            Error(f"trigger {name} is absent", hint="run manage.py prepare", id="history.E001")
            for name in triggers.missing(using)
        ]
    return found
