"""How full the pool of database connections is: a number, and a warning before it is full."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from workshop.lib import telemetry

FULL: Final = 0.8  # the share in use above which it is told
QUIET: Final = 60.0  # seconds between two warnings

logger = logging.getLogger(__name__)
_told_at = -QUIET


def note(pool: Any) -> None:
    """After a connection was taken or given back; ``pool`` is one of psycopg."""
    global _told_at  # noqa: PLW0603
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


def state(pool: Any) -> dict[str, int]:
    """``used`` and ``idle`` connections, the ``max`` of both, and how many are ``waiting``."""
    told = pool.get_stats()
    size, idle = told.get("pool_size", 0), told.get("pool_available", 0)
    return {
        "used": size - idle,
        "idle": idle,
        "waiting": told.get("requests_waiting", 0),
        "max": pool.max_size,
    }
