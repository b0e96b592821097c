"""Database work for an event loop: a few threads, each with a connection of its own."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
)
from django.db.backends.base.base import BaseDatabaseWrapper

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 8
# SQLite has one writer at a time: more threads would only queue for its lock.
SQLITE_THREADS: Final = 3
CHECK_EVERY: Final = 30.0  # seconds between looks at the age of a connection

_local = threading.local()


class DatabaseLost(Exception):
    """The connection broke: whatever was going on was rolled back and may be repeated."""


class DatabaseThreads:
    """Runs functions of the ORM for the event loop."""

    def __init__(self, size: int | None = None) -> None:
        count = size or (SQLITE_THREADS if connection.vendor == "sqlite" else THREADS)
        self._connections: list[BaseDatabaseWrapper] = []
        self._pool = ThreadPoolExecutor(count, "loop-db", initializer=self._register)

    def _register(self) -> None:
        own = connections[DEFAULT_DB_ALIAS]
        own.inc_thread_sharing()  # closed by another thread, after this one has ended
        self._connections.append(own)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Raises DatabaseLost when the connection broke, else what ``work`` raised."""
        loop = asyncio.get_running_loop()
        # With the facts of the log (workshop.lib.correlation), which hang on the task.
        context = contextvars.copy_context()

        def carry() -> T:
            return _guarded(work, *args, **kwargs)

        return await loop.run_in_executor(self._pool, context.run, carry)

    async def close(self) -> None:
        """End the threads, then their connections; what runs is waited for."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._pool.shutdown()
        for own in self._connections:
            own.close()


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
