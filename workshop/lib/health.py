"""What the site needs to work, looked at in parallel and within a second and a half.

A part that hangs (a database behind a dead cable) must not hang the answer, nor pile up threads:
each check runs in a thread of its own, and as long as an earlier look of it has not come back, the
part counts as failed without a second one.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from workshop.lib import disk as disks

PATIENCE: Final = 1.5  # seconds for all parts together
BROKER_PORTS: Final = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}
LEAST_DISK: Final = 200 * 1024 * 1024  # bytes
STARTED: Final = time.monotonic()

logger = logging.getLogger(__name__)
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")
_running: dict[str, Future[None]] = {}
_lock = threading.Lock()
_schema_is_complete = threading.Event()


class Wrong(Exception):
    """A part does not work; the text is for our log, never for the answer."""


def look() -> dict[str, str]:
    """Each part by name: ``ok`` or ``failed``."""
    begun = {name: _begin(name, check) for name, check in CHECKS.items()}
    wait([future for future in begun.values() if future], timeout=PATIENCE)
    return {name: _outcome(name, future) for name, future in begun.items()}


def _begin(name: str, check: Callable[[], None]) -> Future[None] | None:
    """A new look, or None while the one before still hangs."""
    with _lock:
        earlier = _running.get(name)
        if earlier is not None and not earlier.done():
            return None
        _running[name] = future = _pool.submit(check)
        return future


def _outcome(name: str, future: Future[None] | None) -> str:
    if future is None or not future.done():
        logger.warning("a part does not answer", extra={"kind": name})
        return "failed"
    error = future.exception()
    if error is not None:
        told = {"kind": name, "error": type(error).__name__}
        logger.warning("a part does not work", extra=told)
        return "failed"
    return "ok"


def database() -> None:
    """A connection of this thread, closed again: the look must not borrow a request's."""
    connection = connections["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def migrations() -> None:
    """All migrations of the program are in the database; once seen they stay."""
    if _schema_is_complete.is_set():
        return
    connection = connections["default"]
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise Wrong("migrations are missing")
    finally:
        connection.close()
    _schema_is_complete.set()


def shared_cache() -> None:
    try:
        cache.set("health", "ok", 10)
        if cache.get("health") != "ok":
            raise Wrong("the cache forgets")
    finally:
        connections.close_all()


def broker() -> None:
    """Somebody listens where wake-ups are sent; a folder can be written."""
    url = urlsplit(settings.CELERY_BROKER_URL)
    if url.scheme in BROKER_PORTS:
        address = (url.hostname or "localhost", url.port or BROKER_PORTS[url.scheme])
        socket.create_connection(address, timeout=PATIENCE).close()
    elif url.scheme == "filesystem":
        folder = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"])
        if not os.access(folder if folder.exists() else settings.DATA_DIR, os.W_OK):
            raise Wrong("the queue's folder cannot be written")


def disk() -> None:
    """Room for photos, the queue and a database of files."""
    wanted = {name: disks.folders()[name] for name in (disks.DATA, disks.PHOTOS)}
    if any(room < LEAST_DISK for room in disks.free(wanted).values()):
        raise Wrong("the disk is nearly full")


CHECKS: Final[dict[str, Callable[[], None]]] = {
    "database": database,
    "migrations": migrations,
    "cache": shared_cache,
    "broker": broker,
    "disk": disk,
}


def uptime() -> dict[str, Any]:
    """How long this process has been answering."""
    return {"process": os.getpid(), "uptime_s": int(time.monotonic() - STARTED)}
