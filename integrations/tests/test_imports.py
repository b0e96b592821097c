"""Imports from the file to the rows: what is written, what is refused, what a second time does."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from history.models import Command, Event, Outbox
from history.verify import verify
from integrations import data_jobs
from integrations.imports import running
from integrations.imports.known import Known
from integrations.imports.mapping import guess
from integrations.imports.reading import RowReader
from integrations.imports.results import outcomes
from integrations.imports.subjects import EMPLOYEES, RECEIPTS, SUBJECTS
from integrations.models import DataJob, Import
from integrations.services.data_jobs import CancelAsked, cancel, claim
from integrations.services.imports import set_mapping, start, upload
from integrations.tests.tables import as_csv, as_xlsx
from receipts.models import Customer, Operation, QualityCheck, Receipt, Watch
from receipts.projection import differences
from receipts.services.bulk import Writer
from staff.models import Employee
from tests.cast import Cast, make_cast, make_receipt
from workshop.lib import clock
from workshop.lib.actor import ADMIN, Actor
from workshop.lib.errors import NotAllowed, RuleViolation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


def at(*parts: int) -> datetime:
    """A moment as a workbook holds it: it knows no zones."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


HEAD = [
    "№ квитанции", "Дата приёма", "Срок готовности", "Клиент", "Телефон", "Марка", "Серийный номер",
    "Неисправность", "Согласованная цена", "Мастер", "Передано мастеру", "Выполненные работы",
    "ОТК пройден", "Выданы клиенту",
]  # fmt: skip
WHOLE = [
    "А-1001", date(2026, 1, 12), at(2026, 1, 20, 18), "Иванова Мария", "8 (916) 123-45-67",
    "Omega", "SN 77", "отстаёт", "12 500,50", "Максим Мастер", at(2026, 1, 12, 15, 30),
    "Сборка: Марк С. 14.01.2026 12:00; Ремонт механизма: Максим М.", date(2026, 1, 15),
    at(2026, 1, 16, 10),
]  # fmt: skip


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def anna(cast: Cast) -> Actor:
    return cast.actor("anna", ADMIN)


def brought(
    actor: Actor, rows: Sequence[Sequence[Any]], subject: str = "receipts", **options: Any
) -> Import:
    return upload(
        subject=subject, content=as_xlsx(rows), file_name="t.xlsx", actor=actor, **options
    ).object


def run(row: Import, actor: Actor, *, dry: bool = False) -> DataJob:
    start(import_id=row.pk, dry=dry, actor=actor)
    assert data_jobs.run_waiting() == 1
    row.refresh_from_db()
    job = row.check_job if dry else row.run_job
    assert job is not None
    return job


def imported(actor: Actor, rows: Sequence[Sequence[Any]], **options: Any) -> DataJob:
    return run(brought(actor, rows, **options), actor)


def wrong(job: DataJob) -> list[tuple[int, str]]:
    """(row, column) of every problem."""
    return [(row[0], column) for row in outcomes(job, problems_only=True) for column, _ in row[3]]


def test_a_row_becomes_a_receipt_with_its_history(anna: Actor) -> None:
    job = imported(anna, [HEAD, WHOLE])
    assert (job.state, job.result) == ("done", {"created": 1}), job.error
    receipt = Receipt.objects.get()
    assert (receipt.number, receipt.status) == ("А-1001", "issued")
    assert str(receipt.agreed_price) == "12500.50"
    assert receipt.customer.phone == "+79161234567"
    assert (receipt.watch.brand, receipt.watch.serial) == ("Omega", "SN 77")
    assert clock.show(receipt.deadline) == "20.01.2026 18:00"
    events = Event.objects.filter(stream=receipt.stream).order_by("sequence")
    assert [(event.kind, clock.show(event.occurred_at)) for event in events] == [
        ("receipt.registered", "12.01.2026 00:00"),
        ("receipt.facts_changed", "12.01.2026 00:00"),
        ("receipt.deadline_changed", "12.01.2026 00:00"),
        ("receipt.assigned", "12.01.2026 15:30"),
        ("receipt.work_recorded", "12.01.2026 15:30"),
        ("receipt.work_recorded", "14.01.2026 12:00"),
        ("receipt.passed", "15.01.2026 00:00"),
        ("receipt.issued", "16.01.2026 10:00"),
    ]
    assert {event.actor_label for event in events} == {anna.label}
    assert QualityCheck.objects.get().decided_by is None  # nobody said who inspected
    assert not Outbox.objects.filter(event__in=events).exists()
    assert not differences(receipt)
    assert not list(verify())


