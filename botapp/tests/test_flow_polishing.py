"""Polishing: parts go out and come back, one watch or many."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import LANGUAGES, phone, taps, tr, written
from polishing.models import PolishingBatch, PolishingOrder
from receipts.models import Metal, Operation
from receipts.services.facts import edit_facts
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_polished,
    make_ready,
    make_receipt,
)
from workshop.lib import clock


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def igor(bot: BotDriver, cast: Cast) -> MemoryPerson:
    return phone(bot, cast, "igor")


def to_numbers(person: MemoryPerson) -> None:
    person.text("/menu")
    person.press("🪙 Polishing")
    person.press("🪙 Send to polishing")
    person.press("Павел П.")


def to_take_back(person: MemoryPerson) -> None:
    person.text("/menu")
    person.press("🪙 Polishing")
    person.press("🪙 Take back from polishing")


# --- send -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_send_one_watch(bot: BotDriver, cast: Cast, language: str) -> None:
    receipt = make_in_work(cast)
    igor = phone(bot, cast, "igor", language)
    igor.press(tr(language, "🪙 Polishing"))
    igor.press(tr(language, "🪙 Send to polishing"))
    igor.press("Павел П. (0)")
    igor.text(receipt.number)
    before = taps(igor)
    igor.press(tr(language, "Next"))
    assert f"№{receipt.number}" in igor.screen
    assert tr(language, "Send to polishing: %(name)s", name="Павел П.") in igor.screen
    igor.press(tr(language, "✅ Confirm"))
    assert taps(igor) - before <= 3
    assert tr(language, "Sent to polishing: %(name)s", name="Павел П.") in igor.screen
    order = PolishingOrder.objects.get()
    assert (order.polisher, order.parts, order.batch) == (cast.pavel, ["case"], None)


def test_from_the_card_it_takes_three_taps(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor.text(receipt.number)
    igor.press("🪙 Send to polishing")
    before = taps(igor)
    igor.press("Павел П.")
    igor.press("Next")
    igor.press("✅ Confirm", times=2)
    assert taps(igor) - before == 3 + 1  # the second tap of the double tap
    assert PolishingOrder.objects.count() == 1


def test_every_switch_is_kept(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast, at=clock.now() - timedelta(days=5))
    to_numbers(igor)
    igor.text(receipt.number)
    igor.press("▫️ bracelet")
    igor.press("✅ case")
    igor.press("▫️ difficult")
    igor.press("Metal: –")
    assert "Which metal?" in igor.screen
    igor.press("Титан")
    igor.press("Handed over: now")
    igor.text("позавчера 15:00")
    igor.text("Царапина <3 мм> & вмятина")
    igor.press("Next")
    assert "Царапина <3 мм> & вмятина" in igor.screen
    igor.press("✅ Confirm")
    order = PolishingOrder.objects.get()
    assert (order.parts, order.difficult, order.metal.name) == (["bracelet"], True, "Титан")
    assert order.comment == "Царапина <3 мм> & вмятина"
    sent = clock.local(order.sent_at)
    assert (sent.date(), sent.hour) == (clock.today() - timedelta(days=2), 15)


def test_several_numbers_make_a_batch_with_one_confirm(
    bot: BotDriver, igor: MemoryPerson, cast: Cast
) -> None:
    first, second = make_in_work(cast), make_receipt(cast)
    to_numbers(igor)
    igor.text(f"{first.number}, {second.number}")
    assert f"№{first.number} (1 of 2)" in igor.screen
    igor.press("▫️ bracelet")
    igor.press("Next")
    assert f"№{second.number} (2 of 2)" in igor.screen
    igor.press("⬅ Back")
    assert f"№{first.number} (1 of 2)" in igor.screen
    assert "✅ bracelet" in igor.screen.buttons
    igor.press("Next")
    igor.press("Next")
    igor.press("✅ Confirm", times=2)
    batch = PolishingBatch.objects.get()
    assert [order.parts for order in batch.orders.order_by("id")] == [
        ["case", "bracelet"],
        ["case"],
    ]
    assert "Batch 1: " in igor.screen
    igor.press("🖨 Hand-over list")
    (file,) = igor.files
    assert file.name == "hand-over-list-1.html"
    assert f"<td>№{first.number}</td><td>case, bracelet</td>" in file.content.decode()
    bot.notify()
    pavel = phone(bot, cast, "pavel", "ru")
    assert [notice.text.splitlines()[0] for notice in pavel.notices] == [
        "🪙 Вам в полировку: Партия 1, 2 шт."
    ]


def test_a_refused_watch_does_not_stop_the_others(
    bot: BotDriver, igor: MemoryPerson, cast: Cast
) -> None:
    first, second = make_in_work(cast), make_receipt(cast)
    to_numbers(igor)
    igor.text(f"{first.number} {second.number}")
    igor.press("Next")
    igor.press("Next")
    make_order(cast, first)
    igor.press("✅ Confirm")
    assert f"⚠ №{first.number}: Already away: case" in igor.screen
    assert PolishingOrder.objects.get(receipt=second).batch == PolishingBatch.objects.get()


def test_no_batch_is_opened_when_nothing_goes(igor: MemoryPerson, cast: Cast) -> None:
    first, second = make_in_work(cast), make_receipt(cast)
    to_numbers(igor)
    igor.text(f"{first.number} {second.number}")
    igor.press("Next")
    igor.press("Next")
    make_order(cast, first)
    make_order(cast, second)
    before = written()
    igor.press("✅ Confirm")
    assert "⚠" in igor.screen
    assert written() == before
    assert not PolishingBatch.objects.exists()


def test_do_not_polish_asks_who_allowed_it(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    edit_facts(receipt_id=receipt.pk, facts={"do_not_polish": True}, actor=cast.actor("igor"))
    to_numbers(igor)
    igor.text(receipt.number)
    assert "⛔ Do not polish" in igor.screen
    igor.press("Next")
    assert "Who allowed it?" in igor.screen
    igor.text("Клиент по телефону")
    assert "allowed by: Клиент по телефону" in igor.screen
    igor.press("Next")
    igor.press("✅ Confirm")
    assert PolishingOrder.objects.get().allowed_by == "Клиент по телефону"


def test_earlier_rounds_and_their_metal_are_shown(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    order = make_polished(cast, receipt)
    PolishingOrder.objects.filter(pk=order.pk).update(metal=Metal.objects.get(code="platinum"))
    to_numbers(igor)
    igor.text(receipt.number)
    assert "Polished before, rounds: 1" in igor.screen
    assert "Metal: Платина" in igor.screen.buttons


@pytest.mark.parametrize("typed", ["завтра", "31.02", "скоро", "25:00", ""])
def test_a_date_that_is_not_understood(igor: MemoryPerson, cast: Cast, typed: str) -> None:
    receipt = make_in_work(cast)
    to_numbers(igor)
    igor.text(receipt.number)
    igor.press("Handed over: now")
    before = written()
    igor.text(typed or ".")
    assert "The date is not understood" in igor.screen
    assert written() == before


def test_nothing_chosen_is_refused(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    to_numbers(igor)
    igor.text(receipt.number)
    igor.press("✅ case")
    igor.press("Next")
    assert "Choose what is polished" in igor.screen


# --- take back --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_take_back_after_the_number(bot: BotDriver, cast: Cast, language: str) -> None:
    receipt = make_in_work(cast)
    make_order(cast, receipt)
    igor = phone(bot, cast, "igor", language)
    igor.press(f"{tr(language, '🪙 Polishing')} (1)")
    igor.press(tr(language, "🪙 Take back from polishing"))
    igor.text(receipt.number)
    before = taps(igor)
    igor.press(tr(language, "🪙 Take back (%(count)s)", count=1), times=2)
    assert taps(igor) - before <= 2
    assert f"№{receipt.number}, Павел П." in igor.screen
    order = PolishingOrder.objects.get()
    assert (order.result, order.polished_by) == ("done", cast.pavel)
    assert Operation.objects.get(receipt=receipt).type.code == "polishing"


def test_several_at_once_oldest_first(igor: MemoryPerson, cast: Cast) -> None:
    now = clock.now()
    young, old = make_in_work(cast, at=now - timedelta(days=9)), make_in_work(cast)
    make_order(cast, young, at=now - timedelta(hours=30))
    make_order(cast, old)
    to_take_back(igor)
    assert igor.screen.buttons[0].startswith(f"▫️ №{young.number}")
    assert "1 d" in igor.screen.buttons[0]
    igor.press(f"№{young.number} ·")
    igor.press(f"№{old.number} ·")
    igor.press("Next (2 chosen)")
    igor.press(f"№{old.number}: no work done")
    igor.press("Cannot be polished")
    assert "no work done (Cannot be polished)" in igor.screen
    igor.press("🪙 Take back (2)")
    results = PolishingOrder.objects.order_by("sent_at").values_list("result", "result_reason")
    assert list(results) == [("done", ""), ("without_work", "Cannot be polished")]
    igor.press("↩ Undo")
    assert PolishingOrder.objects.open().count() == 2


def test_another_one_polished(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    make_order(cast, receipt)
    cast.mark.is_polisher = True
    cast.mark.save()
    to_take_back(igor)
    igor.text(receipt.number)
    igor.press("who polished")
    igor.press("Марк С.")
    igor.press("🪙 Take back (1)")
    assert PolishingOrder.objects.get().polished_by == cast.mark


def test_no_work_needs_a_reason_that_can_be_typed(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    make_order(cast, receipt)
    to_take_back(igor)
    igor.text(receipt.number)
    igor.press("no work done")
    igor.text("Клиент <передумал>")
    assert "no work done (Клиент <передумал>)" in igor.screen
    igor.press("polished")
    assert "no work done (" not in igor.screen
    igor.press("🪙 Take back (1)")
    assert PolishingOrder.objects.get().result == "done"


def test_a_whole_batch(igor: MemoryPerson, cast: Cast) -> None:
    first, second = make_in_work(cast), make_receipt(cast)
    to_numbers(igor)
    igor.text(f"{first.number} {second.number}")
    igor.press("Next")
    igor.press("Next")
    igor.press("✅ Confirm")
    to_take_back(igor)
    igor.press("Batch 1")
    igor.press("Next (2 chosen)")
    igor.press("🪙 Take back (2)")
    assert PolishingBatch.objects.get().closed_at is not None
    assert "Nothing is at a polisher." in igor.screen
    igor.press("↩ Undo")
    assert PolishingBatch.objects.get().closed_at is None
    igor.text("/menu")
    igor.press("🪙 Polishing (2)")
    assert "🪙 Take back from polishing" in igor.screen.buttons


def test_the_next_ones_for_the_same_polisher(igor: MemoryPerson, cast: Cast) -> None:
    """Number and confirm; what differs is said on the list, and who may not be polished asked."""
    first, second, third = make_in_work(cast), make_in_work(cast), make_in_work(cast)
    edit_facts(receipt_id=third.pk, facts={"do_not_polish": True}, actor=cast.actor("igor"))
    to_numbers(igor)
    igor.text(first.number)
    igor.press("Next")
    igor.press("✅ Confirm")
    assert not any(first.number in label for label in igor.screen.buttons), "it is out"
    igor.text(second.number)
    igor.press(f"✏ №{second.number}")
    igor.press("▫️ bracelet")
    igor.press("Next")
    assert f"№{second.number}: case, bracelet" in igor.screen
    igor.press("✅ Confirm")
    assert PolishingOrder.objects.get(receipt=second).parts == ["case", "bracelet"]
    igor.text(third.number)
    igor.press("Next")
    assert "Who allowed it?" in igor.screen


def test_two_inspectors_take_the_same_back(bot: BotDriver, cast: Cast) -> None:
    receipt = make_in_work(cast)
    make_order(cast, receipt)
    igor, ivan = phone(bot, cast, "igor"), phone(bot, cast, "ivan")
    for person in (igor, ivan):
        to_take_back(person)
        person.text(receipt.number)
    igor.press("🪙 Take back (1)")
    ivan.press("🪙 Take back (1)")
    assert "Already done: Игорь К." in ivan.screen
    assert Operation.objects.filter(receipt=receipt).count() == 1


def test_a_number_that_is_not_out(igor: MemoryPerson, cast: Cast) -> None:
    receipt, out = make_in_work(cast), make_in_work(cast)
    make_order(cast, out)
    to_take_back(igor)
    igor.text(receipt.number)
    assert f"№{receipt.number}: nothing of it is at a polisher." in igor.screen


def test_from_the_card(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_ready(cast)
    igor.text(receipt.number)
    assert "🪙 Take back from polishing" not in igor.screen.buttons
    make_order(cast, receipt)
    igor.text(receipt.number)
    igor.press("🪙 Take back from polishing")
    igor.press("🪙 Take back (1)")
    assert PolishingOrder.objects.get().returned_at is not None
    assert f"№{receipt.number} · Ready" in igor.screen


def test_undo_of_a_send_ends_with_the_window(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    to_numbers(igor)
    igor.text(receipt.number)
    igor.press("Next")
    igor.press("✅ Confirm")
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        igor.text("/menu")
        igor.press("🪙 Polishing")
        assert "↩ Undo" not in igor.screen.buttons


SEND = ["🪙 Polishing", "🪙 Send to polishing"]
BACK = ["🪙 Polishing", "🪙 Take back from polishing"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["🪙 Polishing"], "Choose what to do"),
        (SEND, "oldest since"),
        ([*SEND, "Павел П."], "which polisher?"),
        ([*SEND, "Павел П.", "#"], "To polishing: Павел П."),
        ([*SEND, "Павел П.", "#", "Metal: –"], "A comment can be typed now."),
        ([*SEND, "Павел П.", "#", "Handed over: now"], "A comment can be typed now."),
        ([*SEND, "Павел П.", "#", "▫️ bracelet", "Next"], "case, bracelet"),
        (BACK, "oldest since"),
        ([*BACK, "out"], "tick them"),
        ([*BACK, "out", "who polished"], "Take back from polishing\n•"),
        ([*BACK, "out", "no work done"], "Take back from polishing\n•"),
    ],
)
def test_back(igor: MemoryPerson, cast: Cast, path: list[str], expected: str) -> None:
    receipt, out = make_in_work(cast), make_in_work(cast)
    make_order(cast, out)
    for step in path:
        typed = {"#": receipt.number, "out": out.number}.get(step)
        igor.text(typed) if typed else igor.press(step)
    igor.press("⬅ Back")
    assert expected in igor.screen


def test_what_was_answered_survives_back(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    to_numbers(igor)
    igor.text(receipt.number)
    igor.press("▫️ bracelet")
    igor.press("⬅ Back")
    igor.press("Next (1 chosen)")
    assert "✅ bracelet" in igor.screen.buttons
