"""New receipt and its form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from botapp.screens import card_text
from botapp.screens.facts_lines import read_lines
from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone, written
from history.models import Command, Event
from receipts.models import Customer, Photo, Receipt, Watch
from receipts.services.facts import edit_facts
from receipts.services.intake import attach
from tests.cast import Cast, make_cast, make_receipt
from workshop.lib import clock

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture(params=["ru", "en"])
def igor(request: pytest.FixtureRequest, bot: BotDriver, cast: Cast) -> Phone:
    return phone(bot, cast.igor, request.param)


def test_create_is_an_explicit_step_and_pressed_twice_is_one(igor: Phone) -> None:
    igor.press("📥 New receipt")
    igor.type("№ 101-А")
    assert igor.sees("New receipt: %(number)s", number="№101-А")
    assert not Receipt.objects.exists()
    igor.press("Create №%(number)s", number="101-А", times=2)
    assert igor.sees("Receipt created: №%(number)s", number="101-А")
    assert Receipt.objects.get().number == "101-А"


@pytest.mark.parametrize("typed", ["###", "x" * 40, "a<b>1", "🔥"])
def test_an_impossible_number_is_told_and_stays(igor: Phone, typed: str) -> None:
    igor.press("📥 New receipt")
    before = written()
    igor.type(typed)
    assert "⚠" in igor.text
    assert igor.sees("Entered: %(text)s", text=typed)
    assert written() == before
    igor.type("55")
    assert igor.sees("New receipt: %(number)s", number="№55")


def test_a_number_that_exists_opens_its_card(cast: Cast, igor: Phone) -> None:
    make_receipt(cast, "101-А")
    igor.press("📥 New receipt")
    igor.type("101-a")  # the Latin look-alike
    assert igor.sees("Receipt №%(number)s exists already.", number="101-А")
    assert "№101-А · " in igor.text
    assert Receipt.objects.count() == 1


def test_similar_numbers_are_shown_before_creation(cast: Cast, igor: Phone) -> None:
    make_receipt(cast, "00123")
    igor.press("📥 New receipt")
    igor.type("123")
    assert igor.sees("Similar numbers are open. Is it one of them?")
    igor.press("№00123")
    assert "№00123 · " in igor.text
    igor.press("⬅ Back")
    igor.press("Create №%(number)s", number="123")
    assert Receipt.objects.count() == 2


def test_somebody_was_faster(cast: Cast, igor: Phone) -> None:
    igor.press("📥 New receipt")
    igor.type("77")
    make_receipt(cast, "77", by="ivan")
    igor.press("Create №%(number)s", number="77")
    assert igor.sees(
        "Receipt №%(number)s exists already (%(who)s, %(when)s).",
        number="77",
        who=cast.ivan.short_name,
        when=clock.show(Receipt.objects.get().received_at),
    )
    assert "№77 · " in igor.text
    assert Receipt.objects.count() == 1


def test_back_from_every_step(igor: Phone) -> None:
    igor.walk("📥 New receipt", "<101>")
    igor.walk_back()
    assert igor.offers("📥 New receipt")


def test_the_form_shows_what_it_understood_before_it_saves(cast: Cast, igor: Phone) -> None:
    with time_machine.travel(NOW):
        igor.type("/menu")
        igor.press("📥 New receipt")
        igor.type("101")
        igor.press("Create and fill in")
        before = written()
        igor.type(
            "Omega Speedmaster\nsn: A-123456\n8 (916) 123-45-67\n25.12 18:00\nне идёт\n5 звеньев"
        )
        igor.press("⛔ Do not polish")
        igor.person.photo()
        assert igor.sees("Brand")
        assert "+79161234567" in igor.text
        assert "25.12.2026 18:00" in igor.text
        assert written()[0] == before[0] + 1  # the photo alone
        igor.press("✅ Save", times=2)
    receipt = Receipt.objects.get()
    assert igor.sees("Saved.")
    assert (receipt.watch.brand, receipt.watch.model) == ("Omega", "Speedmaster")
    assert receipt.watch.serial == "A-123456"
    assert receipt.customer.phone == "+79161234567"
    assert (receipt.complaint, receipt.links_count) == ("не идёт", 5)
    assert receipt.do_not_polish
    assert clock.show(receipt.deadline) == "25.12.2026 18:00"
    assert Photo.objects.filter(receipt=receipt).count() == 1
    assert Customer.objects.count() == Watch.objects.count() == 1


def test_a_phone_stays_out_of_events_and_commands(cast: Cast, igor: Phone) -> None:
    igor.press("📥 New receipt")
    igor.type("101")
    igor.press("Create and fill in")
    igor.type("клиент: Пётр Первый\n+79161234567")
    igor.press("✅ Save")
    kept = f"{list(Event.objects.values())}{list(Command.objects.values())}"
    assert "9161234567" not in kept
    assert "Пётр" not in kept


def test_a_returning_watch_and_customer_are_offered(cast: Cast, igor: Phone) -> None:
    old = make_receipt(cast, "55")
    attach(
        receipt_id=old.pk,
        watch={"brand": "Zenith", "serial": "AB 12345"},
        customer={"name": "Пётр", "phone": "+79161234567"},
        actor=cast.actor("igor"),
    )
    igor.press("📥 New receipt")
    igor.type("101")
    igor.press("Create and fill in")
    igor.type("серийный: ab12345\n+79161234567")
    assert igor.sees(
        "↻ Was here: %(watch)s, %(number)s, %(status)s, %(when)s",
        watch="Zenith AB 12345",
        number="№55",
        status=igor.say("Received"),
        when=f"{clock.local(old.received_at):%d.%m.%Y}",
    )
    igor.press("⌚")
    igor.press("👤 Пётр")
    igor.press("✅ Save")
    receipt = Receipt.objects.get(number="101")
    old.refresh_from_db()
    assert (receipt.watch_id, receipt.customer_id) == (old.watch_id, old.customer_id)
    assert Watch.objects.count() == Customer.objects.count() == 1


def test_one_more_watch_of_this_customer(cast: Cast, igor: Phone) -> None:
    first = make_receipt(cast, "55")
    attach(receipt_id=first.pk, customer={"name": "Пётр"}, actor=cast.actor("igor"))
    igor.type("55")
    igor.walk("☰ More", "📥 One more of this customer", "<56>")
    igor.press("Create №%(number)s", number="56")
    first.refresh_from_db()
    assert Receipt.objects.get(number="56").customer == first.customer


def test_one_more_right_after_the_form(cast: Cast, igor: Phone) -> None:
    igor.press("📥 New receipt")
    igor.type("101")
    igor.press("Create and fill in")
    igor.type("8-916-123-45-67 Пётр")
    igor.press("✅ Save")
    igor.press("📥 One more of this customer")
    assert igor.sees("Customer: %(name)s", name="Пётр")
    igor.type("102")
    igor.press("Create №%(number)s", number="102")
    first, second = Receipt.objects.order_by("pk")
    assert first.customer_id == second.customer_id is not None


def test_lines_that_are_not_saved_are_not_lost(igor: Phone) -> None:
    """Back asks, the menu keeps them, also after a restart in the middle (the state is a row)."""
    igor.press("📥 New receipt")
    igor.type("101")
    igor.press("Create and fill in")
    igor.type("Omega Speedmaster")
    igor.press("⬅ Back")
    assert igor.sees("These lines are not saved.")
    igor.press("⬅ Back")
    igor.type("не идут")
    igor.press("🏠 Home")
    assert igor.screen_id == "menu"
    igor.press("▶ Continue %(subject)s", subject="№101")
    assert "Omega" in igor.text
    igor.type("/menu")
    igor.press("▶ Continue %(subject)s", subject="№101")
    igor.press("⬅ Back")
    igor.press("✅ Save")
    receipt = Receipt.objects.get()
    assert (receipt.watch.brand, receipt.complaint) == ("Omega", "не идут")
    igor.press("☰ More")
    igor.press("Edit the facts")
    igor.type("цена: 1500")
    igor.press("⬅ Back")
    igor.press("Leave without saving")
    assert Receipt.objects.get().agreed_price is None


def test_what_a_day_has_dropped_is_told(igor: Phone) -> None:
    """Also when it was parked, and each value that was entered."""
    igor.press("📥 New receipt")
    igor.type("101")
    igor.press("Create and fill in")
    igor.type("Omega\n+7 916 555-11-22 Петров Сергей")
    igor.type("/menu")
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        igor.type("/menu")
        what = f"№101, {igor.say('Brand')}: Omega, {igor.say('Customer')}: Петров Сергей, "
        what += f"{igor.say('Phone')}: +79165551122"
        assert igor.sees(
            "⌛ Not finished within 24 hours, nothing of it was saved: %(what)s", what=what
        )
        assert not igor.offers("▶")
        igor.type("101")
        igor.press("💬 Comment")
    with time_machine.travel(clock.now() + timedelta(hours=50)):
        igor.press("⬅ Back")  # an old keyboard
        assert igor.screen_id == "menu"
        assert "№101" in igor.text
        assert igor.sees("Send the comment.")


def test_a_line_more_is_added_and_a_named_one_replaces(igor: Phone) -> None:
    igor.press("📥 New receipt")
    igor.type("101")
    igor.press("Create and fill in")
    igor.type("не идут")
    igor.type("разбито стекло")
    assert "не идут\nразбито стекло" in igor.text
    igor.type("жалоба: спешат")
    igor.press("✅ Save")
    assert Receipt.objects.get().complaint == "спешат"


def test_what_is_written_below_a_photo_is_read(igor: Phone) -> None:
    igor.press("📥 New receipt")
    igor.type("101")
    igor.press("Create and fill in")
    igor.person.photo(caption="Omega Seamaster\nне полировать")
    igor.press("✅ Save")
    receipt = Receipt.objects.get()
    assert receipt.watch.model == "Seamaster"
    assert receipt.do_not_polish
    assert Photo.objects.filter(receipt=receipt).count() == 1


def test_an_address_is_refused_and_never_kept(igor: Phone) -> None:
    """The complaint stands in the history for ever: nothing personal may get there by guess."""
    igor.press("📥 New receipt")
    igor.type("101")
    igor.press("Create and fill in")
    igor.type("i.ivanov@example.org")
    assert igor.sees("There is no place for an address: %(line)s", line="i.ivanov@example.org")
    assert not igor.offers("✅ Save")


@pytest.mark.parametrize("line", ["вчера 10:00", "срок: позавчера", "до вчера 18:00"])
def test_a_deadline_in_the_past_is_told_as_such(igor: Phone, line: str) -> None:
    igor.press("📥 New receipt")
    igor.type("1361-7")
    igor.press("Create and fill in")
    igor.type(line)
    assert igor.sees("The deadline must be in the future.")


@pytest.mark.parametrize("line", ["срок: вчера", "31.02", "телефон: 12"])
def test_an_impossible_line_is_told_and_what_was_entered_stays(igor: Phone, line: str) -> None:
    igor.press("📥 New receipt")
    igor.type("101")
    igor.press("Create and fill in")
    igor.type("Omega")
    igor.type(line)
    assert "⚠" in igor.text
    assert f"{igor.say('Brand')}: Omega" in igor.text
    igor.press("Start again")
    assert "Omega" not in igor.text.replace(igor.say(EXAMPLE), "")


EXAMPLE = (
    "Omega Speedmaster\nserial 12345678\n+7 916 123-45-67 John Smith\nin 5 days\nit stops\n"
    "links 12\naccessories: box"
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Rolex Datejust 16234", {"brand": "Rolex", "model": "Datejust 16234"}),
        ("часы: Ракета Космос", {"brand": "Ракета", "model": "Космос"}),
        ("3456789K", {"serial": "3456789K"}),
        ("S/N: 12-34", {"serial": "12-34"}),
        ("+7 916 123-45-67", {"phone": "+79161234567"}),
        ("срочно", {"urgent": True}),
        ("Do not polish", {"do_not_polish": True}),
        ("7 звеньев", {"links_count": "7"}),
        ("links 7", {"links_count": "7"}),
        ("комплект: коробка, карта", {"completeness": "коробка, карта"}),
        ("отстают на 10 минут: проверить", {"complaint": "отстают на 10 минут: проверить"}),
        (
            "the second hand stops at twelve every day",
            {"complaint": "the second hand stops at twelve every day"},
        ),
        ("не идут\nразбито стекло", {"complaint": "не идут\nразбито стекло"}),
    ],
)
def test_lines_are_read_by_name_or_form(line: str, expected: dict[str, object]) -> None:
    assert read_lines(line, NOW) == expected


def test_lines_of_a_deadline_are_resolved() -> None:
    assert clock.from_iso(read_lines("25.12", NOW)["deadline"]) == datetime(
        2026, 12, 25, 15, 0, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("серийный 123/45", {"serial": "123/45"}),
        ("SN 12345", {"serial": "12345"}),
        ("серийный номер стёрт", {"complaint": "серийный номер стёрт"}),
        ("срок послезавтра", {"deadline": "2026-12-03T15:00:00.000000Z"}),
        ("до 25.12", {"deadline": "2026-12-25T15:00:00.000000Z"}),
        ("до упора не заводятся", {"complaint": "до упора не заводятся"}),
        ("комплект коробка", {"completeness": "коробка"}),
        (
            "+7 916 555-11-22 Петров Сергей",
            {"phone": "+79165551122", "name": "Петров Сергей"},
        ),
        ("Ольга, тел. 8 916 555 11 22", {"phone": "+79165551122", "name": "Ольга"}),
        (
            "звонить 89165551122 вечером",
            {"phone": "+79165551122", "complaint": "звонить вечером"},
        ),
        ("Петров Сергей Иванович", {"name": "Петров Сергей Иванович"}),
        ("Ракета Балерина", {"brand": "Ракета", "model": "Балерина"}),
        ("Омега Спидмастер", {"brand": "Омега", "model": "Спидмастер"}),
        ("ролекс", {"brand": "ролекс"}),
        ("Tag Heuer Carrera", {"brand": "Tag Heuer", "model": "Carrera"}),
        ("omega speedmaster", {"brand": "omega", "model": "speedmaster"}),
        ("runs slow", {"complaint": "runs slow"}),
        ("it stops", {"complaint": "it stops"}),
        (
            "Omega\nSpeedmaster\nruns slow",
            {
                "brand": "Omega",
                "model": "Speedmaster",
                "complaint": "runs slow",
            },
        ),
        (
            "Omega Speedmaster\nAnn Lee",
            {
                "brand": "Omega",
                "model": "Speedmaster",
                "name": "Ann Lee",
            },
        ),
        ("не полируем", {"do_not_polish": True}),
        ("полировку не делать", {"do_not_polish": True}),
        ("срочный ремонт", {"urgent": True}),
        ("звенья 3", {"links_count": "3"}),
        ("к пятнице", {"deadline": "2026-12-04T15:00:00.000000Z"}),
        ("до пятницы 18:00", {"deadline": "2026-12-04T15:00:00.000000Z"}),
        ("8 (916) 123-45-67 Иванов", {"phone": "+79161234567", "name": "Иванов"}),
        ("коробка, документы", {"completeness": "коробка, документы"}),
        ("box and papers", {"completeness": "box and papers"}),
        ("царапины на стекле", {"condition": "царапины на стекле"}),
        ("dented case", {"condition": "dented case"}),
        ("аванс 2 000 р.", {"prepayment": "2 000"}),
        ("аванс 2 тыс", {"prepayment": "2000"}),
        ("аванс: 1,5 тыс. руб", {"prepayment": "1500"}),
        ("предоплата 2к", {"prepayment": "2000"}),
        ("2500 р. аванс", {"prepayment": "2500"}),
        ("цена 12,5 т.р.", {"agreed_price": "12500"}),
        ("price 3k", {"agreed_price": "3000"}),
        ("оценка: 40 тысяч", {"declared_value": "40000"}),
        ("аванс 2 кольца", {"complaint": "аванс 2 кольца"}),
        ("серт. нет", {"completeness": "серт. нет"}),
        ("серт нет", {"completeness": "серт нет"}),
        ("сертификата нет, док. есть", {"completeness": "сертификата нет, док. есть"}),
        ("без коробки", {"completeness": "без коробки"}),
        ("no papers", {"completeness": "no papers"}),
        ("без завода стоят", {"complaint": "без завода стоят"}),
        ("price 15000", {"agreed_price": "15000"}),
        ("механизм 12345678", {"movement_number": "12345678"}),
        ("механизм стоит", {"complaint": "механизм стоит"}),
        ("реф. 145.022", {"reference": "145.022"}),
        ("место A-12", {"place": "A-12"}),
        ("клиент Иванов Пётр", {"name": "Иванов Пётр"}),
        ("клиент просит позвонить", {"complaint": "клиент просит позвонить"}),
        ("победа не ходит", {"complaint": "победа не ходит"}),
        ("Не ходят", {"complaint": "Не ходят"}),
    ],
)
def test_lines_as_people_write_them(line: str, expected: dict[str, object]) -> None:
    assert read_lines(line, NOW) == expected


def test_what_was_agreed_about_money_can_be_read_again(cast: Cast, igor: Phone) -> None:
    """On the second page, and in the form that enters it. Masters are told no prices."""
    receipt = make_receipt(cast)
    facts = {"agreed_price": "15000.50", "prepayment": "2000", "declared_value": None}
    edit_facts(receipt_id=receipt.pk, facts=facts, actor=cast.actor("ivan"))
    igor.type(receipt.number)
    igor.press("☰ More")
    on_the_card = igor.text
    igor.press("Edit the facts")
    for told in (on_the_card, igor.text):
        plain = told.replace("\xa0", " ").replace(",", ".")
        assert "15 000.50 ₽" in plain or "15.000.50 ₽" in plain
        assert igor.say("Prepayment") in told
        assert igor.say("Declared value") not in told
    receipt.refresh_from_db()
    assert "₽" not in card_text.facts(receipt, clock.now())
