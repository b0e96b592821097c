"""Find, history, the worker's queue, the language and the menu."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from botapp.models import Dialog
from botapp.testing import BotDriver
from botapp.tests.flows import Phone, phone, written
from receipts.models import Receipt
from receipts.services.facts import add_comment, set_urgent
from receipts.services.intake import attach
from tests.cast import Cast, make_cast, make_in_work, make_order, make_receipt

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture(params=["ru", "en"])
def igor(request: pytest.FixtureRequest, bot: BotDriver, cast: Cast) -> Phone:
    return phone(bot, cast.igor, request.param)


@pytest.mark.parametrize("query", ["К-10", "A7777", "zenith", "8 916 123-45-67", "№К-101"])
def test_one_box_finds_by_anything(cast: Cast, igor: Phone, query: str) -> None:
    receipt = make_receipt(cast, "К-101")
    attach(
        receipt_id=receipt.pk,
        watch={"brand": "Zenith", "serial": "A7777"},
        customer={"phone": "+79161234567"},
        actor=cast.actor("igor"),
    )
    make_receipt(cast, "555")
    igor.press("🔎 Find")
    igor.type(query)
    if "К-101 · " not in igor.text:  # an exact number opens the card at once
        igor.press("№К-101")
    assert "№К-101 · " in igor.text
    assert "Zenith A7777" in igor.text


@pytest.mark.parametrize("query", ["Jvtuf", "омега", "щьупф", "D-1361", "l-1361"])
def test_the_wrong_keyboard_and_the_other_alphabet_find_too(
    cast: Cast, igor: Phone, query: str
) -> None:
    receipt = make_receipt(cast, "Д-1361")
    attach(receipt_id=receipt.pk, watch={"brand": "Omega"}, actor=cast.actor("igor"))
    make_receipt(cast, "555")
    igor.press("🔎 Find")
    igor.type(query)
    assert igor.sees("Found: %(count)s", count=1)
    assert igor.offers("№Д-1361")


def test_a_similar_number_comes_first_on_every_prompt(cast: Cast, igor: Phone) -> None:
    meant = make_in_work(cast, number="Д-1361")
    for number in range(9):
        make_in_work(cast, number=f"9{number}")
    igor.press("🔧 Record work")
    igor.type("D-1361")
    assert igor.sees(
        "There is no receipt №%(number)s. Similar: %(similar)s", number="D-1361", similar="№Д-1361"
    )
    assert igor.buttons[0].startswith("№Д-1361")
    igor.type("91 92")
    assert igor.sees("One at a time: choose the first.")
    assert [label.split(" · ")[0] for label in igor.buttons[:2]] == ["№91", "№92"]
    igor.press("№91")
    assert igor.screen_id == "work.types"
    assert meant.number == "Д-1361"


def test_numbers_typed_all_day_do_not_pile_up(cast: Cast, igor: Phone) -> None:
    numbers = [make_receipt(cast, f"9{number}").number for number in range(3)]
    for step in range(40):
        igor.type(numbers[step % 3])
    assert len(Dialog.objects.get(person_id=igor.person.id).state["stack"]) <= 32
    igor.press("⬅ Back")
    assert f"№{numbers[38 % 3]} · " in igor.text


def test_nothing_found_offers_similar_numbers_and_creation(cast: Cast, igor: Phone) -> None:
    make_receipt(cast, "00123")
    igor.press("🔎 Find")
    igor.type("123-")
    assert igor.offers("№00123")
    igor.type("999")
    assert igor.sees("Nothing found.")
    before = written()
    igor.press("📥 New receipt №%(number)s", number="999")
    assert igor.sees("New receipt: %(number)s", number="№999")
    assert written() == before


def test_words_offer_no_creation(cast: Cast, igor: Phone) -> None:
    igor.press("🔎 Find")
    igor.type("breguet")
    assert igor.sees("Nothing found.")
    assert not igor.offers("📥 New receipt")


def test_an_unknown_number_typed_on_the_menu_is_looked_for(cast: Cast, igor: Phone) -> None:
    make_receipt(cast, "101-12")
    igor.type("101")
    assert igor.offers("№101-12")
    igor.type("hello there")
    assert igor.sees("Nothing found.")


def test_results_are_paged(cast: Cast, igor: Phone) -> None:
    for number in range(9):
        make_receipt(cast, f"AB-{number}")
    igor.press("🔎 Find")
    igor.type("ab-")
    assert "1/2" in igor.buttons
    igor.press("▶")
    assert igor.offers("№AB-0")
    igor.press("№AB-0")
    igor.press("⬅ Back")
    assert "2/2" in igor.buttons


def test_history_has_eight_lines_a_page_and_a_filter(cast: Cast, igor: Phone) -> None:
    receipt = make_in_work(cast, number="101")
    for number in range(9):
        text = f"note {number}"
        add_comment(receipt_id=receipt.pk, text=text, actor=cast.actor("ivan", "admin"))
    igor.type("101")
    igor.press("🗂 History")
    assert igor.text.count("note ") == 8
    assert igor.say("Comment: %(text)s", text="note 8") in igor.text
    door = {"ru": "офис", "en": "office"}[igor.language]
    assert f"(Иван В., {door})" in igor.text
    igor.press("▶")
    assert "note 0" in igor.text
    igor.press("Filter")
    igor.press("Handed to a master")
    assert "note" not in igor.text
    assert igor.sees("Handed to the master: %(name)s", name="Максим М.")
    igor.press("Filter")
    igor.press("Everything")
    assert "note 8" in igor.text


def test_back_of_find_and_history(cast: Cast, igor: Phone) -> None:
    make_in_work(cast, number="101")
    igor.walk("🔎 Find", "<10>", "№101", "🗂 History", "Filter")
    for _step in range(3):
        igor.press("⬅ Back")
    assert igor.sees("Search: %(query)s", query="10")
    igor.press("⬅ Back")
    igor.press("⬅ Back")
    assert igor.offers("🔎 Find")


# --- menu, queue, language ----------------------------------------------------------------------


def test_the_menu_shows_only_what_the_roles_allow(bot: BotDriver, cast: Cast) -> None:
    igor = phone(bot, cast.igor)
    assert "📥 Новая квитанция" in igor.buttons
    assert "Моя очередь" not in igor.buttons
    assert all(len(row) <= 2 for row in igor.person.screen.rows)
    maxim = phone(bot, cast.maxim)
    assert maxim.buttons == ["Моя очередь", "☰ Ещё"]
    boris = phone(bot, cast.boris)
    assert boris.offers("🔎 Find")
    assert not boris.offers("📥 New receipt")


def test_the_queue_of_a_master_and_of_a_polisher(bot: BotDriver, cast: Cast) -> None:
    receipt = make_in_work(cast, number="101")
    make_in_work(cast, number="102", master="mark")
    make_order(cast, receipt)
    for who in (cast.maxim, cast.pavel):
        worker = phone(bot, who)
        assert "Моя очередь (1)" in worker.buttons
        worker.press("My queue")
        assert "№101" in worker.text
        assert "№102" not in worker.text
        worker.press("№101")
        assert worker.buttons == ["⬅ Назад", "🏠 В меню"]
        worker.press("⬅ Back")
        worker.press("⬅ Back")
        assert worker.offers("My queue")


def test_an_empty_queue_says_so(bot: BotDriver, cast: Cast) -> None:
    maxim = phone(bot, cast.maxim)
    maxim.press("My queue")
    assert maxim.sees("Nothing lies at you.")


def test_self_service_accept_submit_decline(bot: BotDriver, cast: Cast, settings: Any) -> None:
    settings.WORKSHOP_SELF_SERVICE = True
    first, second = make_in_work(cast, number="101"), make_in_work(cast, number="102")
    maxim = phone(bot, cast.maxim)
    maxim.type("101")
    maxim.press("✅ Take into work", times=2)
    assert maxim.sees("Taken into work.")
    assert not maxim.offers("✅ Take into work")
    maxim.press("Submit to QC")
    first.refresh_from_db()
    assert first.status == "quality_control"
    maxim.type("102")
    maxim.walk("Cannot take it", "<no parts>")
    maxim.press("✅ Confirm")
    assert maxim.sees("Declined.")
    assert maxim.sees("My queue: %(count)s", count=1)
    second.refresh_from_db()
    assert (second.status, second.master) == ("received", None)


def test_the_language_changes_at_once(bot: BotDriver, cast: Cast) -> None:
    igor = phone(bot, cast.igor)
    igor.press("☰ More")
    igor.press("⚙ Settings")
    igor.press("🌐 Language")
    igor.person.press("English")
    assert "The language is saved." in igor.text
    assert "📥 New receipt" in igor.buttons
    cast.igor.refresh_from_db()
    assert cast.igor.language == "en"


def test_menu_and_lists_ask_the_database_as_often_for_ten_receipts_as_for_forty(
    bot: BotDriver, cast: Cast
) -> None:
    asked = []
    for batch in range(2):
        for number in range(10 if not batch else 30):
            receipt = make_in_work(cast, number=f"B{batch}-{number:03}")
            set_urgent(receipt_id=receipt.pk, urgent=True, actor=cast.actor("igor"))
        igor = phone(bot, cast.igor)
        with CaptureQueriesContext(connection) as queries:
            igor.type("/menu")
            igor.press("🔥 Urgent")
            igor.press("⬅ Back")
            igor.press("🔎 Find")
            igor.type("B")
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_the_empty_workshop_shows_no_error(bot: BotDriver, cast: Cast) -> None:
    assert not Receipt.objects.exists()
    igor = phone(bot, cast.igor)
    for label in ("🔥 Urgent", "🔎 Find", "👨‍🔧 Hand to a master", "📥 New receipt"):
        igor.press(label)
        assert "⚠" not in igor.text
        igor.press("⬅ Back")


def test_several_numbers_are_found_and_no_such_receipt_is_offered(cast: Cast, igor: Phone) -> None:
    make_receipt(cast, "К-101")
    make_receipt(cast, "К-102")
    igor.type("К-101, К-102")
    assert igor.offers("№К-101")
    assert igor.offers("№К-102")
    assert not igor.offers("📥 New receipt")
    igor.type("8 916 999-45-67")
    assert igor.sees("Nothing found.")
    assert not igor.offers("📥 New receipt")


def test_results_and_the_queue_name_the_watch(cast: Cast, igor: Phone, bot: BotDriver) -> None:
    receipt = make_in_work(cast, number="К-101")
    attach(
        receipt_id=receipt.pk,
        watch={"brand": "Zenith", "model": "Elite"},
        actor=cast.actor("igor"),
    )
    igor.press("🔎 Find")
    igor.type("zenith")
    assert igor.offers("№К-101 · Zenith Elite · ")
    maxim = phone(bot, cast.maxim)
    maxim.press("My queue")
    assert "№К-101 · Zenith Elite · " in maxim.text
