"""The database as it was installed: what a transactional test goes back to.

Django flushes after such a test and seeds the catalogues again by the migrate signal, a second of
work each time. Here the fresh rows are kept once and put back as they were, primary keys and
sequences included, so that the next test finds what the first one found.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Protocol

from django.db import connection, transaction

from history.triggers import lifted


class _Kept(Protocol):
    def restore(self) -> None: ...

    def forget(self) -> None: ...


_kept: list[_Kept] = []


def keep() -> None:
    """The database as it is now, where it can be put back."""
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        _kept.append(_File())
    elif _may_pass_foreign_keys():
        _kept.append(_Rows())


def restore() -> bool:
    """Puts the database back as it was; False when it was not kept."""
    for kept in _kept:
        kept.restore()
    return bool(_kept)


def forget() -> None:
    while _kept:
        _kept.pop().forget()


class _File:
    """SQLite: a second file, copied over the database page by page."""

    def __init__(self) -> None:
        self._path = Path(f"{connection.settings_dict['NAME']}.fresh")
        self._copy = sqlite3.connect(self._path)
        connection.connection.backup(self._copy)

    def restore(self) -> None:
        connection.ensure_connection()
        self._copy.backup(connection.connection)

    def forget(self) -> None:
        self._copy.close()
        self._path.unlink(missing_ok=True)


def _may_pass_foreign_keys() -> bool:
    """A superuser of PostgreSQL may put rows back in any order."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW is_superuser")
        return bool(cursor.fetchone() == ("on",))


class _Rows:
    """PostgreSQL: the few rows of an installation in memory, and where its sequences stood.

    Deleting is a fraction of TRUNCATE's work where a hundred tables hold next to nothing.
    """

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            self._tables = [name for (name,) in cursor.fetchall()]
            self._rows: dict[str, bytes] = {}
            for table in self._tables:
                cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
                if cursor.fetchone() == (True,):
                    with cursor.copy(f'COPY "{table}" TO STDOUT (FORMAT binary)') as copy:
                        self._rows[table] = b"".join(map(bytes, copy))
            self._sequences = sequences(cursor)

    def restore(self) -> None:
        with lifted(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            # A thread that still writes is waited for: nothing of it shall come afterwards.
            named = ", ".join(f'"{table}"' for table in self._tables)
            cursor.execute(f"LOCK TABLE {named} IN ACCESS EXCLUSIVE MODE")
            cursor.execute(";".join(f'DELETE FROM "{table}"' for table in self._tables))
            for table, rows in self._rows.items():
                with cursor.copy(f'COPY "{table}" FROM STDIN (FORMAT binary)') as copy:
                    copy.write(rows)
            moved = [
                (name, last or 1, last is not None)
                for name, last in self._sequences.items() - sequences(cursor).items()
            ]
            cursor.executemany("SELECT setval(quote_ident(%s)::regclass, %s, %s)", moved)

    def forget(self) -> None:
        self._rows.clear()


def sequences(cursor: Any) -> dict[str, int | None]:
    """How far each sequence of PostgreSQL has come; None where it was never asked."""
    cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
    return dict(cursor.fetchall())
