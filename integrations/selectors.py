"""Reads of clients, keys and imports."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from integrations.models import ApiKey, Import
from workshop.lib.actor import KIND_CLIENT, Actor
from workshop.lib.compiled import Columns, Rows

_digest = Columns(
    lambda slot: ApiKey.objects.filter(prefix=slot("prefix")).values_list("digest")[:1],
    prepared=True,
)
_by_prefix = Rows(
    lambda slot: ApiKey.objects.select_related("client__employee").filter(prefix=slot("prefix"))[
        :1
    ],
    prepared=True,
)


def digest_of(prefix: str) -> str | None:
    """What is stored of the secret of this key."""
    found = _digest.all(prefix=prefix)
    return str(found[0][0]) if found else None


def key_by_prefix(prefix: str) -> ApiKey | None:
    """The key with its client and the employee behind it, in one query."""
    return _by_prefix.first(prefix=prefix)


def imports_of(actor: Actor) -> QuerySet[Any]:
    """What a program brought itself; the office sees all."""
    rows = Import.objects.select_related("check_job", "run_job")
    if actor.kind == KIND_CLIENT:
        rows = rows.filter(asked_kind=actor.kind, asked_id=actor.id)
    return rows
