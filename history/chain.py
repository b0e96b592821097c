"""The hash of an event: SHA-256 over the previous hash and every other column."""

from __future__ import annotations

import hashlib
from typing import Final

from history.canonical import canonical_json
from history.models import Event

HASHED_FIELDS: Final = (
    "stream",
    "sequence",
    "kind",
    "version",
    "payload",
    "actor_kind",
    "actor_id",
    "actor_label",
    "actor_telegram_id",
    "actor_username",
    "channel",
    "occurred_at",
    "recorded_at",
    "command_id",
    "ordinal",
    "correlation_id",
)
_SHA256: Final = hashlib.sha256()


def event_hash(event: Event, previous_hash: str) -> str:
    """Hexadecimal SHA-256. The database id is left out: it is given after the hash."""
    return link(
        canonical_json({name: getattr(event, name) for name in HASHED_FIELDS}), previous_hash
    )


def link(body: bytes, previous_hash: str) -> str:
    """The hash of an event whose columns are ``body`` in their canonical form."""
    hashed = _SHA256.copy()  # a third sooner than to look one up
    hashed.update(previous_hash.encode() + b"\n" + body)
    return hashed.hexdigest()
