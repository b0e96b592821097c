"""Migrations have one purpose, can be taken back, and do not stop a running workshop."""

import re
from collections.abc import Iterable, Iterator

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from tests.architecture.source import APPS
from workshop.lib.indexes import AddIndexOnline

SCHEMA = (
    migrations.CreateModel,
    migrations.AddField,
    migrations.AlterField,
    migrations.RemoveField,
    migrations.AddIndex,
    migrations.AddConstraint,
)
# The version before still runs while this one migrates: these would break it.
ABRUPT = (
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
    migrations.RemoveField,
    migrations.DeleteModel,
)
# These hold up everybody who writes, or reads, for as long as the table is long. Online they are:
# AddIndexOnline; AddConstraintNotValid, and ValidateConstraint in a migration of its own.
HOLDING_UP = (migrations.AddIndex, migrations.AddConstraint, migrations.AlterUniqueTogether)
ONLINE = (AddIndexOnline, AddIndexConcurrently, AddConstraintNotValid)
ONLINE_WORDS = "AddIndexOnline, or AddConstraintNotValid and ValidateConstraint"
# Columns (and models, with an empty name) whose change or end harms nobody, and why: only the
# catalogue of the database notices it, or no version that may still run reads or writes them.
HARMLESS: dict[tuple[str, str], str] = {
    ("alertrule", "unless"): "a default of the database for the version before",
}
# Made before that was looked at, on tables that were short; `make faults-rolling` runs across them.
FORMER = frozenset(
    {
        ("receipts", "0002_remember_told_reminders"),
        ("receipts", "0004_transferred_days"),
        ("receipts", "0005_photo_to_load_index"),
        ("botapp", "0002_note_screens_on_their_way"),
        ("botapp", "0005_name_the_queue"),
        ("botapp", "0006_reopen_group_cards"),
        ("analytics", "0006_alert_rule_unless"),
    }
)


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
    operations = list(_in_the_database(migration.operations))
    data = [o for o in operations if writes_rows(o)]
    if data and any(isinstance(operation, SCHEMA) for operation in operations):
        yield f"{place}: changes tables and rows in one step"
    for operation in operations:
        if not operation.reversible:
            yield f"{place}: {operation.describe()} cannot be taken back"
        if isinstance(operation, ABRUPT) and not _is_harmless(operation):
            yield f"{place}: {operation.describe()} breaks the version that still runs"
        if text := _unfilled(operation):
            yield f"{place}: {text}"
    if (migration.app_label, migration.name) not in FORMER:
        yield from (f"{place}: {text}" for text in _beside_the_version_before(migration))


def _beside_the_version_before(migration: migrations.Migration) -> Iterator[str]:
    """What would stop, or break, the programs that work on these tables meanwhile."""
    operations = list(_in_the_database(migration.operations))
    made = {one.name_lower for one in operations if isinstance(one, migrations.CreateModel)}
    for operation in operations:
        if getattr(operation, "model_name_lower", "") in made:
            continue  # nobody knows the table yet
        if isinstance(operation, HOLDING_UP) and not isinstance(operation, ONLINE):
            yield f"{operation.describe()}: holds up whoever writes; use {ONLINE_WORDS}"
        if isinstance(operation, migrations.AddField):
            yield from _column_beside(operation)
        if isinstance(operation, migrations.AlterField):
            yield from _change_beside(operation)


def _column_beside(operation: migrations.AddField) -> Iterator[str]:
    field = operation.field
    if isinstance(field, models.ManyToManyField):
        return  # a table of its own
    # What has only a default in Python is unknown to the version before: its rows would be refused.
    if not field.null and field.db_default is models.NOT_PROVIDED:
        yield f"{operation.describe()}: the version before writes rows without it; use db_default"
    if field.db_index or field.unique:
        yield f"{operation.describe()}: its index holds up whoever writes; add it online"


def _change_beside(operation: migrations.AlterField) -> Iterator[str]:
    """Of another kind, longer or shorter, or required: seen by comparing with what was there."""
    if not _is_harmless(operation):
        yield (
            f"{operation.describe()}: if no row is rewritten or looked at, and the version before "
            "can live with it, note that in HARMLESS; else a new column, filled, then used"
        )


def _is_harmless(operation: Operation) -> bool:
    if isinstance(operation, migrations.DeleteModel):
        return (operation.name_lower, "") in HARMLESS
    place = getattr(operation, "model_name_lower", ""), getattr(operation, "name_lower", "")
    return place in HARMLESS


def _in_the_database(found: Iterable[Operation]) -> Iterator[Operation]:
    """Without those that only Django's picture of the tables notices."""
    for operation in found:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from _in_the_database(operation.database_operations)
        else:
            yield operation


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
    found = list(problems(migration))
    # Inside an app's first migrations a column may follow its table: there are no rows yet.
    if migration.initial:
        found = [text for text in found if "default" not in text and "online" not in text.lower()]
    assert found == []


def test_every_app_has_one_last_migration() -> None:
    assert MigrationLoader(None).detect_conflicts() == {}


def sample(name: str, *operations: Operation) -> migrations.Migration:
    migration = migrations.Migration(name, "staff")
    migration.operations = list(operations)
    return migration


INDEX = models.Index(fields=["b"], name="b")
RULE = models.CheckConstraint(condition=models.Q(b__gt=0), name="b_positive")
NEW = migrations.CreateModel("a", [("b", models.IntegerField())])


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (migrations.AddIndex("a", INDEX), "holds up whoever writes"),
        (migrations.AddConstraint("a", RULE), "holds up whoever writes"),
        (migrations.RemoveField("a", "b"), "breaks the version"),
        (migrations.DeleteModel("a"), "breaks the version"),
        (migrations.SeparateDatabaseAndState([migrations.DeleteModel("a")]), "breaks the version"),
        (migrations.AddField("a", "b", models.IntegerField(default=0)), "use db_default"),
        (
            migrations.AddField("a", "b", models.ForeignKey("c", models.PROTECT, null=True)),
            "its index holds up",
        ),
        (migrations.AlterField("a", "b", models.TextField()), "a new column"),
    ],
)
def test_the_check_thinks_of_the_version_before(operation: Operation, said: str) -> None:
    assert any(said in text for text in problems(sample("0002_one", operation)))
    if said not in {"breaks the version"}:
        assert list(problems(sample("0002_both", NEW, operation))) == []


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


def test_what_django_alone_forgets_breaks_nobody() -> None:
    forgotten = migrations.SeparateDatabaseAndState([], [migrations.RemoveField("a", "b")])
    assert list(problems(sample("0002_forget", forgotten))) == []


def test_the_check_lets_a_good_migration_pass() -> None:
    good = sample(
        "0002_add_colour", migrations.AddField("a", "b", models.IntegerField(db_default=0))
    )
    assert list(problems(good)) == []
