"""The database itself refuses to change or remove an event, and says when it no longer would."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connection, transaction

from history import triggers
from history.checks import append_only_triggers
from history.models import Event
from history.tests.conftest import events
from workshop.lib.models import DeletionForbidden

COLUMNS = [str(field.column) for field in Event._meta.fields]


def _refused(sql: str) -> None:
    before = list(Event.objects.order_by("id").values())
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert list(Event.objects.order_by("id").values()) == before


@pytest.mark.django_db
@pytest.mark.parametrize("column", COLUMNS)
def test_update_of_any_column_is_refused(write: Any, column: str) -> None:
    write()
    _refused(f"UPDATE history_event SET {column} = {column}")


@pytest.mark.django_db
def test_delete_is_refused(write: Any) -> None:
    write()
    _refused("DELETE FROM history_event")
    _refused("DELETE FROM history_event WHERE sequence = 1")


@pytest.mark.django_db
@pytest.mark.postgres
def test_truncate_and_upsert_are_refused(write: Any) -> None:
    write()
    connection.check_constraints()
    _refused("TRUNCATE history_event CASCADE")
    _refused(f"{_again('id')} ON CONFLICT (id) DO UPDATE SET kind = 'forged'")
    with connection.cursor() as cursor:  # a replica's session does not pass either
        cursor.execute("SET LOCAL session_replication_role = replica")
    _refused("UPDATE history_event SET kind = 'forged'")


@pytest.mark.django_db
@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("same", "fresh"),
    [
        (["id"], ["stream", "ordinal"]),
        (["stream", "sequence"], ["id", "ordinal"]),
        (["command_id", "ordinal"], ["id", "stream"]),
    ],
)
def test_insert_or_replace_is_refused(write: Any, same: list[str], fresh: list[str]) -> None:
    write()
    _refused(_again(*fresh).replace("INSERT", "INSERT OR REPLACE"))


def _again(*fresh: str) -> str:
    """An INSERT of the only event once more, forged, with other values in ``fresh`` columns."""
    other = {"id": "id + 7000", "stream": "'test:9'", "ordinal": "ordinal + 7", "kind": "'forged'"}
    if fresh == ("id",):
        other.pop("id")
    values = [other[c] if c in (*fresh, "kind") and c in other else c for c in COLUMNS]
    return (
        f"INSERT INTO history_event ({', '.join(COLUMNS)}) "
        f"SELECT {', '.join(values)} FROM history_event WHERE stream LIKE 'test:%'"
    )


@pytest.mark.django_db
def test_the_orm_offers_no_way_either(write: Any) -> None:
    event = write()
    event.kind = "forged"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        event.save()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.update(kind="forged")
    with pytest.raises(DeletionForbidden):
        event.delete()
    with pytest.raises(DeletionForbidden):
        Event.objects.all().delete()
    assert events().get().kind == "test.noted"


@pytest.mark.django_db
def test_the_check_names_absent_triggers_and_prepare_brings_them_back() -> None:
    assert append_only_triggers(databases=["default"]) == []
    name = triggers.NAMES[connection.vendor][0]
    with connection.cursor() as cursor:
        on = f" ON {triggers.TABLE}" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER {name}{on}")

    found = append_only_triggers(databases=["default"])
    assert [(error.id, name in error.msg) for error in found] == [("history.E001", True)]
    with pytest.raises(SystemCheckError):
        call_command("check", databases=["default"])
    with pytest.raises(SystemCheckError):
        call_command("migrate", skip_checks=False)  # as at the terminal
    assert "manage.py prepare" in str(found[0].hint)
    call_command("migrate", verbosity=0)  # as `prepare` does
    assert triggers.missing() == []


@pytest.mark.django_db
@pytest.mark.postgres
@pytest.mark.parametrize("how", ["DISABLE", "ENABLE"])
def test_a_disabled_or_weakened_trigger_counts_as_absent(how: str) -> None:
    name = triggers.NAMES["postgresql"][0]
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {triggers.TABLE} {how} TRIGGER {name}")

    assert triggers.missing() == [name]
    triggers.install()
    assert triggers.missing() == []
