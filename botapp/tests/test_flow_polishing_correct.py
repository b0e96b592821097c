"""Correcting a polishing order from the card: old → new with a reason, reopened, void."""

from __future__ import annotations

import pytest

from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import LANGUAGES, phone, tr, written
from polishing.models import PolishingOrder
from receipts.models import DetachedPart, Operation
from tests.cast import Cast, make_cast, make_in_work, make_order, make_polished, make_receipt


@pytest.fixture
def cast(db: None) -> Cast:
    cast = make_cast()
    cast.mark.is_polisher = True
    cast.mark.save()
    return cast


@pytest.fixture
def igor(bot: BotDriver, cast: Cast) -> MemoryPerson:
    return phone(bot, cast, "igor")


def to_order(person: MemoryPerson, number: str, language: str = "en") -> None:
    person.text(number)
    person.press(tr(language, "☰ More"))
    person.press(tr(language, "Correct polishing"))
    person.press(f"№{number} · ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_has_it_and_the_metal(bot: BotDriver, cast: Cast, language: str) -> None:
    order = make_order(cast, make_in_work(cast))
    igor = phone(bot, cast, "igor", language)
    to_order(igor, order.receipt.number, language)
    igor.press(tr(language, "Polisher"))
    igor.press("Марк С.")
    igor.press(tr(language, "Metal"))
    igor.press("Титан")
    igor.press(tr(language, "Difficult"))
    assert f"{tr(language, 'Polisher')}: Павел П. → Марк С." in igor.screen
    assert f"{tr(language, 'Metal')}: – → Титан" in igor.screen
    assert tr(language, "✅ Confirm") not in igor.screen.buttons
    igor.text("Ошибка <ввода>")
    igor.press(tr(language, "✅ Confirm"), times=2)
    order.refresh_from_db()
    assert (order.polisher, order.metal.name, order.difficult) == (cast.mark, "Титан", True)
    assert DetachedPart.objects.get(until__isnull=True).holder == cast.mark


def test_who_really_polished(igor: MemoryPerson, cast: Cast) -> None:
    order = make_polished(cast, make_in_work(cast))
    to_order(igor, order.receipt.number)
    igor.press("Who polished")
    igor.press("Марк С.")
    igor.text("Павел болел")
    igor.press("✅ Confirm")
    assert Operation.objects.valid().get().employee == cast.mark


def test_a_wrong_taking_back_is_reopened(igor: MemoryPerson, cast: Cast) -> None:
    order = make_polished(cast, make_in_work(cast))
    to_order(igor, order.receipt.number)
    igor.press("Not back yet")
    assert "Polishing order: taken back → at the polisher" in igor.screen
    igor.text("Принято по ошибке")
    igor.press("✅ Confirm")
    assert PolishingOrder.objects.open().get() == order
    assert not Operation.objects.valid().exists()


def test_a_wrong_order_is_void(igor: MemoryPerson, cast: Cast) -> None:
    order = make_order(cast, make_in_work(cast))
    to_order(igor, order.receipt.number)
    igor.press("Void the order")
    igor.text("Не те часы")
    igor.press("✅ Confirm")
    order.refresh_from_db()
    assert order.is_void
    igor.press("☰ More")
    assert "Correct polishing" not in igor.screen.buttons


def test_without_a_reason_nothing_is_written(igor: MemoryPerson, cast: Cast) -> None:
    order = make_order(cast, make_in_work(cast))
    to_order(igor, order.receipt.number)
    before = written()
    igor.press("Void the order")
    igor.text("x" * 501)
    assert "too long" in igor.screen
    assert "✅ Confirm" not in igor.screen.buttons
    assert written() == before


def test_never_polished_no_button(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_receipt(cast)
    igor.text(receipt.number)
    igor.press("☰ More")
    assert "Correct polishing" not in igor.screen.buttons


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([], "which polishing order is corrected?"),
        (["Polisher"], "Press what was wrong"),
        (["Metal"], "Press what was wrong"),
    ],
)
def test_back(igor: MemoryPerson, cast: Cast, path: list[str], expected: str) -> None:
    order = make_order(cast, make_in_work(cast))
    to_order(igor, order.receipt.number)
    for step in path:
        igor.press(step)
    igor.press("⬅ Back")
    assert expected in igor.screen
