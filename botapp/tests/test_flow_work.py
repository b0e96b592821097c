"""Recording work: kinds with check marks, each with its person, in two taps."""

from __future__ import annotations

import pytest

from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import LANGUAGES, phone, taps, tr, written
from receipts.models import Operation, OperationType
from receipts.services.assignment import assign
from staff.services import set_active
from tests.cast import Cast, make_cast, make_in_work, make_order, make_receipt, type_id


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def igor(bot: BotDriver, cast: Cast) -> MemoryPerson:
    return phone(bot, cast, "igor")


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_taps_after_the_number_then_number_and_one(
    bot: BotDriver, cast: Cast, language: str
) -> None:
    first, second = make_in_work(cast), make_in_work(cast, master="mark")
    igor = phone(bot, cast, "igor", language)
    igor.press(tr(language, "🔧 Record work"))
    assert any(f"№{first.number}" in label for label in igor.screen.buttons)
    igor.text(first.number)
    before = taps(igor)
    igor.press("Сборка: Максим М.")
    igor.press(tr(language, "🔧 Record (%(count)s)", count=1))
    assert taps(igor) - before == 2
    told = tr(
        language,
        "%(number)s: recorded: %(works)s",
        number=f"№{first.number}",
        works="Сборка, Максим М.",
    )
    assert told in igor.screen
    igor.text(second.number)
    igor.press(tr(language, "🔧 Record (%(count)s)", count=1))
    assert taps(igor) - before == 3
    done = Operation.objects.order_by("id").values_list("receipt", "employee", "type__code")
    assert list(done) == [
        (first.pk, cast.maxim.pk, "assembly"),
        (second.pk, cast.mark.pk, "assembly"),
    ]


def test_several_kinds_each_with_its_person(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor.press("🔧 Record work")
    igor.text(receipt.number)
    igor.press("Сборка: Максим М.")
    igor.press("✏ Who")
    igor.press("Марк С.")
    assert "✅ Сборка: Марк С." in igor.screen.buttons
    igor.press("Ремонт механизма: Максим М.")
    igor.press("🔧 Record (2)", times=2)
    done = Operation.objects.order_by("id").values_list("type__code", "employee__short_name")
    assert list(done) == [("assembly", "Марк С."), ("mechanism", "Максим М.")]


def test_the_last_handed_for_that_kind_is_suggested(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast, master="mark")
    assembly, actor = type_id("assembly"), cast.actor("igor")
    master = cast.maxim.pk
    assign(receipt_id=receipt.pk, master_id=master, purpose_id=assembly, actor=actor)
    assign(receipt_id=receipt.pk, master_id=cast.mark.pk, actor=actor)
    igor.press("🔧 Record work")
    igor.text(receipt.number)
    assert "▫️ Сборка: Максим М." in igor.screen.buttons
    assert "▫️ Ремонт механизма: Марк С." in igor.screen.buttons


def test_someone_else_is_behind_a_button_and_warned_about(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor.press("🔧 Record work")
    igor.text(receipt.number)
    igor.press("Сборка: Максим М.")
    igor.press("✏ Who")
    assert not any("Павел П." in label for label in igor.screen.buttons)
    igor.press("Someone else")
    igor.press("Павел П.")
    igor.press("🔧 Record (1)")
    assert "⚠ This work is not among the skills of this person." in igor.screen


def test_without_a_suggestion_the_person_is_asked(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_receipt(cast)
    igor.press("🔧 Record work")
    igor.text(receipt.number)
    igor.press("Сборка: who?")
    before = written()
    igor.press("🔧 Record (1)")
    assert "Who did it: Сборка?" in igor.screen
    assert written() == before
    igor.press("✏ Who")
    igor.press("Марк С.")
    igor.press("🔧 Record (1)")
    assert Operation.objects.get().employee == cast.mark


def test_undo_voids_what_was_recorded(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor.press("🔧 Record work")
    igor.text(receipt.number)
    igor.press("Сборка")
    igor.press("🔧 Record (1)")
    igor.press("↩ Undo", times=2)
    assert "Taken back." in igor.screen
    assert Operation.objects.get().is_void


def test_two_inspectors_may_both_record(bot: BotDriver, cast: Cast) -> None:
    """Recording is never a no-op: the second one sees what stands there and decides."""
    receipt = make_in_work(cast)
    igor, ivan = phone(bot, cast, "igor"), phone(bot, cast, "ivan")
    for person in (igor, ivan):
        person.press("🔧 Record work")
        person.text(receipt.number)
        person.press("▫️ Сборка: Максим М.")
    igor.press("🔧 Record (1)")
    ivan.press("⬅ Back")
    ivan.text(receipt.number)
    assert "🔧 Сборка: Максим М." in ivan.screen


def test_a_new_kind_of_work_is_offered_without_a_deploy(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    OperationType.objects.create(code="gilding", name="Золочение", order=50)
    igor.press("🔧 Record work")
    igor.text(receipt.number)
    assert "▫️ Золочение: Максим М." in igor.screen.buttons


def test_polishing_that_is_out_is_taken_back_instead(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    make_order(cast, receipt)
    igor.press("🔧 Record work")
    igor.text(receipt.number)
    assert not any("Полировка" in label for label in igor.screen.buttons)


def test_a_person_deactivated_meanwhile_is_refused(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor.press("🔧 Record work")
    igor.text(receipt.number)
    igor.press("Сборка")
    igor.press("✏ Who")
    set_active(employee_id=cast.mark.pk, active=False, actor=cast.actor("anna"))
    before = written()
    igor.press("Марк С.")
    assert "not active any more" in igor.screen
    assert written() == before


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["🔧 Record work"], "Choose what to do"),
        (["🔧 Record work", "#"], "Send the receipt number"),
        (["🔧 Record work", "#", "Сборка", "✏ Who"], "✅ Сборка: Максим М."),
    ],
)
def test_back(igor: MemoryPerson, cast: Cast, path: list[str], expected: str) -> None:
    receipt = make_in_work(cast)
    for step in path:
        igor.text(receipt.number) if step == "#" else igor.press(step)
    igor.press("⬅ Back")
    assert expected in igor.screen or expected in igor.screen.buttons


def test_from_the_card_and_back_to_it(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor.text(receipt.number)
    igor.press("🔧 Record work")
    igor.press("Сборка")
    igor.press("🔧 Record (1)")
    assert "recorded: Сборка, Максим М." in igor.screen
    assert "↩ Undo" in igor.screen.buttons
    igor.press("↩ Undo")
    assert Operation.objects.get().is_void


@pytest.mark.parametrize("typed", ["нет такого", "999", "<b>"])
def test_a_wrong_number_writes_nothing(igor: MemoryPerson, cast: Cast, typed: str) -> None:
    make_in_work(cast)
    igor.press("🔧 Record work")
    before = written()
    igor.text(typed)
    assert "⚠" in igor.screen
    assert written() == before


def test_a_missing_skill_is_said_before_it_is_recorded(igor: MemoryPerson, cast: Cast) -> None:
    make_in_work(cast, number="101")
    igor.press("🔧 Record work")
    igor.text("101")
    igor.press("Полировка: Максим М.")
    assert "⚠ Полировка is not among the skills of: Максим М." in igor.screen
