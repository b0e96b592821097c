"""Handing a watch to its customer: found by number, digits, name or phone; equal or explained."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import LANGUAGES, phone, taps, tr, written
from receipts.models import Customer, Receipt, RefusalReason
from receipts.services.facts import edit_facts
from receipts.services.flow import refuse
from tests.cast import Cast, make_cast, make_in_work, make_order, make_ready, make_receipt
from workshop.lib import clock

ALL_THERE = "✅ All there, hand out"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def igor(bot: BotDriver, cast: Cast) -> MemoryPerson:
    return phone(bot, cast, "igor")


def make_owned(cast: Cast, name: str, tel: str = "") -> Receipt:
    receipt = make_ready(cast)
    Receipt.objects.filter(pk=receipt.pk).update(
        customer=Customer.objects.create(name=name, phone=tel)
    )
    return receipt


def make_refused(cast: Cast) -> Receipt:
    receipt = make_in_work(cast)
    reason = RefusalReason.objects.get(code="no_parts").pk
    return refuse(receipt_id=receipt.pk, reason_id=reason, actor=cast.actor("igor")).object


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_tap_after_the_number(bot: BotDriver, cast: Cast, language: str) -> None:
    receipt = make_ready(cast)
    facts = {"completeness": "Коробка <красная>", "links_count": 12}
    edit_facts(receipt_id=receipt.pk, facts=facts, actor=cast.actor("igor"))
    igor = phone(bot, cast, "igor", language)
    igor.press(f"{tr(language, '📤 Hand to the customer')} (1)")
    igor.text(receipt.number)
    assert tr(language, "Completeness: %(value)s", value="Коробка <красная>") in igor.screen
    assert tr(language, "Bracelet links: %(value)s", value=12) in igor.screen
    assert "Сборка: 12" in igor.screen
    before = taps(igor)
    old, new = tr(language, "Ready"), tr(language, "Issued")
    assert tr(language, "Status: %(old)s → %(new)s", old=old, new=new) in igor.screen
    igor.press(tr(language, "✅ All there, hand out"))
    assert taps(igor) - before == 1
    assert tr(language, "Handed to the customer: %(number)s", number="№" + receipt.number) in (
        igor.screen
    )
    receipt.refresh_from_db()
    assert (receipt.status, receipt.received_by) == ("issued", "")


def test_who_receives_it_can_be_typed(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_ready(cast)
    igor.press("📤 Hand to the customer")
    igor.press(f"№{receipt.number}")
    igor.text("Пётр & <сын>")
    assert "Received by: Пётр & <сын>" in igor.screen
    igor.press(ALL_THERE, times=2)
    receipt.refresh_from_db()
    assert receipt.received_by == "Пётр & <сын>"


def test_a_difference_is_explained(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_ready(cast)
    igor.press("📤 Hand to the customer")
    igor.text(receipt.number)
    igor.text("Пётр")
    igor.press("There is a difference")
    igor.text("Нет одного звена")
    assert "Received by: Пётр" in igor.screen
    assert "Difference: Нет одного звена" in igor.screen
    igor.press("⬅ Back")
    assert "Нет одного звена" in igor.screen
    igor.press("Next")
    igor.press("✅ Confirm")
    receipt.refresh_from_db()
    assert (receipt.issue_difference, receipt.received_by) == ("Нет одного звена", "Пётр")


def test_who_collects_several_watches_of_a_customer_is_named_once(
    igor: MemoryPerson, cast: Cast
) -> None:
    first, second = make_owned(cast, "Иванов Пётр"), make_owned(cast, "Сидоров")
    twin = make_ready(cast)
    first.refresh_from_db()
    Receipt.objects.filter(pk=twin.pk).update(customer=first.customer)
    igor.press("📤 Hand to the customer")
    igor.text(first.number)
    igor.text("жена")
    igor.press(ALL_THERE)
    igor.text(twin.number)
    assert "Received by: жена" in igor.screen
    igor.press(ALL_THERE)
    igor.text(second.number)
    assert "жена" not in igor.screen


def test_a_refused_one_is_handed_out_unrepaired(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_refused(cast)
    igor.press("📤 Hand to the customer")
    igor.text(receipt.number)
    assert "without repair" in igor.screen
    igor.press(ALL_THERE)
    assert f"Handed out unrepaired: №{receipt.number}" in igor.screen


def test_found_by_digits_name_and_phone(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_owned(cast, "Смирнова Ольга", "+79161234567")
    make_owned(cast, "Кузнецов")
    Receipt.objects.filter(pk=receipt.pk).update(number="550123", number_key="550123")
    for typed in ("0123", "смирнова", "8 916 123-45-67", "cvbhyjdf"):  # the wrong keyboard
        igor.text("/menu")
        igor.press("📤 Hand to the customer")
        igor.text(typed)
        assert "№550123" in igor.screen
        assert "Is it all there?" in igor.screen


def test_several_fits_are_offered(igor: MemoryPerson, cast: Cast) -> None:
    first, second = make_owned(cast, "Иванов Пётр"), make_owned(cast, "Иванов Олег")
    make_owned(cast, "Сидоров")
    igor.press("📤 Hand to the customer")
    igor.text("иванов")
    assert "Several fit: choose one." in igor.screen
    offered = [label for label in igor.screen.buttons if "№" in label]
    named = [f"№{one.number}" for one in (first, second)]
    assert sorted(label.split(" · ")[0] for label in offered[:2]) == sorted(named)
    igor.press(f"№{first.number} ·")
    igor.press("⬅ Back")
    igor.press(f"№{second.number} ·")
    assert "Is it all there?" in igor.screen


def test_what_does_not_fit_is_told(igor: MemoryPerson, cast: Cast) -> None:
    make_ready(cast)
    igor.press("📤 Hand to the customer")
    before = written()
    igor.text("Никифоров <>")
    assert "Nothing that waits for its customer fits: Никифоров <>" in igor.screen
    assert written() == before


def test_a_watch_in_work_is_refused_with_what_is_possible(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor.press("📤 Hand to the customer")
    before = written()
    igor.text(receipt.number)
    assert "is not possible in the status “In work”" in igor.screen
    assert written() == before


def test_a_part_that_is_away_stops_it(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_refused(cast)
    make_order(cast, receipt)
    igor.press("📤 Hand to the customer")
    igor.text(receipt.number)
    before = written()
    igor.press(ALL_THERE)
    assert "Take it back first" in igor.screen
    assert written() == before


def test_two_people_hand_out_the_same(bot: BotDriver, cast: Cast) -> None:
    receipt = make_ready(cast)
    igor, ivan = phone(bot, cast, "igor"), phone(bot, cast, "ivan")
    for person in (igor, ivan):
        person.press("📤 Hand to the customer")
        person.text(receipt.number)
    igor.press(ALL_THERE)
    ivan.press(ALL_THERE)
    assert "Already done: Игорь К." in ivan.screen


def test_undo_brings_it_back(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_ready(cast)
    igor.press("📤 Hand to the customer")
    igor.text(receipt.number)
    igor.press(ALL_THERE)
    igor.press("↩ Undo")
    receipt.refresh_from_db()
    assert receipt.status == "ready"
    assert any(f"№{receipt.number}" in label for label in igor.screen.buttons)


def test_nothing_to_collect_is_an_empty_list(igor: MemoryPerson, cast: Cast) -> None:
    make_receipt(cast)
    igor.press("📤 Hand to the customer")
    assert igor.screen.buttons == ["⬅ Back", "🏠 Home"]


def test_it_survives_a_day_less_a_minute(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_ready(cast)
    igor.press("📤 Hand to the customer")
    igor.text(receipt.number)
    igor.press("There is a difference")
    igor.text("Нет коробки")
    later = clock.now() + timedelta(hours=23, minutes=59)
    with time_machine.travel(later, tick=False):
        igor.press("✅ Confirm")
    receipt.refresh_from_db()
    assert receipt.issue_difference == "Нет коробки"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([], "Choose what to do"),
        (["#"], "last 4 digits"),
        (["#", "There is a difference"], "Is it all there?"),
    ],
)
def test_back(igor: MemoryPerson, cast: Cast, path: list[str], expected: str) -> None:
    receipt = make_ready(cast)
    igor.press("📤 Hand to the customer")
    for step in path:
        igor.text(receipt.number) if step == "#" else igor.press(step)
    igor.press("⬅ Back")
    assert expected in igor.screen
