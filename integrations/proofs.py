"""Keys that were proven a moment ago: for a second they are believed without the database.

A key that is revoked, a client that is changed, an employee who leaves: it holds within a second.
What is kept is found by the whole key only, so that a wrong secret costs the same as an unknown
key; and it is kept under its hash with a secret of this process, not as it is.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from integrations.models import ApiKey
from workshop.lib import clock

BELIEVED: Final = timedelta(seconds=1)
MOST: Final = 1_000

_own: Final = secrets.token_bytes(32)
_kept: dict[bytes, tuple[datetime, ApiKey]] = {}


def of(text: str) -> ApiKey | None:
    """The key that this text proved within the last second."""
    found = _kept.get(_name(text))
    if found is None:
        return None
    since, row = found
    return row if since <= clock.now() < since + BELIEVED else None


def keep(text: str, row: ApiKey) -> None:
    if len(_kept) >= MOST:
        _kept.clear()
    _kept[_name(text)] = clock.now(), row


def _name(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="replace"), key=_own, digest_size=32).digest()
