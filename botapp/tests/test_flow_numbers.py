"""Analytics in the bot: section, period, table, chart, spreadsheet; who sees whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
import python_calamine
import time_machine
from django.utils import translation

from analytics.tests.test_trend import make_months
from botapp.models import Dialog
from botapp.numbers.sections import SECTIONS
from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import LANGUAGES, phone, tr, written
from staff.models import Employee
from tests.cast import Cast, make_cast, make_ready

OCTOBER = date(2026, 10, 1)
PNG = b"\x89PNG"


@pytest.fixture(autouse=True)
def _november() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 20, 9, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Two masters with a year of works; Maxim's October is bad."""
    make_months(cast.maxim, [(40, 1)] * 10 + [(40, 12)], until=OCTOBER)
    make_months(cast.mark, [(30, 0), (30, 1)] * 5 + [(30, 1)], until=OCTOBER)
    make_ready(cast)
    return cast


def screen_of(person: MemoryPerson) -> str:
    return Dialog.objects.get(person_id=person.id).screen


def picture_of(person: MemoryPerson) -> bytes:
    message = person._live().message
    assert message is not None
    assert message.picture is not None
    return message.picture.content


def open_section(person: MemoryPerson, language: str, label: str, period: str = "") -> None:
    person.text("/menu")
    person.press(tr(language, "☰ More"))
    person.press(tr(language, "📊 Analytics"))
    person.press(tr(language, label))
    if period:
        person.press(tr(language, period).capitalize())


@pytest.mark.parametrize("language", LANGUAGES)
def test_quality_of_everybody_its_chart_and_its_file(
    bot: BotDriver, busy: Cast, language: str
) -> None:
    anna = phone(bot, busy, "anna", language)
    before = written()
    open_section(anna, language, "✅ Quality", "previous month")
    shown = anna.screen
    assert "01.10.2026 – 31.10.2026" in shown
    assert "Максим М." in shown
    assert "Марк С." in shown
    lines = [line for line in shown.text.splitlines() if line.startswith("Максим М.")]
    assert lines[0].split()[2:] == ["70,0" if language == "ru" else "70.0", "40", "12", "0"]
    assert tr(language, "Not final: works of the last 14 days may still come back.") not in shown

    anna.press(tr(language, "📈 Chart"))
    assert anna.screen.picture
    assert picture_of(anna).startswith(PNG)
    assert len(anna.screens) == 1

    anna.press("📄 Excel")
    (file,) = anna.files
    assert file.name.endswith(".xlsx")
    book = python_calamine.load_workbook(BytesIO(file.content))
    cells = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    assert any(row[0] == "Максим М." and 70.0 in row for row in cells)
    assert written() == before, "looking changes nothing"


def test_every_back_leads_where_it_came_from(bot: BotDriver, busy: Cast) -> None:
    anna = phone(bot, busy, "anna")
    way = ["menu"]
    for label in ("☰ More", "📊 Analytics", "✅ Quality", "Previous month", "👤 One person"):
        anna.press(label)
        way.append(screen_of(anna))
    anna.press("Максим М.")
    anna.press("📈 Chart")
    assert [*way, "numbers.table"] == [
        "menu",
        "menu.more",
        "numbers",
        "numbers.period",
        "numbers.table",
        "numbers.people",
        "numbers.table",
    ]
    assert screen_of(anna) == "numbers.chart"
    for expected in ["numbers.table", *reversed(way)]:
        anna.press("⬅ Back")
        assert screen_of(anna) == expected
    assert not anna.screen.picture


def test_one_person_with_his_trend(bot: BotDriver, busy: Cast) -> None:
    boris = phone(bot, busy, "boris")
    open_section(boris, "en", "✅ Quality", "previous month")
    boris.press("👤 One person")
    boris.press("Максим М.")
    assert "October 2026: outside the limits: more works came back" in boris.screen
    assert "Assembly" in boris.screen or "Сборка" in boris.screen
    boris.press("📈 Chart")
    assert boris.screen.picture
    assert "01.12.2025 – 30.11.2026" in boris.screen, "the chart has a window of its own"


def test_another_period_from_the_table(bot: BotDriver, busy: Cast) -> None:
    anna = phone(bot, busy, "anna")
    open_section(anna, "en", "🔧 Output", "this month")
    assert "Partial" in anna.screen
    assert "No data." not in anna.screen  # the ready watch was worked on today
    anna.press("🗓 Period: 01.11.2026 – 30.11.2026")
    anna.text("01.09.2026 - 30.09.2026")
    assert screen_of(anna) == "numbers.table"
    assert "01.09.2026 – 30.09.2026" in anna.screen
    assert "All works: 71" in anna.screen or "All works: 70" in anna.screen
    anna.press("📈 Chart")
    assert "01.09.2026 – 30.09.2026" in anna.screen, "the chart is of the period on the screen"
    anna.press("⬅ Back")
    anna.press("🗓 Period: 01.09.2026 – 30.09.2026")
    anna.press("Previous month")
    assert "01.10.2026 – 31.10.2026" in anna.screen


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("31.12.2026 – 01.12.2026", "before the first"),
        ("01.02.2026 31.02.2026", "There is no day 31.02.2026."),
        ("01.01.1900 – 31.12.2026", "longer than 20 years"),
        ("soon", "Please answer with text"),
    ],
)
def test_a_wrong_period_keeps_the_screen(
    bot: BotDriver, busy: Cast, typed: str, answer: str
) -> None:
    anna = phone(bot, busy, "anna")
    open_section(anna, "en", "🔁 Returns")
    anna.text(typed)
    assert answer in anna.screen
    assert screen_of(anna) == "numbers.period"
    anna.press("This month")
    assert screen_of(anna) == "numbers.table"


