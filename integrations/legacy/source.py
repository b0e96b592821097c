"""The earlier platform's database: read-only, one snapshot, row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]

TABLES: Final[dict[str, tuple[str, ...]]] = {
    "employees": (
        "id", "name", "role", "telegram_id", "telegram_username", "is_active", "created_at",
    ),
    "operation_types": ("id", "code", "name"),
    "return_reasons": ("id", "code", "name", "affects"),
    "receipts": ("id", "receipt_number", "created_at", "current_deadline"),
    "operations": ("id", "receipt_id", "operation_type_id", "employee_id", "created_at"),
    "polishing_details": (
        "receipt_id", "polisher_id", "metal_type", "bracelet", "difficult", "comment",
        "sent_at", "returned_at",
    ),
    "returns": ("id", "receipt_id", "comment", "created_at"),
    "return_reason_links": ("id", "return_id", "reason_id", "guilty_employee_id"),
    "history_events": (
        "id", "receipt_id", "event_type", "payload", "telegram_id", "telegram_username",
        "created_at",
    ),
    "notifications": (
        "id", "receipt_id", "notification_type", "scheduled_at", "sent_at", "is_cancelled",
        "created_at",
    ),
}  # fmt: skip
AT_ONCE: Final = 2000


class SourceError(Exception):
    """The database cannot be read, or is not the earlier platform's. Never names a password."""


class Source(Protocol):
    """A read-only snapshot; several queries may be read side by side."""

    def rows(self, sql: str) -> Iterator[Row]: ...

    def columns(self) -> dict[str, set[str]]: ...


class _Postgres:
    def __init__(self, url: str) -> None:
        self._names = count(1)
        try:
            self._connection = psycopg.connect(url, connect_timeout=10)
        except psycopg.Error as error:
            raise SourceError(f"The database cannot be opened: {str(error).strip()}") from None
        self._connection.read_only = True
        # One snapshot for all tables, although the old platform may go on writing.
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

    def rows(self, sql: str) -> Iterator[Row]:
        name = f"legacy_{next(self._names)}"
        with self._connection.cursor(name=name, row_factory=dict_row) as cursor:
            cursor.itersize = AT_ONCE
            cursor.execute(sql.encode())
            yield from cursor

    def columns(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        sql = (
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = ANY (current_schemas(false))"
        )
        for row in self.rows(sql):
            found.setdefault(row["table_name"], set()).add(row["column_name"])
        return found

    def close(self) -> None:
        self._connection.close()


class _SQLite:
    def __init__(self, path: str) -> None:
        file = Path(path)
        if not file.is_file():
            raise SourceError(f"There is no file {path}.")
        uri = f"{file.absolute().as_uri()}?mode=ro"
        try:
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("BEGIN")
            self._connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error as error:
            raise SourceError(f"The database cannot be opened: {error}") from None

    def rows(self, sql: str) -> Iterator[Row]:
        for row in self._connection.execute(sql):
            yield dict(row)

    def columns(self) -> dict[str, set[str]]:
        tables = [row["name"] for row in self.rows("SELECT name FROM sqlite_master")]
        return {
            table: {row["name"] for row in self.rows(f'PRAGMA table_info("{table}")')}
            for table in tables
        }

    def close(self) -> None:
        self._connection.close()


@contextmanager
def open_source(url: str) -> Iterator[Source]:
    """``postgres://…`` or ``sqlite:///path``; raises SourceError when it is not what we expect."""
    scheme = urlsplit(url).scheme
    if scheme in {"postgres", "postgresql"}:
        source: _Postgres | _SQLite = _Postgres(url)
    elif scheme == "sqlite":
        source = _SQLite(unquote(urlsplit(url).path.removeprefix("/") or "missing"))
    else:
        raise SourceError("Give a database url: postgres://user@host/name or sqlite:///path.")
    try:
        _check(source)
        yield source
    except (psycopg.Error, sqlite3.Error) as error:
        raise SourceError(f"The database cannot be read: {str(error).strip()}") from error
    finally:
        source.close()


def _check(source: Source) -> None:
    there = source.columns()
    missing = [
        table if table not in there else f"{table}.{column}"
        for table, columns in TABLES.items()
        for column in columns
        if column not in there.get(table, ())
    ]
    if missing:
        named = ", ".join(dict.fromkeys(missing))
        raise SourceError(f"This is not the earlier platform's database, it lacks: {named}.")


def counts(source: Source) -> dict[str, int]:
    """Rows of every table."""
    return {
        table: next(source.rows(f"SELECT count(*) AS n FROM {table}"))["n"]  # noqa: S608  # names
        for table in TABLES
    }
