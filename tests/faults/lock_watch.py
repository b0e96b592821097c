"""Who waits for a lock in the database, how long, and behind whom: looked at all the time."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

import psycopg

EVERY: Final = 0.05  # seconds
TOLD: Final = 0.2  # seconds; who waits longer is looked at closer

WAITING: Final = """
SELECT a.pid, extract(epoch FROM l.waitstart)::float8,
    extract(epoch FROM clock_timestamp() - l.waitstart)::float8,
    a.application_name, l.locktype, l.mode, coalesce(l.relation::regclass::text, ''),
    left(a.query, 160)
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = current_database() AND l.waitstart IS NOT NULL
"""
BEHIND: Final = """
SELECT a.application_name || ': ' || left(a.query, 160)
FROM pg_stat_activity a WHERE a.pid = ANY(pg_blocking_pids(%s))
"""


@dataclass
class Wait:
    """One wait, as long as it was when it was last seen."""

    who: str
    seconds: float
    lock: str
    statement: str
    behind: list[str] = field(default_factory=list)

    @property
    def is_a_build(self) -> bool:
        """An index that is built online waits for transactions; nobody waits behind it."""
        return self.lock.startswith("virtualxid")


class LockWatch:
    """``with LockWatch(url) as watch``: what it saw is in ``waits``."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._seen: dict[tuple[int, float], Wait] = {}
        self.looks = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(10)

    @property
    def waits(self) -> list[Wait]:
        """The longest first."""
        return sorted(self._seen.values(), key=lambda one: -one.seconds)

    def _watch(self) -> None:
        with psycopg.connect(self._url, autocommit=True, application_name="watch") as connection:
            while not self._stop.wait(EVERY):
                # A relation may be gone before it is named.
                with suppress(psycopg.errors.UndefinedTable, psycopg.errors.InternalError_):
                    for row in connection.execute(WAITING).fetchall():
                        self._note(connection, *row)
                self.looks += 1

    def _note(
        self, connection: Any, pid: int, since: float, seconds: float, who: str, *lock: str
    ) -> None:
        kind, mode, relation, statement = lock
        told = " ".join(filter(None, (kind, mode, relation)))
        wait = self._seen.setdefault((pid, since), Wait(who, 0.0, told, statement))
        wait.seconds = max(wait.seconds, seconds)
        if seconds > TOLD and not wait.behind:
            rows = connection.execute(BEHIND, [pid]).fetchall()
            wait.behind = [str(row[0]) for row in rows]