def test_the_same_file_again_changes_nothing(anna: Actor) -> None:
    rows = [HEAD, WHOLE, ["Б-2", *[None] * 3, "+7 921 000-00-01"]]
    for options in ({}, {"update_known": True}):
        before = Event.objects.exclude(stream__startswith="integration:").count()
        job = imported(anna, rows, **options)
        first = not before or "created" in job.result
        after = Event.objects.exclude(stream__startswith="integration:").count()
        assert (job.result, after == before) == (
            ({"created": 2}, False) if first and not options else ({"unchanged": 2}, True)
        )
    assert Customer.objects.count() == 2


def test_known_rows_are_corrected_only_when_asked(anna: Actor, cast: Cast) -> None:
    receipt = make_receipt(cast, "A-1001")
    later = at(2030, 5, 1, 12)
    row = ["а-1001", None, later, "Пётр", None, "Zenith", "Z1", "стоят", 900]
    assert imported(anna, [HEAD, row]).result == {"unchanged": 1}
    assert imported(anna, [HEAD, row], update_known=True).result == {"updated": 1}
    receipt.refresh_from_db()
    assert (receipt.complaint, receipt.customer.name, receipt.watch.brand) == (
        "стоят", "Пётр", "Zenith",
    )  # fmt: skip
    assert clock.show(receipt.deadline) == "01.05.2030 12:00"
    assert imported(anna, [HEAD, row], update_known=True).result == {"unchanged": 1}
    row[4:6] = ["+79160000000", "Tudor"]
    assert imported(anna, [HEAD, row], update_known=True).result == {"updated": 1}
    assert (Customer.objects.get().phone, Watch.objects.get().brand) == ("+79160000000", "Tudor")
    assert not list(verify())


def test_new_and_known_rows_in_turn(
    anna: Actor, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Writer, "TOGETHER", 2)  # in several pieces
    for number in range(0, 9, 2):
        make_receipt(cast, f"Ч-{number}")
    rows = [[f"Ч-{number}", None, None, f"Пётр {number}"] for number in range(9)]
    job = imported(anna, [HEAD, *rows], update_known=True)
    assert (job.state, job.result) == ("done", {"created": 4, "updated": 5}), job.error
    assert {receipt.customer.name[-1] for receipt in Receipt.objects.all()} == set("012345678")
    assert not list(verify())


BAD: list[tuple[dict[int, Any], str]] = [
    ({0: ""}, "number"),
    ({0: "а?б"}, "number"),
    ({1: "31.02.2026"}, "received_at"),
    ({1: date(2150, 1, 1)}, "received_at"),
    ({1: date(2049, 1, 1), 10: "", 11: "", 12: "", 13: ""}, "received_at"),
    ({2: "скоро"}, "deadline"),
    ({4: "123"}, "phone"),
    ({5: "x" * 81}, "brand"),
    ({8: "дорого"}, "agreed_price"),
    ({8: "-5"}, "agreed_price"),
    ({9: "Никто Н."}, "master"),
    ({9: "Игорь Контролёр", 11: "", 12: "", 13: ""}, "master"),
    ({10: at(2026, 1, 1, 12)}, "assigned_at"),
    ({11: "Сборка Марк"}, "works"),
    ({11: "Сборка: Никто"}, "works"),
    ({11: ""}, "passed_at"),
    ({12: at(2026, 1, 10, 12)}, "passed_at"),
    ({12: ""}, "issued_at"),
    ({13: date(2049, 1, 1)}, "issued_at"),
]


