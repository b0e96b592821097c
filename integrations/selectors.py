"""Reads of clients and keys."""

from __future__ import annotations

from integrations.models import ApiKey
from workshop.lib.compiled import Rows

_by_prefix = Rows(
    lambda slot: ApiKey.objects.select_related("client__employee").filter(prefix=slot("prefix"))[
        :1
    ],
    prepared=True,
)


def key_by_prefix(prefix: str) -> ApiKey | None:
    """The key with its client and the employee behind it, in one query."""
    return _by_prefix.first(prefix=prefix)
