"""Migrations have one purpose, can be taken back, and do not stop a running workshop."""

import re
from collections.abc import Iterator

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from tests.architecture.source import APPS

SCHEMA = (
    migrations.CreateModel,
    migrations.AddField,
    migrations.AlterField,
    migrations.RemoveField,
    migrations.AddIndex,
    migrations.AddConstraint,
)
# The version before still runs while this one migrates: these would break it.
ABRUPT = (migrations.RenameField, migrations.RenameModel, migrations.AlterModelTable)


def ours() -> list[migrations.Migration]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return [m for (label, _), m in sorted(loader.disk_migrations.items()) if label in APPS]


def writes_rows(operation: object) -> bool:
    """On the way forward: what only a step back writes may stand between two constraints."""
    if isinstance(operation, migrations.RunPython):
        return operation.code is not migrations.RunPython.noop
    return isinstance(operation, migrations.RunSQL)


def problems(migration: migrations.Migration) -> Iterator[str]:
    place = f"{migration.app_label}/migrations/{migration.name}.py"
    if re.search(r"_auto_|_alter_\w+_and_more$|_and_more$", migration.name):
        yield f"{place}: the name does not say what it is for"
    operations = migration.operations
    data = [o for o in operations if writes_rows(o)]
    if data and any(isinstance(operation, SCHEMA) for operation in operations):
        yield f"{place}: changes tables and rows in one step"
    for operation in operations:
        if not operation.reversible:
            yield f"{place}: {operation.describe()} cannot be taken back"
        if isinstance(operation, ABRUPT):
            yield f"{place}: {operation.describe()} breaks the version that still runs"
        if text := _unfilled(operation):
            yield f"{place}: {text}"


def _unfilled(operation: Operation) -> str:
    """A new required column without a default fails on a table that has rows."""
    if not isinstance(operation, migrations.AddField) or isinstance(
        operation.field, models.ManyToManyField
    ):
        return ""
    field = operation.field
    if field.null or field.has_default() or field.db_default is not models.NOT_PROVIDED:
        return ""
    return f"{operation.describe()}: needs a default or null for the rows that exist"


@pytest.mark.parametrize("migration", ours(), ids=lambda m: f"{m.app_label}-{m.name}")
def test_a_migration_is_safe_and_can_be_taken_back(migration: migrations.Migration) -> None:
    # Inside an app's first migrations a column may follow its table: there are no rows yet.
    found = [text for text in problems(migration) if not migration.initial or "default" not in text]
    assert found == []


def test_every_app_has_one_last_migration() -> None:
    assert MigrationLoader(None).detect_conflicts() == {}


def sample(name: str, *operations: Operation) -> migrations.Migration:
    migration = migrations.Migration(name, "staff")
    migration.operations = list(operations)
    return migration


@pytest.mark.parametrize(
    ("migration", "said"),
    [
        (sample("0002_auto_20260101_1200"), "does not say"),
        (sample("0002_alter_person_and_more"), "does not say"),
        (sample("0002_fill", migrations.RunPython(lambda *_: None)), "cannot be taken back"),
        (sample("0002_sql", migrations.RunSQL("SELECT 1")), "cannot be taken back"),
        (sample("0002_rename", migrations.RenameField("a", "b", "c")), "breaks the version"),
        (
            sample("0002_column", migrations.AddField("a", "b", models.IntegerField())),
            "needs a default",
        ),
        (
            sample(
                "0002_both",
                migrations.RunSQL("SELECT 1", "SELECT 1"),
                migrations.AddField("a", "b", models.IntegerField(null=True)),
            ),
            "tables and rows",
        ),
    ],
)
def test_the_check_sees_what_is_dangerous(migration: migrations.Migration, said: str) -> None:
    assert any(said in text for text in problems(migration))


def test_the_check_lets_a_good_migration_pass() -> None:
    good = sample("0002_add_colour", migrations.AddField("a", "b", models.IntegerField(default=0)))
    assert list(problems(good)) == []
