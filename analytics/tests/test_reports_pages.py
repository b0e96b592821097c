"""The pages of numbers as files: the same numbers, for whoever may see them, harmless."""

from __future__ import annotations

import io
import shutil
import subprocess
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook

from analytics.admin import files as numbers_files
from analytics.admin.files import NARROWED
from analytics.reports.pages import PAGES
from receipts.models import Receipt, Watch
from receipts.services.quality import pass_check
from receipts.services.returns import ItemInput, return_watch
from receipts.services.works import WorkInput, record_work
from staff import roles
from staff.models import Employee
from tests.cast import (
    Cast,
    make_cast,
    make_order,
    make_receipt,
    make_worked,
    reason_id,
    type_id,
)
from tests.office.conftest import make_user, signed_in

pytestmark = pytest.mark.django_db
ALL = {"period": "all"}
PRESENT = {"workshop", "masters"}
COUNTED = {"workshop", "flow"}
"""Pages of counts: nothing is 0 there, not "no data"."""


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def manager(db: None) -> Client:
    return signed_in(make_user("anna", roles.GROUPS[roles.MANAGER]))


@pytest.fixture
def returned(cast: Cast) -> int:
    """Maxim's assembly came back with two reasons and was done again; Mark's passed."""
    igor = cast.actor("igor")
    bad = make_worked(cast)
    items = [
        ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk),
        ItemInput(reason_id("mechanism_defect"), "undecided"),
    ]
    return_watch(receipt_id=bad.pk, items=items, assembler_id=cast.maxim.pk, actor=igor)
    record_work(
        receipt_id=bad.pk, works=[WorkInput(type_id("assembly"), cast.maxim.pk)], actor=igor
    )
    good = make_worked(cast, works=[("assembly", "mark")])
    pass_check(receipt_id=good.pk, actor=igor)
    make_worked(cast, works=[("assembly", "mark")])  # nobody has looked at it yet
    return bad.pk


def content_of(answer: Any) -> bytes:
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content)


def file_of(client: Client, page: str, form: str, **asked: str) -> bytes:
    return content_of(client.get(reverse("numbers-file", args=[page, form]), {**ALL, **asked}))


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def words(content: bytes) -> str:
    """The text of a PDF as a reader finds it."""
    assert content.startswith(b"%PDF-")
    assert b"/FontFile2" in content  # the font travels with it
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("pdftotext is not there")
    asked = [tool, "-layout", "-", "-"]
    return subprocess.run(asked, input=content, capture_output=True, check=True).stdout.decode()


def test_quality_in_a_file_is_what_the_page_shows(
    manager: Client, cast: Cast, returned: int
) -> None:
    page = manager.get(reverse("numbers-quality"), ALL).context
    found = sheets(file_of(manager, "quality", "xlsx"))
    rows = {(row[0], row[1]): row for row in found["По сотрудникам"][1:] if row[1]}
    for row in page["rows"]:
        quality = row.total.quality
        told = rows[row.name, "Сборка"]
        assert told[4:8] == [quality.checked, quality.returned, quality.waiting, quality.works]
        assert told[2] == pytest.approx(row.total.percent)
    total = page["total"].quality
    assert rows["Мастерская", "Все работы"][4:6] == [total.checked, total.returned] == [2, 1]
    assert rows["Мастерская", "Все работы"][2] == pytest.approx(50.0)
    assert "мало данных (1)" in rows[cast.mark.short_name, "Сборка"][8]
    assembled = next(rows for name, rows in found.items() if name.startswith("Возвраты по сбор"))
    assert assembled[1] == [cast.maxim.short_name, 1, 0]


def test_returns_in_a_file_are_what_the_page_shows(manager: Client, returned: int) -> None:
    page = manager.get(reverse("numbers-returns"), ALL).context["found"]
    found = sheets(file_of(manager, "returns", "xlsx"))
    facts = {row[0]: row[1] for row in found["Возвраты ОТК"] if row[0]}
    assert facts["Возвраты ОТК"] == page.cases == 1
    assert facts["Причин всего"] == page.columns.total == 2
    assert facts["… попали в работу"] == page.columns.hit_a_work == 1
    assert facts["… не решено"] == page.columns.undecided == 1
    reasons = found["По причине"][1:]
    assert [row[2] for row in reasons] == [bar.count for bar in page.by_reason]
    assert reasons[-1][3] == 100
    (person,) = manager.get(reverse("numbers-returns"), ALL).context["people"]
    answers = found["По ответственным"][1]
    assert answers[1:] == [person[0].hit_a_work, person[0].without_a_work, person[0].total]


