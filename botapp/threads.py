"""Database work of the bot: a few threads, each with a connection of its own, one hop per step."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, connection

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 8
# SQLite has one writer at a time: more threads would only queue for its lock.
SQLITE_THREADS: Final = 3
CLOSE_WAIT: Final = 10.0  # seconds
CHECK_EVERY: Final = 30.0  # seconds between looks at the age of a connection

_local = threading.local()


class DatabaseLost(Exception):
    """The connection broke: whatever was going on was rolled back and may be repeated."""


class DatabaseThreads:
    """Runs functions of the ORM for the event loop."""

    def __init__(self, size: int | None = None) -> None:
        count = size or (SQLITE_THREADS if connection.vendor == "sqlite" else THREADS)
        self._started = 0
        self._pool = ThreadPoolExecutor(count, "bot-db", initializer=self._count)

    def _count(self) -> None:
        self._started += 1

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Raises DatabaseLost when the connection broke, else what ``work`` raised."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: _guarded(work, *args, **kwargs))

    def close(self) -> None:
        """End the threads and their connections; what runs is waited for."""
        together = threading.Barrier(max(1, self._started))

        def leave() -> None:
            together.wait(CLOSE_WAIT)  # so that every thread gets exactly one of these
            connection.close()

        for _number in range(self._started):
            self._pool.submit(leave)
        self._pool.shutdown()


def _guarded(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    now = time.monotonic()
    if now - getattr(_local, "checked", 0.0) > CHECK_EVERY:
        _local.checked = now
        close_old_connections()
    try:
        return work(*args, **kwargs)
    except (InterfaceError, OperationalError) as error:
        broken = connection.connection is None or not connection.is_usable()
        connection.close()
        if broken:
            raise DatabaseLost from error
        raise
