"""The quality card of a person: who may read it, and its numbers are those of the lists behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html import unescape
from io import BytesIO

import pytest
import python_calamine
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.tests.test_trend import make_months
from receipts.models import OperationType
from staff import roles
from staff.models import Employee
from tests.cast import Cast
from tests.office.conftest import make_user, signed_in

OCTOBER = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def _november() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 20, 9, tzinfo=UTC), tick=False):
        yield


def card_of(person: Employee) -> str:
    return reverse("numbers-person", args=[person.pk])


def page_of(person: Employee) -> str:
    return reverse("admin:staff_employee_change", args=[person.pk])


def test_a_drop_is_seen(manager: Client, cast: Cast) -> None:
    make_months(cast.maxim, [(40, 1)] * 10 + [(40, 12)], until=OCTOBER)
    page = manager.get(card_of(cast.maxim), {"period": "previous_month"})
    text = page.content.decode()
    assert "Октябрь 2026: за пределами: вернулось больше работ" in text
    assert text.count("office-dot-out") == 1
    assert "Только случайность" not in text
    assert page.context["total"].quality.returned == 12


def test_what_is_too_few_is_not_judged(manager: Client, cast: Cast) -> None:
    make_months(cast.maxim, [(19, 19)], until=OCTOBER)
    text = manager.get(card_of(cast.maxim)).content.decode()
    assert "мало данных (19)" in text.lower()
    assert "office-dot-out" not in text
    assert 'class="office-limit"' not in text


def test_nothing_is_no_data(manager: Client, cast: Cast) -> None:
    text = manager.get(card_of(cast.anna)).content.decode()
    assert "нет данных" in text
    assert "0,0 %" not in text
    assert manager.get(reverse("numbers-person", args=[10**9])).status_code == 404


def test_each_point_leads_to_its_works(manager: Client, cast: Cast) -> None:
    make_months(cast.maxim, [(25, 3), (30, 0)], until=OCTOBER)
    make_months(cast.mark, [(25, 3)], until=OCTOBER)
    shown = manager.get(card_of(cast.maxim))
    rows = shown.context["rows"]
    assert len(rows) == 3
    for row in rows:
        counts = {"works": row.point.works, "checked": row.point.returned.whole}
        for what, count in {**counts, "returned": row.point.returned.part}.items():
            link = f"{reverse('numbers-works')}?what={what}&{row.link}"
            assert link.replace("&", "&amp;") in shown.content.decode()
            assert manager.get(link).context["page"].paginator.count == count


def test_one_type_of_work(manager: Client, cast: Cast) -> None:
    make_months(cast.maxim, [(25, 3)], until=OCTOBER)
    other = OperationType.objects.exclude(code="assembly")[0]
    assert manager.get(card_of(cast.maxim), {"type": other.pk}).context["trend"].total.whole == 0
    assert manager.get(card_of(cast.maxim), {"type": "x"}).context["trend"].total.whole == 25


def test_the_card_as_a_file(manager: Client, cast: Cast) -> None:
    make_months(cast.maxim, [(40, 1)] * 10 + [(40, 12)], until=OCTOBER)
    question = {"period": "previous_month", "file": "xlsx"}
    page = manager.get(card_of(cast.maxim), {"period": "previous_month"})
    assert "?period=previous_month&amp;file=xlsx" in page.content.decode()
    answer = manager.get(card_of(cast.maxim), question)
    assert "no-store" in answer["Cache-Control"]
    book = python_calamine.load_workbook(BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    october = next(row for row in rows if row[0] == "Октябрь 2026" and row[1] == 40)
    assert october[1:5] == [40, 40, 12, 70]
    paper = manager.get(card_of(cast.maxim), {**question, "file": "pdf"})
    assert b"".join(paper.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    asked = manager.get(card_of(cast.maxim), {"file": "exe"})
    assert asked.status_code == 200
    assert "text/html" in asked["Content-Type"]


def test_only_those_who_may_compare_people(manager: Client, owner: Client, cast: Cast) -> None:
    make_months(cast.maxim, [(25, 3)], until=OCTOBER)
    for reader in (manager, owner):
        assert reader.get(card_of(cast.maxim)).status_code == 200
    cast.igor.user = make_user("igor", *roles.OFFICE_GROUPS[:2])
    cast.igor.save(update_fields=["user"])
    inspector = signed_in(cast.igor.user)
    assert inspector.get(card_of(cast.maxim)).status_code == 403
    shown = inspector.get(page_of(cast.maxim))
    assert shown.status_code == 200
    assert "Качество во времени" not in shown.content.decode()
    assert Client().get(card_of(cast.maxim)).status_code == 302


def test_the_page_of_the_employee_shows_the_card(manager: Client, cast: Cast) -> None:
    make_months(cast.maxim, [(25, 3)], until=OCTOBER)
    text = manager.get(page_of(cast.maxim)).content.decode()
    assert "Качество во времени" in text
    assert card_of(cast.maxim) in text
    assert "Качество во времени" not in manager.get(page_of(cast.anna)).content.decode()


def test_the_page_of_quality_leads_there(manager: Client, cast: Cast) -> None:
    make_months(cast.maxim, [(25, 3)], until=OCTOBER)
    text = manager.get(reverse("numbers-quality"), {"period": "previous_month"}).content.decode()
    links = [unescape(link) for link in re.findall(r'href="([^"]+people/\d+/[^"]*)"', text)]
    assert links == [f"{card_of(cast.maxim)}?period=previous_month"]
    assert manager.get(links[0]).context["total"].quality.works == 25


def test_names_are_only_text(manager: Client, cast: Cast) -> None:
    Employee.objects.filter(pk=cast.maxim.pk).update(short_name="<b>Макс & Ко 🔥</b>")
    make_months(cast.maxim, [(25, 3)], until=OCTOBER)
    text = manager.get(card_of(cast.maxim)).content.decode()
    assert "<b>Макс" not in text
    assert "&lt;b&gt;Макс &amp; Ко" in text


def test_the_cost_does_not_grow(manager: Client, cast: Cast) -> None:
    counts = []
    for _time in range(2):
        make_months(cast.maxim, [(20, 1)] * 8, until=OCTOBER)
        manager.get(card_of(cast.maxim))  # what is worked out once
        with CaptureQueriesContext(connection) as made:
            manager.get(card_of(cast.maxim), {"period": "year"})
        counts.append(len(made))
    assert counts[0] == counts[1] < 26, counts