def test_output_in_a_file_is_what_the_page_shows(manager: Client, returned: int) -> None:
    page = manager.get(reverse("numbers-output"), ALL).context
    found = sheets(file_of(manager, "output", "xlsx"))
    table = found["По сотрудникам"]
    assert [row[0] for row in table[1:-1]] == [name for name, *_rest in page["rows"]]
    assert table[-1][-1] == page["made"].total == 3
    assert sum(row[1] for row in found["Работы по времени"][1:]) == page["made"].total


@pytest.mark.parametrize("page", sorted(PAGES))
def test_the_paper_tells_the_same_in_both_languages(
    manager: Client, returned: int, page: str
) -> None:
    russian = words(file_of(manager, page, "pdf"))
    assert "Repassage" in russian
    assert ("на " if page in PRESENT else "Неполный период") in russian
    assert ("не окончательно" in russian) == (page not in PRESENT)
    assert "страница 1 из" in russian
    manager.post(reverse("set_language"), {"language": "en"})
    english = words(file_of(manager, page, "pdf"))
    assert ("as of" if page in PRESENT else "Not final") in english
    assert "page 1 of" in english
    assert "Неполный" not in english


@pytest.mark.parametrize("page", sorted(set(PAGES) - COUNTED))
@pytest.mark.parametrize("form", ["xlsx", "pdf"])
def test_no_data_is_said_and_no_zero_per_cent(manager: Client, page: str, form: str) -> None:
    content = file_of(manager, page, form)
    told = words(content) if form == "pdf" else str(sheets(content))
    assert "Нет данных" in told or "нет данных" in told


@pytest.mark.parametrize("page", sorted(PAGES))
def test_each_page_leads_to_its_files_with_its_question(manager: Client, page: str) -> None:
    asked = {"period": "custom", "from": "01.03.2026", "to": "31.03.2026"}
    answer = manager.get(reverse(f"numbers-{page}"), asked)
    for label, address in answer.context["files"]:
        assert label in {"Excel", "PDF"}
        assert content_of(manager.get(address))
        assert "filename*=utf-8" in manager.get(address)["Content-Disposition"]
    if page not in PRESENT:
        assert "01.03.2026 – 31.03.2026" in words(file_of(manager, page, "pdf", **asked))


def test_pages_of_watches_in_a_file_are_what_they_show(
    manager: Client, cast: Cast, returned: int
) -> None:
    """One number of each page that is not 0, and its sums."""
    make_order(cast, make_receipt(cast))
    told = {page: sheets(file_of(manager, page, "xlsx")) for page in PAGES}
    shown = {page: manager.get(reverse(f"numbers-{page}"), ALL).context for page in PAGES}
    here = told["workshop"]["По местам"]
    assert here[-1][1] == shown["workshop"]["total"].count > 0
    assert sum(row[1] for row in here[1:-1]) == here[-1][1]
    masters = told["masters"]["По мастерам"]
    assert masters[-1][1] == shown["masters"]["total"]["bench"].count
    assert masters[-1][7] == shown["masters"]["total"]["total"].count > 0
    out = told["polishing"]["По полировщикам"]
    assert out[-1][1] == shown["polishing"]["total"]["open"].count == 1
    flow = shown["flow"]["found"]
    (whole,) = [row for row in told["flow"]["По времени"] if row[0] == "Всего"]
    assert whole[1:] == [
        flow.total.received,
        flow.total.ready,
        flow.total.issued,
        flow.total.refused,
    ]
    assert whole[1] > 0
    assert told["lead-time"]["Сколько длится"][1][1] == shown["lead-time"]["found"].ready.n > 0
    first = shown["first-pass"]["found"]
    assert told["first-pass"]["Доли"][1][3:5] == [first.passed.part, first.passed.whole]
    assert first.passed.whole > 0
    due = [number for number, _link in shown["deadlines"]["rows"][0]["cells"]]
    assert told["deadlines"]["Доли"][1][3:7] == due
    undecided = told["accountability"]["Кто сделал"][-1]
    assert undecided[0] == "Мастерская"
    assert undecided[5] == shown["accountability"]["totals"][-1].count == 1


def test_a_file_can_be_narrowed_as_its_page(manager: Client, cast: Cast, returned: int) -> None:
    assert set(NARROWED) == set(PAGES)
    for page in PAGES:
        shown = manager.get(reverse(f"numbers-{page}"), ALL).context["asked"]
        assert shown.fields == NARROWED[page], page


