"""The database as one file of one moment, and back: SQLite copies itself, PostgreSQL by its tools.

A live file is never copied as it is: half of a transaction may stand in it.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from django.db import connection
from django.db.transaction import TransactionManagementError
from psycopg import sql

from history.backups.errors import BackupError

SQLITE: Final = "database.sqlite3.gz"
POSTGRESQL: Final = "database.dump"
# Who is signed in, and what can be reckoned again: nobody may sign in with an old backup.
LEFT_OUT: Final = ("django_session", "workshop_cache")
_QUICK: Final = 1  # gzip's level: the time counts, the rest is little
_WORDS: Final = 400  # characters of what a tool says


def database_member() -> str:
    return POSTGRESQL if connection.vendor == "postgresql" else SQLITE


def dump(target: Path) -> dict[str, int]:
    """Write the database of this installation to ``target``; table → rows of the same moment.

    Outside of a transaction only: SQLite would wait for its end, for ever.
    """
    if connection.in_atomic_block:
        raise TransactionManagementError("a backup is made outside of a transaction")
    return _dump_postgresql(target) if connection.vendor == "postgresql" else _dump_sqlite(target)


def load(source: Path) -> None:
    """Fill the empty database of this installation from ``source``. Raises BackupError."""
    if connection.vendor == "postgresql":
        _load_postgresql(source)
    else:
        _load_sqlite(source)


def counts() -> dict[str, int]:
    """Table → rows of this installation's database."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        return {name: _count(cursor, name) for name in sorted(tables) if name not in LEFT_OUT}


def _count(cursor: Any, table: str) -> int:
    quoted = connection.ops.quote_name(table)
    cursor.execute(f"SELECT COUNT(*) FROM {quoted}")  # noqa: S608 - a name from the catalogue
    return int(cursor.fetchone()[0])


# --- SQLite -------------------------------------------------------------------------------------


def _dump_sqlite(target: Path) -> dict[str, int]:
    copy = target.with_suffix(".copy")
    connection.ensure_connection()
    try:
        with closing(sqlite3.connect(copy)) as file:
            copy.chmod(0o600)
            # In one step: a copy in several begins anew with each change of somebody else.
            connection.connection.backup(file, pages=-1)
            found = _tidy(file)
        with copy.open("rb") as reader, gzip.open(target, "wb", compresslevel=_QUICK) as writer:
            shutil.copyfileobj(reader, writer)
    finally:
        copy.unlink(missing_ok=True)
    return found


def _tidy(file: sqlite3.Connection) -> dict[str, int]:
    """One file that stands alone, without what is left out, and proven to be whole."""
    file.execute("PRAGMA journal_mode=DELETE")
    tables = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in set(LEFT_OUT) & set(tables):
        file.execute(f'DELETE FROM "{name}"')  # noqa: S608 - our own names
    file.commit()
    (verdict,) = file.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise BackupError(f"The database itself is damaged: {verdict[:_WORDS]}")
    return {
        name: file.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]  # noqa: S608
        for name in sorted(tables)
        if name not in LEFT_OUT and not name.startswith("sqlite_")
    }


def _load_sqlite(source: Path) -> None:
    copy = source.with_suffix(".copy")
    try:
        with gzip.open(source, "rb") as reader, copy.open("wb") as writer:
            shutil.copyfileobj(reader, writer)
        connection.ensure_connection()
        with closing(sqlite3.connect(copy)) as file:
            file.backup(connection.connection)
    except (OSError, EOFError, sqlite3.Error) as error:
        raise BackupError(f"The database could not be written: {error}") from error
    finally:
        copy.unlink(missing_ok=True)
    connection.close()


# --- PostgreSQL ---------------------------------------------------------------------------------


def _dump_postgresql(target: Path) -> dict[str, int]:
    """`pg_dump` in a snapshot of ours, so that the counts are of the same moment."""
    with _snapshot() as (name, cursor):
        command = ["pg_dump", "--format=custom", "--compress=1", "--no-owner", "--no-privileges"]
        command += [f"--exclude-table-data={table}" for table in LEFT_OUT]
        command += ["--lock-wait-timeout=60s", f"--snapshot={name}", f"--file={target}"]
        _run(command)
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [row[0] for row in cursor.fetchall() if row[0] not in LEFT_OUT]
        found = {}
        for table in tables:
            cursor.execute(sql.SQL("SELECT COUNT(*) FROM {}").format(sql.Identifier(table)))
            found[table] = cursor.fetchone()[0]
    return found


@contextmanager
def _snapshot() -> Iterator[tuple[str, Any]]:
    """A transaction on a connection of its own that others may look at the database through."""
    parameters = dict(connection.get_connection_params())
    known = {key: parameters[key] for key in (*_PASSED, "password") if key in parameters}
    with psycopg.connect(**known) as own, own.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        row = cursor.fetchone()
        yield str(row[0] if row else ""), cursor


def _load_postgresql(source: Path) -> None:
    name = str(connection.settings_dict["NAME"])
    command = ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error"]
    command += ["--single-transaction", f"--dbname={name}", str(source)]
    connection.close()
    _run(command)


# What libpq calls the parameters that Django has; the password goes by a file.
_PASSED: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def _run(command: list[str]) -> None:
    parameters = connection.get_connection_params()
    named = {key: str(parameters[key]) for key in _PASSED if parameters.get(key)}
    environment = os.environ | {_PASSED[key]: value for key, value in named.items()}
    try:
        with _password_file(str(parameters.get("password", ""))) as kept:
            done = subprocess.run(
                command, env=environment | kept, capture_output=True, text=True, check=False
            )
    except FileNotFoundError as error:
        raise BackupError(
            f"{command[0]} is not installed here. Cure: apt-get install postgresql-client"
        ) from error
    if done.returncode:
        raise BackupError(f"{command[0]} failed: {done.stderr.strip()[:_WORDS]}")


@contextmanager
def _password_file(password: str) -> Iterator[dict[str, str]]:
    """Where libpq reads it: a command and an environment can be looked at while they run."""
    if not password:
        yield {}
        return
    with tempfile.NamedTemporaryFile("w", prefix="pgpass-", encoding="utf-8") as file:
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        file.write(f"*:*:*:*:{escaped}\n")
        file.flush()
        yield {"PGPASSFILE": file.name}
