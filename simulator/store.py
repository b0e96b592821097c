"""Write-behind persistence: JSON documents in one SQLite file.

The simulator works on plain objects in memory. Every change marks a document as dirty; soon
after the first one all dirty ones are written in one transaction, as at the orderly stop. So a
call costs a dictionary entry, and a restart finds ids, messages and pending updates again. A power
cut may lose the last moment, which is fine for a demonstration and for tests.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

FLUSH_SECONDS = 0.05

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS document (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
"""


class Store:
    """Documents by (kind, key). Without a folder nothing is kept: the memory mode."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._dirty: dict[tuple[str, str], Any] = {}
        self._on_dirty: Callable[[], object] | None = None
        self._connection: sqlite3.Connection | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                folder / "simulator.sqlite3", check_same_thread=False
            )
            self._connection.executescript(_SCHEMA)

    def load(self, kind: str) -> Iterator[tuple[str, Any]]:
        if self._connection is None:
            return
        rows = self._connection.execute(
            "SELECT key, body FROM document WHERE kind = ? ORDER BY length(key), key", (kind,)
        )
        for key, body in rows:
            yield key, orjson.loads(body)

    def tell_when_dirty(self, tell: Callable[[], object]) -> None:
        """Called at the first change after each flush, and now when something waits already."""
        self._on_dirty = tell
        if self._dirty:
            tell()

    def put(self, kind: str, key: object, document: Any) -> None:
        """Remember the document; it is serialised at the next flush, so later changes count."""
        self._mark((kind, str(key)), document)

    def drop(self, kind: str, key: object) -> None:
        self._mark((kind, str(key)), None)

    def _mark(self, name: tuple[str, str], document: Any) -> None:
        if self._connection is None:
            return
        is_first = not self._dirty
        self._dirty[name] = document
        if is_first and self._on_dirty is not None:
            self._on_dirty()

    def flush(self) -> None:
        if self._connection is None or not self._dirty:
            return
        dirty, self._dirty = self._dirty, {}
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO document (kind, key, body) VALUES (?, ?, ?)",
                [(*name, orjson.dumps(doc)) for name, doc in dirty.items() if doc is not None],
            )
            self._connection.executemany(
                "DELETE FROM document WHERE kind = ? AND key = ?",
                [name for name, doc in dirty.items() if doc is None],
            )

    def clear(self) -> None:
        """Forget every document but the counters, so that no id is ever given out twice."""
        self._dirty = {name: doc for name, doc in self._dirty.items() if name[0] == "counter"}
        if self._connection is not None:
            with self._connection:
                self._connection.execute("DELETE FROM document WHERE kind <> 'counter'")

    def close(self) -> None:
        self.flush()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
