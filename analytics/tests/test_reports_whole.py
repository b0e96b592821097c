"""The whole report: its sheets and pages hold the numbers of the selectors, bounded, harmless."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from python_calamine import CalamineWorkbook

from analytics.periods import Kind, period
from analytics.quality import quality
from analytics.reports import sheets
from analytics.reports.content import content, figures
from analytics.reports.paper import paper, write_paper
from analytics.reports.question import Question
from analytics.reports.sheets import write_report
from analytics.returns import returns
from analytics.tests.test_reports_pages import words
from analytics.tests.world import BEGIN, DAYS, make_pools, make_world
from receipts.models import Receipt, ReturnCase
from staff.models import Employee
from tests.cast import Cast, make_cast, make_order, make_polished, make_receipt, type_id
from workshop.lib import clock
from workshop.lib.documents import Table

pytestmark = pytest.mark.django_db
AT = BEGIN + timedelta(days=DAYS + 60)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def russian() -> Iterator[None]:
    with translation.override("ru"):
        yield


def asked_about(first: datetime = BEGIN, days: int = DAYS + 40, at: datetime = AT) -> Question:
    begin = clock.local(first).date()
    last = begin + timedelta(days=days)
    return Question(period(Kind.CUSTOM, at=at, first=begin, last=last), at)


def make_history(cast: Cast, *, receipts: int = 12, seed: int = 5) -> None:
    people = [cast.maxim, cast.mark, cast.pavel]
    make_world(random.Random(seed), make_pools(people), receipts=receipts)


def read(asked: Question) -> dict[str, list[list[Any]]]:
    target = io.BytesIO()
    write_report(target, asked)
    target.seek(0)
    book = CalamineWorkbook.from_filelike(target)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def part(rows: list[list[Any]], title: str) -> list[list[Any]]:
    """The rows below a heading, up to the next empty one; its own header left out."""
    begin = next(number for number, row in enumerate(rows) if row and row[0] == title)
    found = []
    for row in rows[begin + 2 :]:
        if not any(cell not in ("", None) for cell in row):
            break
        found.append(row)
    return found


def test_every_sheet_is_there(cast: Cast, russian: None) -> None:
    make_history(cast)
    names = list(read(asked_about()))
    people = sorted([cast.maxim, cast.mark, cast.pavel], key=lambda one: one.full_name)
    assert names == [
        "Сводка",
        "По сотрудникам",
        *[one.short_name for one in people],
        "Возвраты по причинам",
        "Возвраты с людьми",
        "Полировка",
        "Активные квитанции",
    ]


def test_the_sheets_hold_the_numbers_of_the_selectors(cast: Cast, russian: None) -> None:
    make_history(cast, receipts=20)
    asked = asked_about()
    found = read(asked)
    report, returned = quality(asked.period, at=asked.at), returns(asked.period)
    told = {row[0]: row[1] for row in found["Сводка"]}
    assert told["Проверено"] == report.total.checked > 0
    assert told["Вернулось работ"] == report.total.returned > 0
    assert told["Возвраты ОТК"] == returned.cases > 0
    assert told["Качество, %"] == pytest.approx(100 * (report.total.good.share or 0), abs=0.05)
    for one in report.people:
        sheet = found[one.name]
        whole = (
            next(row for row in sheet if row[1] == "Все работы")
            if len(one.by_type) > 1
            else sheet[1]
        )
        cells = [one.total.checked, one.total.returned, one.total.waiting, one.total.works]
        assert whole[4:8] == cells
        works = part(sheet, "Работы за период")
        assert len(works) == one.total.works + one.total.own_reworks
        assert sum(row[3] == "своя доработка" for row in works) == one.total.own_reworks
        named = part(sheet, "Возвраты ОТК, где назван сотрудник")
        items = returned_by(one.employee_id, asked)
        assert len(named) == items
    assert len(found["Возвраты с людьми"]) == 1 + returned.columns.total
    reasons = found["Возвраты по причинам"][1 : 1 + len(returned.by_reason)]
    assert [row[2] for row in reasons] == [bar.count for bar in returned.by_reason]


def returned_by(person: int, asked: Question) -> int:
    cases = ReturnCase.objects.filter(
        voided_at=None, returned_at__gte=asked.period.start, returned_at__lt=asked.period.end
    )
    return sum(case.items.filter(responsible=person).count() for case in cases)


def test_polishing_and_what_is_here(cast: Cast, russian: None) -> None:
    away, back = make_receipt(cast), make_receipt(cast)
    make_order(cast, away)
    make_polished(cast, back)
    now = clock.now() + timedelta(minutes=1)
    Receipt.objects.filter(pk=away.pk).update(deadline=now - timedelta(hours=2))
    asked = Question(period(Kind.MONTH, at=now), now)
    found = read(asked)
    rows = {row[0]: row for row in found["Полировка"] if row[0]}
    assert rows[cast.pavel.short_name][1] == rows["Мастерская"][1] == 1
    assert rows["Мастерская"][4] == 1
    assert len(part(found["Полировка"], "Принято за период")) == 1
    active = found["Активные квитанции"]
    assert [row[0] for row in active[1:]] == [away.number, back.number]
    assert active[1][7] == "да"
    assert isinstance(active[1][6], datetime)
    assert active[2][7] == ""


def test_the_paper_tells_the_essentials(cast: Cast, russian: None) -> None:
    make_history(cast, receipts=20)
    target = io.BytesIO()
    write_paper(target, asked_about())
    text = words(target.getvalue())
    for title in ("Сводка", "Работы по времени", "По сотрудникам", "Выработка", "По причине"):
        assert title in text, title
    for one in (cast.maxim, cast.mark):
        assert one.short_name in text
    report = quality(asked_about().period, at=AT)
    whole = next(
        line for line in text.splitlines() if "Мастерская" in line and "Все работы" in line
    )
    assert str(report.total.checked) in whole.split()
    assert "Не окончательно" not in text
    assert text.count("Repassage · Отчёт мастерской · 01.03.2026") == text.count("\x0c")


@pytest.mark.parametrize("days", [0, 20])
def test_a_period_that_may_change_says_so(cast: Cast, russian: None, days: int) -> None:
    at = BEGIN + timedelta(days=10, hours=12)
    asked = asked_about(days=10 + days, at=at)
    notes = " ".join(paper(content(asked)).notes)
    assert ("Неполный период" in notes) == asked.period.is_partial(at)
    assert "не окончательно" in notes
    assert any("не окончательно" in str(row[0]) for row in read(asked)["Сводка"])
    assert figures(content(asked))["final"] is False


def test_nothing_happened(cast: Cast, russian: None) -> None:
    asked = asked_about()
    told = {row[0]: row[1] for row in read(asked)["Сводка"]}
    assert told["Качество, %"] == "нет данных"
    target = io.BytesIO()
    write_paper(target, asked)
    assert "нет данных" in words(target.getvalue())


def test_english_too(cast: Cast) -> None:
    make_history(cast)
    with translation.override("en"):
        found = read(asked_about())
        target = io.BytesIO()
        write_paper(target, asked_about())
    assert next(iter(found)) == "Summary"
    assert "Report of the workshop" in words(target.getvalue())


def count_queries(asked: Question) -> int:
    with CaptureQueriesContext(connection) as caught:
        write_report(io.BytesIO(), asked)
    return len(caught)


def test_queries_do_not_grow_with_what_happened(cast: Cast) -> None:
    make_history(cast, receipts=4)
    few = count_queries(asked_about())
    for receipt in Receipt.objects.all():  # another world begins with the same numbers
        Receipt.objects.filter(pk=receipt.pk).update(
            number=f"A-{receipt.pk}", number_key=f"a-{receipt.pk}"
        )
    make_history(cast, receipts=60, seed=6)
    assert count_queries(asked_about()) == few


def test_lists_are_bounded_and_say_so(
    cast: Cast, russian: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_history(cast, receipts=20)
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    found = read(asked_about())
    total = returns(asked_about().period).columns.total
    assert len(found["Возвраты с людьми"]) == 1 + 3 + 1
    assert found["Возвраты с людьми"][-1][0] == f"и ещё {total - 3}, здесь не показаны"


def test_no_text_of_people_runs(cast: Cast, russian: None) -> None:
    make_history(cast, receipts=20)
    ReturnCase.objects.update(comment="=cmd|' /C calc'!A0")
    Employee.objects.filter(pk=cast.maxim.pk).update(short_name="@SUM(1+1)", full_name="@SUM(1+1)")
    target = io.BytesIO()
    write_report(target, asked_about())
    live = [
        cell
        for sheet in openpyxl.load_workbook(target)
        for row in sheet
        for cell in row
        if isinstance(cell.value, str) and cell.value[:1] in {"=", "@"}
    ]
    assert len(live) > 5
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in live)


def test_many_kinds_of_work_have_lines_of_their_own(cast: Cast, russian: None) -> None:
    from analytics.output import Output
    from analytics.reports.tables import MOST_TYPES, output_table

    types = {number: f"вид {number}" for number in range(MOST_TYPES + 1)}
    made = Output({1: "Иванов И."}, types, {1: dict.fromkeys(types, 2)}, {BEGIN.date(): 14})
    table = output_table(made)
    assert isinstance(table, Table)
    assert [row[-1] for row in table.rows if row[1] == "Все работы"] == [14, 14]
    assert sum(table.widths) == 182
    assert type_id("assembly")
