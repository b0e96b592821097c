"""What a dry run has read serves the import, as long as reading again would give the same."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from integrations.imports import files, keeping, running
from integrations.imports.columns import Source
from integrations.imports.keeping import Ahead, Kept
from integrations.imports.known import Known
from integrations.imports.reading import RowReader
from integrations.imports.subjects import SUBJECTS
from integrations.models import DataJob, Import
from integrations.services.imports import set_mapping
from integrations.tests.test_imports import HEAD, NASTY, WHOLE, brought, run, wrong
from receipts.models import Receipt
from staff.models import Employee
from tests.cast import Cast, make_cast, make_receipt
from workshop.lib.actor import ADMIN, Actor
from workshop.lib.collector import resting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]

BAD = ["Б-2", "31.02.2026", *WHOLE[2:]]


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def anna(cast: Cast) -> Actor:
    return cast.actor("anna", ADMIN)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that the table itself is read."""
    found: list[int] = []
    really = files.rows

    def counted(*args: Any) -> Any:
        found.append(1)
        return really(*args)

    monkeypatch.setattr(files, "rows", counted)
    return found


@pytest.fixture
def checked(anna: Actor, reads: list[int]) -> Import:
    row = brought(anna, [HEAD, WHOLE, BAD])
    check = run(row, anna, dry=True)
    assert check.file
    assert len(reads) == 1
    return row


def kept_file(row: Import) -> Path:
    assert row.check_job is not None
    return Path(row.check_job.file.path)


def tuples_as_lists(value: Any) -> Any:
    """JSON knows one kind of sequence."""
    if type(value) in {list, tuple}:
        return [tuples_as_lists(one) for one in value]
    return value


@pytest.mark.parametrize("subject", list(SUBJECTS))
def test_every_column_comes_back_as_it_was(subject: str, anna: Actor) -> None:
    found = SUBJECTS[subject]
    reader = RowReader(found, {c.name: n for n, c in enumerate(found.columns)}, Known())
    cells = [[column.example for column in found.columns]]
    cells += [[cell] * len(found.columns) for cell in [*NASTY, date(2026, 1, 2), "12,5", "Сталь"]]
    cells.append(["Сборка: Марк С. 14.01.2026 12:00; Полировка: Марк С."] * len(found.columns))
    rows = [reader.read(number, row) for number, row in enumerate(cells)]
    for row, (source, problems) in zip(cells, rows, strict=True):
        kept = Kept()
        kept.add([(source, problems)])
        if "\ud800" in row:
            continue  # its reason cannot be told in JSON
        ((again, wrong_again),) = next(Ahead(kept.lines))
        assert (again.number, wrong_again) == (source.number, problems)
        assert again.values.keys() == source.values.keys()
        for name, value in source.values.items():
            assert again.values[name] == tuples_as_lists(value), name
            assert type(again.values[name]) is type(tuples_as_lists(value)), name


def test_the_next_chunk_is_ready_before_its_turn() -> None:
    kept = Kept()
    for number in range(3):
        kept.add([(Source(number, {}), [])])
    ahead, found = Ahead(kept.lines), []
    ahead.prepare()
    for rows in ahead:
        found += [source.number for source, _problems in rows]
        ahead.prepare()
        ahead.prepare()  # as when a chunk is tried again
    assert found == [0, 1, 2]


def test_the_import_reads_nothing_again(checked: Import, anna: Actor, reads: list[int]) -> None:
    file = kept_file(checked)
    job = run(checked, anna)
    assert len(reads) == 1
    assert (job.result, wrong(job)) == ({"created": 1, "error": 1}, [(3, "received_at")])
    assert Receipt.objects.get().watch.serial == "SN 77"
    assert not file.exists()
    checked.refresh_from_db()
    assert not checked.check_job.file


# Progress within the one transaction is told over a connection of its own.
@pytest.mark.django_db(transaction=True)
def test_all_or_nothing_reads_once(anna: Actor, reads: list[int]) -> None:
    row = brought(anna, [HEAD, WHOLE], all_or_nothing=True)
    assert run(row, anna).result == {"created": 1}
    assert len(reads) == 1


def changed_mapping(row: Import, anna: Actor, _settings: Any) -> None:
    mapped = {name: place for name, place in row.mapping.items() if name != "complaint"}
    set_mapping(import_id=row.pk, mapped=mapped, actor=anna)


def changed_name(_row: Import, _anna: Actor, _settings: Any) -> None:
    Employee.objects.filter(full_name="Марк Сборщик").update(short_name="Сборщик М.")


def damaged(row: Import, _anna: Actor, _settings: Any) -> None:
    file = kept_file(row)
    file.write_bytes(file.read_bytes().replace("Иванова".encode(), "Петрова".encode()))


def gone(row: Import, _anna: Actor, _settings: Any) -> None:
    kept_file(row).unlink()


def other_language(_row: Import, _anna: Actor, _settings: Any) -> None:
    translation.activate("en")


def other_program(_row: Import, _anna: Actor, settings: Any) -> None:
    settings.BUILD = "another"


@pytest.mark.parametrize(
    "change", [changed_mapping, changed_name, damaged, gone, other_language, other_program]
)
def test_what_does_not_hold_any_more_is_read_again(
    change: Callable[[Import, Actor, Any], None],
    checked: Import,
    anna: Actor,
    reads: list[int],
    settings: Any,
) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        change(checked, anna, settings)
        job = run(checked, anna)
    assert len(reads) == 2
    assert job.state == "done"
    if change is not changed_name:  # whose work then nobody knows
        assert Receipt.objects.get().customer.name == "Иванова Мария"


def test_the_database_is_asked_anew(checked: Import, anna: Actor, cast: Cast) -> None:
    make_receipt(cast, str(WHOLE[0]))
    assert run(checked, anna).result == {"unchanged": 1, "error": 1}


def test_too_long_a_table_is_not_kept(
    anna: Actor, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_BYTES", 100)
    row = brought(anna, [HEAD, WHOLE])
    assert not run(row, anna, dry=True).file
    assert run(row, anna).result == {"created": 1}
    assert len(reads) == 2


def test_what_cannot_be_told_is_not_kept() -> None:
    kept = Kept()
    kept.add([])
    kept.add([(keeping.Source(1, {"complaint": "\ud800"}), [])])
    kept.add([])
    assert kept.lines == []


def test_the_jobs_cleanup_removes_it(checked: Import) -> None:
    from integrations.services.data_jobs import KEPT, forget_files
    from workshop.lib import clock

    file = kept_file(checked)
    forget_files(at=clock.now() + KEPT + KEPT)
    assert not file.exists()
    assert not DataJob.objects.get(pk=checked.check_job_id).file


def test_a_chunk_is_freed_before_the_collector_works_again(
    anna: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[int] = []

    @contextmanager
    def watched() -> Iterator[None]:
        with resting():
            yield
            alive.append(sum(type(one) is Source for one in gc.get_objects()))

    monkeypatch.setattr(running, "resting", watched)
    monkeypatch.setattr(running, "CHUNK", 2)
    row = brought(anna, [HEAD, WHOLE, BAD, *([f"В-{number}", *WHOLE[1:]] for number in range(3))])
    run(row, anna, dry=True)
    assert alive == [0, 0, 0, 0]
    alive.clear()
    run(row, anna, dry=False)
    assert alive == [2, 1, 0, 0]  # what the next chunk is made ready of
