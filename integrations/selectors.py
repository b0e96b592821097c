"""Reads of clients and keys."""

from __future__ import annotations

from integrations.models import ApiKey


def key_by_prefix(prefix: str) -> ApiKey | None:
    """The key with its client and the employee behind it, in one query."""
    rows = ApiKey.objects.select_related("client__employee").filter(prefix=prefix)
    found: ApiKey | None = rows.first()
    return found
