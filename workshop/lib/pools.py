"""How full the pool of database connections is: a number, and a warning before it is full."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.db import connection

from workshop.lib import telemetry

FULL: Final = 0.8  # the share in use above which it is told
QUIET: Final = 60.0  # seconds between two warnings

logger = logging.getLogger(__name__)
_told_at = -QUIET
_in_use: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
_lock = threading.Lock()


def note(pool: Any, change: int) -> None:
    """One connection was taken (1), given back (-1), or asked for in vain (0); ``pool`` is
    psycopg's, which does not tell those in use from those that it is still opening.
    """
    global _told_at  # noqa: PLW0603
    with _lock:
        _in_use[pool] = _in_use.get(pool, 0) + change
    facts = state(pool)
    for name, value in facts.items():
        telemetry.pool.set(value, name)
    if facts["used"] <= FULL * facts["max"]:
        return
    now = time.monotonic()
    if now - _told_at >= QUIET:
        _told_at = now
        logger.warning(
            "the pool of database connections is nearly full",
            extra={f"{name}_count": value for name, value in facts.items()},
        )


def own() -> dict[str, int] | None:
    """Of this process; None where every thread keeps a connection of its own."""
    pool = getattr(connection, "pool", None)
    return state(pool) if pool is not None else None


def state(pool: Any) -> dict[str, int]:
    """``used`` and ``idle`` connections, the ``max`` of both, and how many are ``waiting``."""
    told = pool.get_stats()
    return {
        "used": _in_use.get(pool, 0),
        "idle": told.get("pool_available", 0),
        "waiting": told.get("requests_waiting", 0),
        "max": pool.max_size,
    }
