"""A return from quality control: reasons, one screen of responsibility, where the watch goes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import LANGUAGES, phone, taps, tr, written
from receipts.models import Operation, ReturnCase, ReturnItem
from receipts.services.deadlines import change_deadline
from staff.services import set_absence
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_polished,
    make_ready,
    make_receipt,
    make_submitted,
)
from workshop.lib import clock


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def igor(bot: BotDriver, cast: Cast) -> MemoryPerson:
    return phone(bot, cast, "igor")


def to_responsibility(person: MemoryPerson, number: str, *reasons: str) -> None:
    person.text("/menu")
    person.press("QC")
    person.text(number)
    person.press("🔁 Return from QC")
    for reason in reasons:
        person.press(reason)
    person.press("Next")


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_reason_takes_four_taps(bot: BotDriver, cast: Cast, language: str) -> None:
    receipt = make_submitted(cast)
    igor = phone(bot, cast, "igor", language)
    igor.press(tr(language, "QC"))
    igor.text(receipt.number)
    before = taps(igor)
    igor.press(tr(language, "🔁 Return from QC"))
    igor.press("Грязь внутри")
    igor.press(tr(language, "Next (%(count)s chosen)", count=1))
    for shown in ("Грязь внутри: Максим М.", "№" + receipt.number):
        assert shown in igor.screen
    assert tr(language, "Whole watch, assembler: %(name)s", name="Максим М.") in igor.screen
    assert tr(language, "The watch goes to: %(name)s", name="Максим М.") in igor.screen
    old, new = tr(language, "Quality control"), tr(language, "Returned")
    assert tr(language, "Status: %(old)s → %(new)s", old=old, new=new) in igor.screen
    igor.press(tr(language, "✅ Confirm"))
    assert taps(igor) - before == 4
    case = ReturnCase.objects.get(receipt=receipt)
    item = case.items.get()
    assert (item.responsible, item.operation.employee) == (cast.maxim, cast.maxim)
    assert case.assembler == cast.maxim
    receipt.refresh_from_db()
    assert (receipt.status, receipt.master) == ("in_work", cast.maxim)


def test_a_double_tap_returns_once_and_undo_takes_all_of_it_back(
    igor: MemoryPerson, cast: Cast
) -> None:
    receipt = make_submitted(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри")
    igor.press("✅ Confirm", times=2)
    assert ReturnCase.objects.filter(receipt=receipt).count() == 1
    igor.press("↩ Undo")
    receipt.refresh_from_db()
    assert receipt.status == "quality_control"
    assert not ReturnCase.objects.valid().exists()


def test_the_person_is_changed_by_a_tap(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри")
    igor.press("Грязь внутри: Максим М.")
    igor.press("Марк С.")
    assert "Грязь внутри: Марк С." in igor.screen
    igor.text("Смотри <стекло> & ушки")
    assert "Смотри <стекло> & ушки" in igor.screen
    igor.press("✅ Confirm")
    item = ReturnItem.objects.get()
    assert (item.responsible, item.operation) == (cast.mark, None)
    assert item.return_case.comment == "Смотри <стекло> & ушки"


def test_ask_has_nothing_preselected_and_must_be_answered(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    make_polished(cast, receipt)
    to_responsibility(igor, receipt.number, "Полировка")
    assert "Полировка: Responsible?" in igor.screen
    before = written()
    igor.press("✅ Confirm")
    assert "Choose a person" in igor.screen
    assert written() == before
    igor.press("Polisher: Павел П.")
    igor.press("✅ Confirm")
    item = ReturnItem.objects.get()
    assert (item.responsible, item.operation.type.code) == (cast.pavel, "polishing")


def test_not_our_fault_with_and_without_a_cause(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри", "Грязь снаружи")
    igor.press("Грязь внутри: Максим М.")
    igor.press("Not our fault")
    igor.press("transport")
    igor.press("Грязь снаружи: Максим М.")
    igor.press("Not our fault")
    igor.press("⏭ Skip")
    assert "Грязь внутри: Not our fault, transport" in igor.screen
    igor.press("✅ Confirm")
    found = ReturnItem.objects.order_by("id").values_list("responsibility", "cause")
    assert list(found) == [("not_ours", "transport"), ("not_ours", "")]


def test_decide_later(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри")
    igor.press("Грязь внутри: Максим М.")
    igor.press("Decide later")
    igor.press("✅ Confirm")
    assert ReturnItem.objects.get().responsibility == "undecided"


def test_a_forgotten_work_is_asked_and_recorded_by_the_same_command(
    igor: MemoryPerson, cast: Cast
) -> None:
    receipt = make_in_work(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри", "Грязь снаружи")
    assert "Грязь внутри: Responsible? (not recorded: Сборка)" in igor.screen
    igor.press("Грязь внутри: Responsible?")
    igor.press("Марк С.")
    assert "Грязь снаружи: Марк С." in igor.screen
    assert "Recorded with it: Сборка, Марк С." in igor.screen
    assert "Whole watch, assembler: Марк С." in igor.screen
    igor.press("✅ Confirm")
    work = Operation.objects.get(receipt=receipt)
    assert work.employee == cast.mark
    assert {item.operation for item in ReturnItem.objects.all()} == {work}
    assert ReturnCase.objects.get().assembler == cast.mark


def test_the_forgotten_work_need_not_be_recorded(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    to_responsibility(igor, receipt.number, "Дефект механизма")
    igor.press("Дефект механизма: Responsible?")
    igor.press("Марк С.")
    igor.press("✅ Record: Ремонт механизма, Марк С.")
    assert "Recorded with it" not in igor.screen
    igor.press("✅ Confirm")
    assert not Operation.objects.filter(receipt=receipt).exists()
    assert ReturnItem.objects.get().responsible == cast.mark


def test_the_assembler_is_shown_and_changeable(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри")
    igor.press("Whole watch, assembler: Максим М.")
    igor.press("Марк С.")
    igor.press("Whole watch, assembler: Марк С.")
    igor.press("Nobody")
    assert "Whole watch, assembler: nobody" in igor.screen
    igor.press("✅ Confirm")
    assert ReturnCase.objects.get().assembler is None


@pytest.mark.parametrize(
    ("press", "status", "master"),
    [
        (["▫️ ⌚ stays at QC"], "returned", "maxim"),
        (["Another master", "Марк С."], "in_work", "mark"),
    ],
)
def test_where_the_watch_goes(
    igor: MemoryPerson, cast: Cast, press: list[str], status: str, master: str
) -> None:
    receipt = make_submitted(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри")
    for label in press:
        igor.press(label)
    igor.press("✅ Confirm")
    receipt.refresh_from_db()
    assert (receipt.status, receipt.master) == (status, getattr(cast, master))


def test_the_responsible_master_can_get_it(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри")
    igor.press("Грязь внутри: Максим М.")
    igor.press("Марк С.")
    igor.press("▫️ ⌚ to: Марк С.")
    igor.press("✅ Confirm")
    receipt.refresh_from_db()
    assert receipt.master == cast.mark


def test_a_ready_watch_comes_back_and_stays(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_ready(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри")
    assert "The watch goes to: stays at QC" in igor.screen
    igor.press("✅ Confirm")
    receipt.refresh_from_db()
    assert receipt.status == "returned"


def test_the_absent_stand_last(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    today = clock.today()
    set_absence(employee_id=cast.mark.pk, absent_until=today, actor=cast.actor("anna"))
    to_responsibility(igor, receipt.number, "Грязь внутри")
    igor.press("Another master")
    assert [label for label in igor.screen.buttons if "absent" in label] == ["Марк С. (0) · absent"]
    assert igor.screen.buttons.index("Марк С. (0) · absent") == 1


def test_back_keeps_the_reasons_and_the_answers(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри")
    igor.press("Грязь внутри: Максим М.")
    igor.press("Not our fault")
    igor.press("⬅ Back")
    assert "Decide later" in igor.screen.buttons
    igor.press("⬅ Back")
    igor.press("Грязь внутри: Максим М.")
    igor.press("Марк С.")
    igor.text("Стекло")
    igor.press("⬅ Back")
    assert "✅ Грязь внутри" in igor.screen.buttons
    igor.press("Next (1 chosen)")
    assert "Грязь внутри: Марк С." in igor.screen
    assert "Стекло" in igor.screen
    igor.press("Another master")
    igor.press("⬅ Back")
    assert "Грязь внутри: Марк С." in igor.screen
    igor.press("Whole watch, assembler: Максим М.")
    igor.press("⬅ Back")
    assert "Whole watch, assembler: Максим М." in igor.screen


def test_two_inspectors_return_the_same_watch(bot: BotDriver, cast: Cast) -> None:
    receipt = make_submitted(cast)
    igor, ivan = phone(bot, cast, "igor"), phone(bot, cast, "ivan")
    to_responsibility(igor, receipt.number, "Грязь внутри")
    to_responsibility(ivan, receipt.number, "Грязь внутри")
    igor.press("✅ Confirm")
    before = written()
    ivan.press("✅ Confirm")
    assert "Changed meanwhile" in ivan.screen
    assert "Игорь К." in ivan.screen
    assert written() == before
    assert ReturnCase.objects.count() == 1


def test_next_stands_only_with_a_reason(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_receipt(cast)
    igor.press("QC")
    igor.text(receipt.number)
    igor.press("🔁 Return from QC")
    assert not any(label.startswith("Next") for label in igor.screen.buttons)
    igor.text("Грязь")
    assert "Please use the buttons" in igor.screen


def test_a_notice_parks_the_return_and_it_goes_on(bot: BotDriver, cast: Cast) -> None:
    receipt, other = make_submitted(cast), make_receipt(cast)
    igor = phone(bot, cast, "igor")
    to_responsibility(igor, receipt.number, "Грязь внутри")
    igor.text("Стекло")
    igor.press("Грязь внутри: Максим М.")
    for days in (2, 3):
        change_deadline(
            receipt_id=other.pk,
            deadline=clock.now() + timedelta(days=days),
            actor=cast.actor("ivan"),
        )
    bot.notify()
    igor.press_notice(f"Open №{other.number}")
    igor.press("🏠 Home")
    igor.press(f"▶ Continue №{receipt.number}")
    igor.press("Марк С.")
    assert "Грязь внутри: Марк С." in igor.screen
    assert "Стекло" in igor.screen
    igor.press("✅ Confirm")
    assert ReturnItem.objects.get().responsible == cast.mark


def test_the_person_named_is_told_and_nobody_else(bot: BotDriver, cast: Cast) -> None:
    receipt = make_submitted(cast)
    igor, mark = phone(bot, cast, "igor"), phone(bot, cast, "mark", "ru")
    pavel = phone(bot, cast, "pavel")
    to_responsibility(igor, receipt.number, "Грязь внутри")
    igor.press("Грязь внутри: Максим М.")
    igor.press("Марк С.")
    igor.press("▫️ ⌚ to: Марк С.")
    igor.press("✅ Confirm")
    bot.notify()
    told = [notice.text for notice in mark.notices]
    assert any(f"Возврат ОТК: №{receipt.number}\nГрязь внутри" in text for text in told)
    assert any(f"Вам переданы часы: №{receipt.number}" in text for text in told)
    assert pavel.notices == []
    mark.press_notice(f"Открыть №{receipt.number}")
    assert f"№{receipt.number}" in mark.screen


def test_it_is_said_that_the_watch_goes_on_at_once_and_to_whom(
    igor: MemoryPerson, cast: Cast
) -> None:
    today = clock.today()
    set_absence(employee_id=cast.maxim.pk, absent_until=today, actor=cast.actor("anna"))
    receipt = make_submitted(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри")
    assert "→ In work" in igor.screen
    assert "Максим М. · absent" in igor.screen
    igor.press("⌚ stays at QC")
    assert "→ In work" not in igor.screen


def test_a_photo_taken_while_returning_is_attached(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    to_responsibility(igor, receipt.number, "Грязь внутри")
    igor.photo()
    assert receipt.photos.count() == 1
    igor.press("✅ Confirm")
    assert ReturnCase.objects.count() == 1
