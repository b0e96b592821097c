"""How many requests a client may send: counted in windows that begin with its first request.

Counting is exact for any number of processes: it is done inside the shared store, Redis where the
installation has one and the database otherwise. A store that does not answer lets requests through
(a workshop that cannot work is worse than one that is asked too often) and says so in the log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

PERIOD: Final = 60  # seconds
PAUSE: Final = 1.0  # seconds without the store after it failed
QUIET: Final = 60.0  # seconds between two warnings about a lost store

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    """At most ``most`` requests in a window of :data:`PERIOD` seconds under one key."""

    name: str
    key: str
    most: int


@dataclass(frozen=True)
class Count:
    """The state of a limit after a request. ``reset``: seconds until the window ends."""

    limit: Limit
    used: int
    reset: int

    @property
    def passed(self) -> bool:
        return self.used <= self.limit.most

    @property
    def left(self) -> int:
        return max(0, self.limit.most - self.used)


class Store(Protocol):
    """Counts one request under each key; raises anything when it cannot."""

    def count(self, limits: Sequence[Limit]) -> list[Count]: ...


class Counter:
    """Counts requests in a store, and goes on without it.

    A store that failed is left alone for :data:`PAUSE`: one that swallows what it is sent would
    cost every request the whole patience of its client.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told_at = -QUIET
        self._failed_at = -PAUSE

    def count(self, limits: Sequence[Limit]) -> list[Count]:
        """One request under each of the limits; empty while the store is away."""
        if time.monotonic() - self._failed_at < PAUSE:
            return []
        try:
            return self._store.count(limits)
        except Exception as error:  # whatever the store's client raises: never a 500 for a count
            self._failed_at = time.monotonic()
            self._tell(error)
            return []

    def _tell(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._told_at >= QUIET:
            self._told_at = now
            logger.error("requests are not counted", extra={"error": type(error).__name__})


def headers(counts: Sequence[Count]) -> dict[str, str]:
    """``RateLimit`` and ``RateLimit-Policy`` (draft-ietf-httpapi-ratelimit-headers-10)."""
    if not counts:
        return {}
    policies = [f'"{one.limit.name}";q={one.limit.most};w={PERIOD}' for one in counts]
    states = [f'"{one.limit.name}";r={one.left};t={one.reset}' for one in counts]
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)}