def test_a_number_opens_its_receipt_from_any_of_them(bot: BotDriver, busy: Cast) -> None:
    number = make_ready(busy).number
    anna = phone(bot, busy, "anna")
    open_section(anna, "en", "🔁 Returns")
    anna.text(number)
    assert screen_of(anna) == "receipt.card"


@pytest.mark.parametrize(("who", "language"), [("igor", "ru"), ("anna", "ru"), ("boris", "en")])
def test_every_section_opens(bot: BotDriver, busy: Cast, who: str, language: str) -> None:
    """Its table, its chart and its file, where there are numbers and where there are none."""
    person = phone(bot, busy, who, language)
    person.press(tr(language, "☰ More"))
    person.press(tr(language, "📊 Analytics"))
    offered = person.screen.buttons
    for one in SECTIONS:
        with translation.override(language):
            label = str(one.label)
        if label not in offered:
            assert who == "igor"
            assert one.code == "accountability"
            continue
        for period in ("all time", "yesterday") if one.timed else ("",):
            open_section(person, language, label, period)
            assert screen_of(person) == "numbers.table", one.code
            chart = tr(language, "📈 Chart")
            if chart in person.screen.buttons:
                person.press(chart)
                assert screen_of(person) == "numbers.chart"
            person.press("📄 Excel")
            assert person.files[-1].content.startswith(b"PK")
            assert len(person.screens) == 1


def test_an_inspector_sees_no_named_person(bot: BotDriver, busy: Cast) -> None:
    igor = phone(bot, busy, "igor")
    for label in ("✅ Quality", "🔧 Output", "🔁 Returns"):
        open_section(igor, "en", label, "this year")
        assert "Максим" not in igor.screen, label
        assert "👤 One person" not in igor.screen.buttons
        igor.press("📄 Excel")
        book = python_calamine.load_workbook(BytesIO(igor.files[-1].content))
        text = str([book.get_sheet_by_name(name).to_python() for name in book.sheet_names])
        assert "Максим" not in text, label
    open_section(igor, "en", "✅ Quality", "this year")
    assert "Сборка" in igor.screen or "Assembly" in igor.screen


def test_a_master_sees_himself_alone(bot: BotDriver, busy: Cast) -> None:
    maxim = phone(bot, busy, "maxim")
    assert "☰ More" in maxim.screen.buttons
    maxim.press("☰ More")
    assert "📊 Analytics" not in maxim.screen.buttons
    maxim.press("🏠 Home")
    maxim.press("My queue")
    maxim.press("📊 My quality and output")
    maxim.press("🗓 Period: 01.11.2026 – 30.11.2026")
    maxim.press("Previous month")
    assert "Quality: 70.0 % of 40" in maxim.screen
    assert "fewer than 3 others" in maxim.screen
    assert "Марк" not in maxim.screen
    assert "👤 One person" not in maxim.screen.buttons
    maxim.press("📈 Chart")
    assert maxim.screen.picture
    maxim.press("⬅ Back")
    maxim.press("⬅ Back")
    assert "My queue" in maxim.screen or "Nothing lies at you." in maxim.screen


def test_an_average_of_three_others(bot: BotDriver, busy: Cast) -> None:
    for who in (busy.pavel, busy.ivan):
        make_months(who, [(30, 3)], until=OCTOBER)
    maxim = phone(bot, busy, "maxim")
    maxim.press("My queue")
    maxim.press("📊 My quality and output")
    maxim.press("🗓 Period")
    maxim.press("Previous month")
    assert "Works: 40, the others on average 30.0" in maxim.screen
    assert "the others together 92 %" in maxim.screen  # 7 of 90 came back


def test_access_that_was_taken_away(bot: BotDriver, busy: Cast) -> None:
    anna = phone(bot, busy, "anna")
    open_section(anna, "en", "✅ Quality", "previous month")
    anna.press("👤 One person")
    anna.press("Максим М.")
    key, message = anna.payload_of("📈 Chart")
    Employee.objects.filter(pk=busy.anna.pk).update(is_manager=False, is_inspector=True)
    anna.press_payload(key, message)
    assert "Максим" not in anna.screen
    assert not anna.screen.picture


def test_names_that_break_things(bot: BotDriver, busy: Cast) -> None:
    name = "<b>Макс & Ко</b> 🔥" + "ы" * 80
    Employee.objects.filter(pk=busy.maxim.pk).update(short_name=name, full_name=name)
    anna = phone(bot, busy, "anna")
    for label, period in (("✅ Quality", "this year"), ("🔧 Output", "this year")):
        open_section(anna, "en", label, period)
        assert "<b>Макс" in anna.screen
        anna.press("📈 Chart")
        assert picture_of(anna).startswith(PNG)
    open_section(anna, "en", "✅ Quality", "this year")
    anna.press("👤 One person")
    anna.press("<b>Макс")
    anna.press("📈 Chart")
    assert picture_of(anna).startswith(PNG)
    anna.press("📄 Excel")
    assert len(anna.files[-1].name) <= 60


def test_three_hundred_people_are_paged(bot: BotDriver, busy: Cast) -> None:
    people = Employee.objects.bulk_create(
        Employee(
            full_name=f"Тёзкин {n:03}", short_name=f"Тёзкин {n:03} " + "&" * 30, is_master=True
        )
        for n in range(60)
    )
    for one in people:
        make_months(one, [(1, 0)], until=OCTOBER)
    anna = phone(bot, busy, "anna")
    open_section(anna, "en", "✅ Quality", "previous month")
    assert "1/5" in anna.screen.buttons
    assert len(anna.screen.text) < 2000
    seen = set()
    for _page in range(5):
        seen |= {line[:10] for line in anna.screen.text.splitlines() if line.startswith("Тёзкин")}
        anna.press("▶")
    assert len(seen) == 60