def test_a_narrowed_file_holds_the_numbers_of_the_narrowed_page(
    manager: Client, cast: Cast, returned: int
) -> None:
    make_receipt(cast)
    Receipt.objects.filter(pk=returned).update(watch=Watch.objects.create(brand="Ракета"))
    only = {"brand": "Ракета"}
    found = sheets(file_of(manager, "workshop", "xlsx", **only))
    assert found["По местам"][-1][1] == 1
    assert "Ракета" in found["Сейчас в мастерской"][1][0]
    (whole,) = [
        row
        for row in sheets(file_of(manager, "flow", "xlsx", **only))["По времени"]
        if row[0] == "Всего"
    ]
    assert whole[1] == 1
    person = {"person": str(cast.mark.pk)}
    rows = sheets(file_of(manager, "quality", "xlsx", **person))["По сотрудникам"]
    assert {row[0] for row in rows[1:] if row[1]} == {cast.mark.short_name, "Мастерская"}


def test_only_who_may_see_the_page_gets_its_file(cast: Cast, returned: int) -> None:
    master = make_user("maxim", roles.GROUPS[roles.OWNER])
    master.groups.clear()
    Employee.objects.filter(pk=cast.maxim.pk).update(user=master)
    client = signed_in(master)
    for page in PAGES:
        for form in ("xlsx", "pdf"):
            answer = client.get(reverse("numbers-file", args=[page, form]), ALL)
            assert answer.status_code == 403
            assert not answer.streaming
    assert Client().get(reverse("numbers-file", args=["quality", "xlsx"])).status_code == 302


@pytest.mark.parametrize(("page", "form"), [("quality", "docx"), ("nothing", "xlsx")])
def test_what_is_not_there_is_not_found(manager: Client, page: str, form: str) -> None:
    assert manager.get(reverse("numbers-file", args=[page, form])).status_code == 404


def test_a_wrong_question_is_shown_on_the_page(manager: Client) -> None:
    asked = {"period": "custom", "from": "31.12.2026", "to": "01.12.2026"}
    address = reverse("numbers-file", args=["quality", "xlsx"])
    answer = manager.get(address, asked, follow=True)
    assert answer.redirect_chain
    assert answer.context["asked"].errors


def test_no_name_runs_in_a_spreadsheet(manager: Client, cast: Cast, returned: int) -> None:
    Employee.objects.filter(pk=cast.maxim.pk).update(short_name='=HYPERLINK("http://x")')
    content = file_of(manager, "quality", "xlsx")
    cells = [
        cell
        for sheet in openpyxl.load_workbook(io.BytesIO(content))
        for row in sheet
        for cell in row
    ]
    live = [cell for cell in cells if str(cell.value).startswith("=")]
    assert live
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in live)


@pytest.mark.parametrize(("page", "what"), [("works", "works"), ("items", "all")])
def test_the_rows_behind_a_number_are_a_file_too(
    manager: Client, returned: int, page: str, what: str
) -> None:
    answer = manager.get(reverse(f"numbers-{page}"), {**ALL, "what": what})
    count = answer.context["page"].paginator.count
    assert count
    (_excel, excel), (_pdf, pdf) = answer.context["files"]
    base = reverse(f"numbers-{page}")
    (rows,) = sheets(content_of(manager.get(base + excel))).values()
    assert len(rows) == count + 1
    text = words(content_of(manager.get(base + pdf)))
    assert rows[1][0].removeprefix("№ ") in text


def test_the_paper_has_the_numbers_of_the_page(manager: Client, cast: Cast, returned: int) -> None:
    lines = words(file_of(manager, "quality", "pdf")).splitlines()
    (whole,) = [line for line in lines if "Мастерская" in line and "Все работы" in line]
    assert whole.split()[3:8] == ["50,0", "9,5–90,5", "2", "1", "1"]


def test_the_list_of_receipts_is_a_file_too(manager: Client, returned: int) -> None:
    base = reverse("numbers-receipts")
    answer = manager.get(base, {**ALL, "what": "received"})
    count = answer.context["page"].paginator.count
    assert count > 1
    (_excel, excel), (_pdf, pdf) = answer.context["files"]
    (rows,) = sheets(content_of(manager.get(base + excel))).values()
    assert len(rows) == count + 1
    assert rows[0][0] == "Квитанция"
    assert rows[1][0] in words(content_of(manager.get(base + pdf)))


def test_too_long_a_list_asks_for_a_shorter_period(
    manager: Client, returned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers_files, "MOST_ROWS", 1)
    answer = manager.get(reverse("numbers-works"), {**ALL, "file": "xlsx"}, follow=True)
    assert answer.redirect_chain
    assert "выберите период короче" in answer.content.decode()


def test_shares_are_numbers_with_one_digit() -> None:
    from analytics.reports.tables import percent

    assert percent(0.97512) == Decimal("97.5")