def test_who_had_the_watch_once_may_have_another_role_today(anna: Actor) -> None:
    row = ["Р-1", *WHOLE[1:]]
    row[9] = "Игорь Контролёр"
    run(brought(anna, [HEAD, row]), anna, dry=False)
    assert Receipt.objects.get(number="Р-1").status == "issued"


def test_each_wrong_row_is_told_with_its_column(anna: Actor) -> None:
    rows: list[list[Any]] = [HEAD]
    for index, (cells, _column) in enumerate(BAD):
        row = [f"Б-{index}", *WHOLE[1:]]
        for place, cell in cells.items():
            row[place] = cell
        rows.append(row)
    rows += [["Г-1"], ["г-1"], WHOLE]
    expected = [(index + 2, column) for index, (_cells, column) in enumerate(BAD)]
    expected.append((len(BAD) + 3, "number"))
    row = brought(anna, rows)
    check = run(row, anna, dry=True)
    assert wrong(check) == expected
    assert check.result == {"error": len(BAD) + 1, "created": 2}
    assert not any(object_id for _row, _outcome, object_id, _why in outcomes(check))
    assert Receipt.objects.count() == Customer.objects.count() == Watch.objects.count() == 0
    done = run(row, anna)
    assert (wrong(done), done.result) == (expected, check.result)
    assert set(Receipt.objects.values_list("number", flat=True)) == {"Г-1", "А-1001"}
    table = list(
        csv.reader(io.StringIO(done.result_file.read().decode("utf-8-sig")), delimiter=";")
    )
    assert len(table) == len(rows)
    assert [line[3] for line in table if line[0] == "2"] == ["Номер квитанции"]
    assert not list(verify())


# Progress within the one transaction is told over a connection of its own.
@pytest.mark.django_db(transaction=True)
def test_all_or_nothing(anna: Actor) -> None:
    rows = [HEAD, WHOLE, ["Б-1", "когда-то"]]
    job = imported(anna, rows, all_or_nothing=True)
    assert (job.state, bool(job.error), wrong(job)) == ("failed", True, [(3, "received_at")])
    assert (
        Receipt.objects.count() == Command.objects.filter(client__startswith="import").count() == 0
    )
    job = imported(anna, rows[:2], all_or_nothing=True)
    assert (job.state, job.result, Receipt.objects.count()) == ("done", {"created": 1}, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at_once", [False, True])
def test_cancelled_in_the_middle(
    anna: Actor, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 2)
    row = brought(anna, [HEAD, *([f"Б-{n}"] for n in range(7))], all_or_nothing=at_once)
    keep = running.keep_chunk
    kept: list[int] = []

    def keep_and_cancel(job: DataJob, rows: Any) -> None:
        keep(job, rows)
        kept.append(len(rows))
        if len(kept) == (6 if at_once else 2):
            if at_once and connection.vendor == "sqlite":
                raise CancelAsked  # nobody else could write there meanwhile
            pressed = Thread(target=lambda: (cancel(job_id=job.pk, actor=anna), connection.close()))
            if at_once:
                pressed.start()
                pressed.join()
            else:
                cancel(job_id=job.pk, actor=anna)

    monkeypatch.setattr(running, "keep_chunk", keep_and_cancel)
    job = run(row, anna)
    assert job.state == "cancelled"
    # Two chunks of the three were worked on; the one in which it was cancelled is not there.
    written = 0 if at_once else 2
    assert Receipt.objects.count() == written
    assert job.result.get("created", 0) == written
    assert sum(1 for _ in outcomes(job)) in {written, 7}


@pytest.mark.parametrize("afterwards", [3, 5])  # rows of a chunk, in the version that goes on
def test_killed_in_the_middle_it_goes_on(
    anna: Actor, afterwards: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 3)
    rows = [HEAD, *([f"Б-{n}"] for n in range(8)), ["б-1"]]
    row = brought(anna, rows)
    start(import_id=row.pk, dry=False, actor=anna)
    job = claim()
    assert job is not None
    keep = running.keep_chunk

    def killed(job: DataJob, rows: Any) -> None:
        keep(job, rows)
        if rows[0][0] > 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(running, "keep_chunk", killed)
    with pytest.raises(KeyboardInterrupt):
        data_jobs.run(job)
    assert Receipt.objects.count() == 3
    monkeypatch.setattr(running, "keep_chunk", keep)
    monkeypatch.setattr(running, "CHUNK", afterwards)
    DataJob.objects.update(owner="elsewhere/1-1", lease_until=clock.day_start(date(2026, 1, 1)))
    assert data_jobs.run_waiting() == 1
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"created": 8, "error": 1})
    assert (wrong(job), Receipt.objects.count()) == ([(10, "number")], 8)
    assert [line[0] for line in outcomes(job)] == list(range(2, 11))


