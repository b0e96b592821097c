"""The machine under a benchmark: cores apart, processes, a durable PostgreSQL, versions."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests.faults.setup import Place
from workshop import local_services

LIBRARIES = ("django", "psycopg", "python-telegram-bot", "aiohttp", "djangorestframework", "celery")


@dataclass(frozen=True)
class Cores:
    """Which cores the server under test gets, and which the client that drives it."""

    server: frozenset[int]
    client: frozenset[int]


def cores() -> Cores:
    """Half and half; on one core they cannot be kept apart."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(frozenset(), frozenset())
    mine = sorted(os.sched_getaffinity(0))
    middle = (len(mine) + 1) // 2
    return Cores(frozenset(mine[:middle]), frozenset(mine[middle:] or mine))


def pin(pid: int, cpus: frozenset[int]) -> None:
    """Keep a process (0: this one) on these cores; threads and children it makes stay there."""
    if cpus and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, cpus)


@contextlib.contextmanager
def pinned(cpus: frozenset[int] | None) -> Iterator[None]:
    """This process, and what it starts meanwhile, on these cores; then where it was before."""
    if not cpus or not hasattr(os, "sched_getaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    pin(0, cpus)
    try:
        yield
    finally:
        pin(0, frozenset(before))


def start(
    command: Sequence[str],
    *,
    cpus: frozenset[int] | None = None,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> subprocess.Popen[Any]:
    """A process on cores of its own. Without `stdout` it writes to stderr: ours is the result's."""
    with pinned(cpus):
        return subprocess.Popen(
            list(command),
            env=dict(environment) if environment is not None else None,
            **{"stdout": sys.stderr, "stderr": sys.stderr, **options},
        )


def cpu_seconds(pid: int) -> float:
    """What the process has used so far, all threads together; 0 where /proc does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    ticks: int = os.sysconf("SC_CLK_TCK")
    return (int(fields[11]) + int(fields[12])) / ticks


@contextlib.contextmanager
def durable_postgres(cpus: frozenset[int] | None = None) -> Iterator[None]:
    """A server that :func:`throwaway` then finds: that of TEST_DATABASE_URL, else one of our own
    with fsync and synchronous commits, as it would run in a workshop.
    """
    binaries = local_services.postgres_binaries()
    if os.environ.get("TEST_DATABASE_URL") or binaries is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="bench-pg-") as folder:
        Path(folder).chmod(0o711)  # the server's account has to reach its folder in it
        with contextlib.ExitStack() as stack:
            with pinned(cpus):
                url = stack.enter_context(local_services.cluster(binaries, Path(folder) / "pg"))
            os.environ["TEST_DATABASE_URL"] = url
            try:
                yield
            finally:
                del os.environ["TEST_DATABASE_URL"]


@contextlib.contextmanager
def copied(place: Place) -> Iterator[Place]:
    """A copy of the database, used by this process and by all with the new place's environment:
    every round begins in the same state. SQLite files and servers alike.
    """
    from django.db import connection

    settings = connection.settings_dict
    original = settings["NAME"]
    connection.close()
    if place.vendor == "postgresql":
        with _cloned(place.url, str(original)) as url:
            yield from _moved_to(place, url, urlsplit(url).path[1:])
    else:
        copy = Path(f"{original}.copy")
        shutil.copy(str(original), copy)
        yield from _moved_to(place, f"sqlite:///{copy}", str(copy))


def _moved_to(place: Place, url: str, name: str) -> Iterator[Place]:
    from django.db import connection

    settings = connection.settings_dict
    original, settings["NAME"] = settings["NAME"], name
    try:
        yield replace(place, url=url, environment={**place.environment, "DATABASE_URL": url})
    finally:
        connection.close()
        settings["NAME"] = original


@contextlib.contextmanager
def _cloned(url: str, name: str) -> Iterator[str]:
    import psycopg

    copy = f"{name}_copy"  # our own letters and digits
    parts = urlsplit(url)
    server = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
        try:
            yield urlunsplit(parts._replace(path=f"/{copy}"))
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')


def database_versions(vendor: str) -> dict[str, str]:
    """The server, and whether its commits are durable."""
    from django.db import connection

    if vendor != "postgresql":
        return {"sqlite": _one("SELECT sqlite_version()")}
    connection.ensure_connection()
    return {
        "postgresql": _one("SHOW server_version"),
        "fsync": _one("SHOW fsync"),
        "synchronous_commit": _one("SHOW synchronous_commit"),
    }


def _one(query: str) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return str(cursor.fetchone()[0])


def library_versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in LIBRARIES}


def machine() -> str:
    """The class of the machine: enough to judge a figure by, nothing to find it by."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
