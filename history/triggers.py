"""The database itself keeps events append-only: triggers on PostgreSQL and SQLite.

They are made by an idempotent step after every migrate, because SQLite drops triggers whenever a
table is rebuilt. On SQLite a BEFORE INSERT trigger is needed too: INSERT OR REPLACE would pass
the others. ``lifted`` exists for the tests' flush alone; nothing in the product calls it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from history.models import Event

TABLE: Final = Event._meta.db_table
NAMES: Final = {
    "postgresql": ("history_event_append_only", "history_event_no_truncate"),
    "sqlite": (
        "history_event_no_update",
        "history_event_no_delete",
        "history_event_no_replace",
    ),
}

_POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION history_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER history_event_append_only BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION history_refuse_change();
CREATE OR REPLACE TRIGGER history_event_no_truncate BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION history_refuse_change();
ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER history_event_append_only;
ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER history_event_no_truncate;
"""

_SQLITE = (
    f"""CREATE TRIGGER IF NOT EXISTS history_event_no_update BEFORE UPDATE ON {TABLE}
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE refused'); END""",
    f"""CREATE TRIGGER IF NOT EXISTS history_event_no_delete BEFORE DELETE ON {TABLE}
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE refused'); END""",
    f"""CREATE TRIGGER IF NOT EXISTS history_event_no_replace BEFORE INSERT ON {TABLE}
    WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id
        OR (stream = NEW.stream AND sequence = NEW.sequence)
        OR (command_id = NEW.command_id AND ordinal = NEW.ordinal))
    BEGIN SELECT RAISE(ABORT, 'history is append-only: the event exists'); END""",  # noqa: S608  # names only
)


def install(using: str = "default") -> None:
    """Create the triggers that are absent; safe to repeat."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            if missing(using):  # replacing takes a lock on the table: only when it is needed
                cursor.execute(_POSTGRESQL)
            return
        for statement in _SQLITE:
            cursor.execute(statement)


def missing(using: str = "default") -> list[str]:
    """Names of triggers that should be there and are not, or are disabled."""
    connection = connections[using]
    present = _present(connection)
    return [name for name in NAMES[connection.vendor] if name not in present]


def _present(connection: BaseDatabaseWrapper) -> set[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgenabled = 'A'",
                [TABLE],
            )
        else:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE]
            )
        return {row[0] for row in cursor.fetchall()}


@contextmanager
def lifted(using: str = "default") -> Iterator[None]:
    """Without the triggers for the length of a block: only for the flush between tests."""
    connection = connections[using]
    _settle(connection)
    with connection.cursor() as cursor:
        for name in NAMES[connection.vendor]:
            table = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{table}")
    try:
        yield
    finally:
        _settle(connection)
        install(using)


def _settle(connection: BaseDatabaseWrapper) -> None:
    """PostgreSQL alters no table whose deferred foreign keys have not been looked at yet."""
    if connection.vendor == "postgresql":
        connection.check_constraints()


def install_after_migrate(using: str, **_: Any) -> None:
    """Receiver of ``post_migrate``."""
    if TABLE in connections[using].introspection.table_names():
        install(using)