def test_employees(anna: Actor) -> None:
    head = ["ФИО", "Доступ", "Виды работ", "Telegram id", "Работает"]
    rows = [
        head,
        ["Новиков Олег", "Мастер, Контролёр ОТК", "Сборка; полировка", 555.0, "да"],
        ["Максим Мастер", "", "Полировка", "", "нет"],
        ["новиков  олег", "", "", "", ""],
        ["Петров П", "Директор", "", "", ""],
        ["Сидоров С", "", "", 1001, ""],
    ]
    row = brought(anna, rows, "employees", update_known=True)
    check = run(row, anna, dry=True)
    assert Employee.objects.filter(full_name__startswith="Новиков").count() == 0
    assert wrong(check) == [(4, "full_name"), (5, "roles")]
    job = run(row, anna)
    assert job.result == check.result == {"created": 1, "updated": 2, "error": 2}
    oleg = Employee.objects.get(telegram_id=555)
    assert (oleg.roles, oleg.skills.count()) == ({"master", "inspector"}, 2)
    assert not Employee.objects.get(full_name="Максим Мастер").active
    again = run(brought(anna, rows[:3], "employees", update_known=True), anna)
    assert again.result == {"unchanged": 2}


def test_customers_and_watches(anna: Actor) -> None:
    head = ["Клиент", "Телефон", "Марка", "Серийный номер", "Металл корпуса"]
    rows = [
        head,
        ["Иванова Мария", 79161234567.0, "Omega", "S-1", "Сталь"],
        ["Иванова Мария", "+7 916 123 45 67", "Omega", "S-2", ""],
        ["Пётр без телефона", "", "", "", ""],
        ["", "", "Zenith", "", ""],
    ]
    row = brought(anna, rows, "customers")
    job = run(row, anna)
    assert (job.result, wrong(job)) == ({"created": 3, "error": 1}, [(5, "serial")])
    assert (Customer.objects.count(), Watch.objects.count()) == (2, 2)
    assert run(brought(anna, rows[:4], "customers", update_known=True), anna).result == {
        "unchanged": 3
    }
    rows[1][2] = "Tudor"
    rows[3][0] = "пётр без телефона"
    job = run(brought(anna, [head, rows[1]], "customers", update_known=True), anna)
    assert Watch.objects.count() == 3  # another maker: another watch with the same number
    assert not list(verify())


