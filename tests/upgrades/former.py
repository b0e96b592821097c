"""A workshop in the schema of a former release, made of the rows of the present one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any, Final

from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

OURS: Final = ("botapp", "integrations", "analytics", "polishing", "receipts", "staff", "history")
# What was recorded of things that a former release does not have; its commands would be replayed.
LATER: Final = ("alert_rule", "settings:alert-rule")


@dataclass
class Table:
    columns: Sequence[str]
    rows: list[tuple[Any, ...]]

    def of(self, column: str) -> list[Any]:
        place = self.columns.index(column)
        return [row[place] for row in self.rows]

    def without(self, column: str, gone: Iterable[Any]) -> None:
        place, unwanted = self.columns.index(column), set(gone)
        self.rows = [row for row in self.rows if row[place] not in unwanted]


def upgrade(leaves: Mapping[str, str]) -> list[str]:
    """What is missing after the way from that release to the present."""
    kept = _without_later(_snapshot())
    _to([(app, None) for app in OURS])
    _to([(app, leaves[app]) for app in OURS if app in leaves])
    before = _fill(kept)
    call_command("migrate", interactive=False, verbosity=0)
    after = {name: len(_ids(name)) for name in before}
    told = []
    for name, ids in before.items():
        if missing := ids - _ids(name):
            told.append(f"{name}: {len(missing)} of {len(ids)} rows are gone")
    if sum(after.values()) == 0:
        told.append("nothing was there to be upgraded")
    return told


def _to(target: list[tuple[str, str | None]]) -> None:
    """Without the seeds and triggers of the present, which an older program would not make."""
    executor = MigrationExecutor(connection)
    executor.migrate(target)


def _tables() -> list[str]:
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    return [name for name in names if name.startswith(OURS)]


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, table)
    return [column.name for column in found]


def _snapshot() -> dict[str, Table]:
    found = {}
    for name in _tables():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            columns = [column[0] for column in cursor.description]
            rows = [tuple(map(_plain, row)) for row in cursor.fetchall()]
            found[name] = Table(columns, rows)
    return found


def _plain(value: Any) -> Any:
    """As the driver takes it again: SQLite's reads a time and cannot write one."""
    return value.isoformat() if isinstance(value, time) else value


def _without_later(kept: dict[str, Table]) -> dict[str, Table]:
    commands, events = kept["history_command"], kept["history_event"]
    verbs = dict(zip(commands.of("id"), commands.of("verb"), strict=True))
    gone = {key for key, verb in verbs.items() if verb.startswith(LATER)}
    lost = {
        key
        for key, command in zip(events.of("id"), events.of("command_id"), strict=True)
        if command in gone
    }
    commands.without("id", gone)
    events.without("command_id", gone)
    kept["history_outbox"].without("event_id", lost)
    streams = kept["history_stream"]
    streams.without("name", [name for name in streams.of("name") if name.startswith(LATER)])
    days = kept["receipts_calendarday"]
    days.without("like_weekday", range(7))
    return kept


def _fill(kept: Mapping[str, Table]) -> dict[str, set[Any]]:
    """Put in what this schema has a place for; the ids by table."""
    names = [name for name in _tables() if name in kept]
    with transaction.atomic(), connection.cursor() as cursor:
        for name in names:
            table = kept[name]
            columns = [one for one in _columns(name) if one in table.columns]
            places = [table.columns.index(one) for one in columns]
            quoted = ", ".join(map(connection.ops.quote_name, columns))
            marks = ", ".join(["%s"] * len(columns))
            statement = f"INSERT INTO {connection.ops.quote_name(name)} ({quoted}) VALUES ({marks})"
            cursor.executemany(statement, [tuple(row[at] for at in places) for row in table.rows])
    _set_sequences(names)
    return {name: _ids(name) for name in names}


def _set_sequences(tables: Sequence[str]) -> None:
    state = MigrationExecutor(connection)._create_project_state(with_applied_migrations=True)
    models = [one for one in state.apps.get_models() if one._meta.db_table in tables]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def _ids(table: str) -> set[Any]:
    """The rows by their first column, which is the key of every table of ours."""
    with connection.cursor() as cursor:
        first = connection.ops.quote_name(_columns(table)[0])
        cursor.execute(f"SELECT {first} FROM {connection.ops.quote_name(table)}")
        return {row[0] for row in cursor.fetchall()}
