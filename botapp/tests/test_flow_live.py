"""A day of an inspector over HTTP: the real Application against the strict Bot API server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from botapp.tests.simulated import SimulatorDriver, simulated_bot
from polishing.models import PolishingOrder
from receipts.models import Operation, Reading, ReturnCase
from receipts.seeding import seed_catalogues
from staff.models import Employee
from tests.cast import OLGA_TELEGRAM_ID, make_cast, make_in_work, make_ready, make_submitted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def live(transactional_db: None) -> Iterator[SimulatorDriver]:
    seed_catalogues()
    with simulated_bot() as driver:
        yield driver


def test_quality_control_return_and_work(live: SimulatorDriver) -> None:
    cast = make_cast()
    receipt = make_submitted(cast)
    igor, maxim = live.person(cast.igor), live.person(cast.maxim)
    maxim.text("/start")
    igor.text("/start")
    igor.press("ОТК (1)")
    igor.text(receipt.number)
    igor.press("Показания")
    igor.text("+4 285 0,2\nЦН -3,5")
    igor.press("⬅ Назад")
    igor.press("🔁 Оформить возврат")
    igor.press("Грязь внутри")
    igor.press("Далее (выбрано: 1)")
    igor.text("Пыль <под> стеклом & ворс")
    assert "Пыль <под> стеклом & ворс" in igor.screen
    igor.press("✅ Подтвердить", times=2)
    assert ReturnCase.objects.get().receipt == receipt
    assert Reading.objects.count() == 2
    assert len(igor.screens) == 1
    assert igor.own_messages == []
    igor.text("/menu")
    igor.press("🔧 Записать работу")
    igor.text(receipt.number)
    igor.press("▫️ Сборка: Максим М.")
    igor.press("🔧 Записать (1)", times=2)
    assert Operation.objects.filter(receipt=receipt).count() == 2


def test_polishing_and_the_customer(live: SimulatorDriver) -> None:
    cast = make_cast()
    first, second = make_in_work(cast), make_ready(cast)
    igor = live.person(cast.igor)
    igor.text("/start")
    igor.press("🪙 Полировка")
    igor.press("🪙 Отправить в полировку")
    igor.press("Павел П. (0)")
    igor.text(f"{first.number} {second.number}")
    igor.press("Далее")
    igor.press("Далее")
    igor.press("✅ Подтвердить", times=2)
    igor.press("🖨 Ведомость передачи")
    assert [file.name for file in igor.files] == ["vedomost-1.html"]
    igor.text("/menu")
    igor.press("🪙 Полировка (2)")
    igor.press("🪙 Принять из полировки")
    igor.press("Партия 1")
    igor.press("Далее (выбрано: 2)")
    igor.press("🪙 Принять (2)", times=2)
    assert PolishingOrder.objects.filter(result="done").count() == 2
    igor.text("/menu")
    igor.press("📤 Выдать клиенту (1)")
    igor.text(second.number)
    igor.press("✅ Всё на месте, выдать", times=2)
    second.refresh_from_db()
    assert second.status == "issued"


def test_an_invite_binds_once(live: SimulatorDriver) -> None:
    cast = make_cast()
    anna = live.person(cast.anna)
    anna.text("/start")
    anna.press("☰ Ещё")
    anna.press("👥 Сотрудники")
    anna.press("➕ Добавить сотрудника")
    anna.text("Новиков Пётр")
    anna.press("▫️ Мастер")
    anna.press("Далее")
    anna.press("✅ Добавить сотрудника")
    assert "https://t.me/" in anna.screen
    token = anna.screen.text.partition("?start=")[2].split()[0]
    olga = live.person(OLGA_TELEGRAM_ID)
    olga.text(f"/start {token}")
    assert "Новиков П." in olga.screen
    assert Employee.objects.get(telegram_id=OLGA_TELEGRAM_ID).full_name == "Новиков Пётр"
    stranger = live.person(OLGA_TELEGRAM_ID + 1)
    stranger.text(f"/start {token}")
    assert "Новиков" not in stranger.screen