def test_who_may(anna: Actor, cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        brought(cast.actor("igor", ADMIN), [HEAD, WHOLE])
    row = brought(anna, [HEAD, WHOLE])
    start(import_id=row.pk, dry=False, actor=anna)
    Employee.objects.filter(pk=cast.anna.pk).update(is_manager=False)
    data_jobs.run_waiting()
    row.refresh_from_db()
    assert row.run_job.state == "failed"
    assert Receipt.objects.count() == 0


def test_the_mapping(anna: Actor) -> None:
    assert guess(RECEIPTS, ["Receipt number", "PHONE", "чужое", "Срок", "Receipt number"]) == {
        "number": 0, "phone": 1, "deadline": 3,
    }  # fmt: skip
    assert guess(EMPLOYEES, ["full_name", " Фио "]) == {"full_name": 0}
    row = brought(anna, [["Что-то", "Ещё"], ["7", "8"]])
    with pytest.raises(RuleViolation) as refused:
        start(import_id=row.pk, dry=True, actor=anna)
    assert refused.value.field == "number"
    for mapped in ({"number": 2}, {"number": 0, "brand": 0}, {"nonsense": 0}, {"brand": 1}):
        with pytest.raises(RuleViolation):
            set_mapping(import_id=row.pk, mapped=mapped, actor=anna)
    set_mapping(import_id=row.pk, mapped={"number": 1, "brand": 0}, actor=anna)
    run(row, anna)
    assert Receipt.objects.get().number == "8"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_a_csv_says_the_same(anna: Actor, encoding: str) -> None:
    content = as_csv(
        [HEAD, WHOLE], encoding=encoding, delimiter="," if encoding == "utf-8" else ";"
    )
    row = upload(subject="receipts", content=content, file_name="t.csv", actor=anna).object
    assert run(row, anna).result == {"created": 1}
    assert Operation.objects.count() == 2
    assert Receipt.objects.get().customer.name == "Иванова Мария"


NASTY: list[Any] = [
    "\x00", "\ud800", "x" * 40_000, "∞", "NaN", "1e999", "-0", "٣", "²", "'=1+1", "=1+1", "🕰" * 50,
    " ", "\u202e", "31.02.2026", "99.99.9999 99:99", "0001-01-01", "9999-12-31T23:59:59+14:00",
    "25.12.2026 18:00 +99:99", ":", ";", "a:", ":b;", "Сборка: ", "Сборка: 1.1.2026", float("nan"),
    float("inf"), -1.5, 1e300, 10**30, True, date.max, at(9999, 12, 31), at(1, 1, 1),
    "+7" + "9" * 60,
]  # fmt: skip


@pytest.mark.parametrize("subject", list(SUBJECTS))
def test_whatever_stands_in_a_cell_is_a_value_or_a_reason(subject: str, anna: Actor) -> None:
    found = SUBJECTS[subject]
    mapping = {column.name: place for place, column in enumerate(found.columns)}
    reader = RowReader(found, mapping, Known())
    good = reader.read(1, [column.example for column in found.columns])
    assert not good[1], good[1]
    for cell in NASTY:
        source, problems = reader.read(1, [cell] * len(found.columns))
        assert all(problem.why for problem in problems)
        assert {problem.column for problem in problems}.isdisjoint(source.values)


def test_nasty_cells_through_a_whole_import(anna: Actor) -> None:
    """Those a CSV can hold, in every column of a receipt: told row by row, never a failed job."""
    titles = [str(column.label) for column in RECEIPTS.columns]
    texts = [cell for cell in NASTY if isinstance(cell, str) and cell not in {"\x00", "\ud800"}]
    rows = [titles]
    for number, cell in enumerate(texts):
        for place in range(1, len(titles)):
            row = [f"Н-{number}-{place}", *[""] * (len(titles) - 1)]
            row[place] = cell[:9_000]
            rows.append(row)
    row = upload(subject="receipts", content=as_csv(rows), actor=anna).object
    job = run(row, anna)
    assert job.state == "done", job.error
    assert sum(job.result.values()) == len(rows) - 1
    assert Receipt.objects.count() == job.result["created"]
    assert not list(verify())
