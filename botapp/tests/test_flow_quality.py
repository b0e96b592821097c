"""Quality control as an inspector sees it: queue, facts, passed, missing work, protocol."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from botapp.screens.readings import parse_reading
from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import LANGUAGES, phone, taps, tr, written
from receipts.models import ChecklistItem, Operation, Photo, QualityCheck, Reading, Receipt, Waiver
from receipts.services.quality import record_measurements, start_test_run
from receipts.services.works import WorkInput, record_work
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_receipt,
    make_submitted,
    type_id,
)
from workshop.lib import clock


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def igor(bot: BotDriver, cast: Cast) -> MemoryPerson:
    return phone(bot, cast, "igor")


def open_card(person: MemoryPerson, number: str) -> None:
    person.text("/menu")
    person.press("QC")
    person.text(number)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pass_is_one_tap_after_the_number(bot: BotDriver, cast: Cast, language: str) -> None:
    receipt, following = make_submitted(cast), make_submitted(cast)
    igor = phone(bot, cast, "igor", language)
    igor.press(f"{tr(language, 'QC')} (2)")
    assert f"№{receipt.number}" in igor.screen.buttons[0]
    igor.text(receipt.number)
    assert "Сборка: Максим М." in igor.screen
    assert tr(language, "⚠ Numbers not written down: %(numbers)s", numbers="") in igor.screen
    before = taps(igor)
    igor.press(tr(language, "✅ The watch is ready"))
    assert taps(igor) - before == 1
    assert tr(language, "QC passed: %(number)s", number=f"№{receipt.number}") in igor.screen
    receipt.refresh_from_db()
    assert receipt.status == "ready"
    igor.text(following.number)  # the next watch of the series: number + 1
    igor.press(tr(language, "✅ The watch is ready"))
    following.refresh_from_db()
    assert following.status == "ready"


def test_a_double_tap_passes_once_and_undo_takes_it_back(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    open_card(igor, receipt.number)
    igor.press("✅ The watch is ready", times=2)
    assert QualityCheck.objects.valid().filter(receipt=receipt).count() == 1
    igor.press("↩ Undo")
    assert "Taken back." in igor.screen
    assert "↩ Undo" not in igor.screen.buttons
    receipt.refresh_from_db()
    assert receipt.status == "quality_control"


def test_undo_is_offered_for_15_minutes(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    open_card(igor, receipt.number)
    igor.press("✅ The watch is ready")
    payload = igor.payload_of("↩ Undo")
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        igor.press_payload(*payload)
        assert "More than 15 minutes have passed" in igor.screen
    receipt.refresh_from_db()
    assert receipt.status == "ready"


def test_two_inspectors_pass_the_same_watch(bot: BotDriver, cast: Cast) -> None:
    receipt = make_submitted(cast)
    igor, ivan = phone(bot, cast, "igor"), phone(bot, cast, "ivan")
    open_card(igor, receipt.number)
    open_card(ivan, receipt.number)
    igor.press("✅ The watch is ready")
    ivan.press("✅ The watch is ready")
    assert "Already done: Игорь К." in ivan.screen
    assert "↩ Undo" not in ivan.screen.buttons


def test_a_watch_whose_master_changed_is_looked_at_again(bot: BotDriver, cast: Cast) -> None:
    receipt = make_submitted(cast)
    igor, ivan = phone(bot, cast, "igor"), phone(bot, cast, "ivan")
    open_card(igor, receipt.number)
    open_card(ivan, receipt.number)
    ivan.press("🔁 Return from QC")
    ivan.press("Грязь снаружи")
    ivan.press("Next")
    ivan.press("✅ Confirm")
    before = written()
    igor.press("✅ The watch is ready")
    assert "Changed meanwhile" in igor.screen
    assert "Retry" in igor.screen.buttons
    assert written() == before


def test_a_part_at_the_polisher_stops_the_pass(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    make_order(cast, receipt)
    open_card(igor, receipt.number)
    assert "⚠ At the polisher: Павел П." in igor.screen
    before = written()
    igor.press("✅ The watch is ready")
    assert "Take it back first" in igor.screen
    assert written() == before


def test_missing_work_is_recorded_right_here(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    open_card(igor, receipt.number)
    assert "⚠ Not recorded: Сборка" in igor.screen
    igor.press("✅ The watch is ready")
    assert "not recorded yet" in igor.screen
    before = written()
    igor.press("✅ The watch is ready")
    assert "Say for each work who did it" in igor.screen
    assert written() == before
    igor.press("Сборка: Максим М.")
    igor.press("✅ The watch is ready", times=2)
    work = Operation.objects.get(receipt=receipt)
    assert work.employee == cast.maxim
    receipt.refresh_from_db()
    assert receipt.status == "ready"


def test_missing_work_by_someone_else_or_waived(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    open_card(igor, receipt.number)
    igor.press("✅ The watch is ready")
    igor.press("Сборка: someone else")
    igor.press("Марк С.")
    assert "Сборка: Марк С." in igor.screen
    igor.press("Сборка: not required")
    igor.press("Корпус не вскрывался")
    assert "not required: Корпус не вскрывался" in igor.screen
    igor.press("✅ The watch is ready")
    assert Waiver.objects.get(receipt=receipt).reason.name == "Корпус не вскрывался"
    assert not Operation.objects.filter(receipt=receipt).exists()


def test_nothing_of_a_refused_pass_is_kept(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    make_order(cast, receipt)
    open_card(igor, receipt.number)
    igor.press("✅ The watch is ready")
    igor.press("Сборка: Максим М.")
    before = written()
    igor.press("✅ The watch is ready")
    assert "Take it back first" in igor.screen
    assert "Сборка: Максим М." in igor.screen
    assert written() == before
    assert not Operation.objects.filter(receipt=receipt).exists()


@pytest.mark.parametrize(
    ("separation", "told", "status"),
    [
        ("warn", "⚠ You worked on this watch yourself.", "ready"),
        ("block", "another inspector has to decide", "quality_control"),
    ],
)
def test_who_worked_on_it_is_warned_or_refused(
    igor: MemoryPerson, cast: Cast, settings: Any, separation: str, told: str, status: str
) -> None:
    settings.QC_SEPARATION = separation
    receipt = make_submitted(cast)
    own = [WorkInput(type_id("mechanism"), cast.igor.pk)]
    record_work(receipt_id=receipt.pk, works=own, actor=cast.actor("ivan"))
    open_card(igor, receipt.number)
    igor.press("✅ The watch is ready")
    assert told in igor.screen
    receipt.refresh_from_db()
    assert receipt.status == status


@pytest.mark.parametrize("hours", [24, 48, 72])
def test_a_test_run(igor: MemoryPerson, cast: Cast, hours: int) -> None:
    receipt = make_submitted(cast)
    now = clock.now()
    with time_machine.travel(now, tick=False):
        open_card(igor, receipt.number)
        igor.press("Start a test run")
        igor.press(f"{hours} h")
        until = clock.show(now + timedelta(hours=hours))
        assert f"test run until {until}" in igor.screen
        igor.press("↩ Undo")
        assert not QualityCheck.objects.valid().exists(), "opened by it, void with it"
        open_card(igor, receipt.number)
        igor.press("Start a test run")
        igor.press(f"{hours} h")
    with time_machine.travel(now + timedelta(hours=hours, minutes=1), tick=False):
        open_card(igor, receipt.number)
        assert "Test run is over" in igor.screen


@pytest.mark.parametrize("language", LANGUAGES)
def test_readings_are_typed_per_position(bot: BotDriver, cast: Cast, language: str) -> None:
    receipt = make_submitted(cast)
    igor = phone(bot, cast, "igor", language)
    igor.press("QC" if language == "en" else "ОТК")
    igor.text(receipt.number)
    igor.press(tr(language, "Readings"))
    igor.text("+4 285 0,2")
    igor.text("−3.5 270\nГП 12")
    igor.press(tr(language, "after 24 h"))
    igor.text("-1")
    rows = Reading.objects.order_by("id")
    assert [(row.position, str(row.rate), row.amplitude, row.wind) for row in rows] == [
        ("DU", "4.0", 285, "full"),
        ("DD", "-3.5", 270, "full"),
        ("CR", "12.0", None, "full"),
        ("DU", "-1.0", None, "24h"),  # another wind state begins at the first position
    ]
    assert str(rows[0].beat_error) == "0.2"
    assert ("ЦВ +4 с/сут, 285°, 0,2 мс" if language == "ru" else "DU +4 s/d, 285°, 0.2 ms") in (
        igor.screen
    )
    assert igor.own_messages == []


@pytest.mark.parametrize("typed", ["fast", "1 2 3 4", "+4 285.5", "+1000000", "+4 500", "4,25"])
def test_an_impossible_reading_is_refused(igor: MemoryPerson, cast: Cast, typed: str) -> None:
    receipt = make_submitted(cast)
    open_card(igor, receipt.number)
    igor.press("Readings")
    before = written()
    igor.text(f"+1 280\n{typed}")
    assert "⚠" in igor.screen
    assert "No readings yet." in igor.screen
    assert written() == before


def test_the_readings_of_one_message_are_taken_back_together(
    igor: MemoryPerson, cast: Cast
) -> None:
    receipt = make_submitted(cast)
    open_card(igor, receipt.number)
    igor.press("Readings")
    igor.text("+4 285 0,2")
    igor.text("DD\n-3 270\n+1 265")
    assert "Next: CL" in igor.screen
    igor.press("↩ Undo")
    assert "Next: DD" in igor.screen, "the position goes back with them"
    assert Reading.objects.valid().count() == 1
    igor.press("⬅ Back")
    igor.press("Readings")
    assert "Next: DD" in igor.screen, "measuring goes on where it was left"


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("+4 285 0,2", ("", 4, 285, "0.2")),
        ("цв: +4 285 0,2", ("DU", 4, 285, "0.2")),
        ("ГН −4, 285, 0,2", ("CD", -4, 285, "0.2")),
        ("+4/285/0.2", ("", 4, 285, "0.2")),
        ("DD +4 с/сут 285° 0,2 мс", ("DD", 4, 285, "0.2")),
        ("– 285 0,2", ("", None, 285, "0.2")),
        ("+4 - 0.2", ("", 4, None, "0.2")),
        ("гв", ("CU", None, None, None)),
    ],
)
def test_readings_as_people_write_them(
    typed: str, values: tuple[str, int | None, int | None, str | None]
) -> None:
    position, found = parse_reading(typed)
    error = found.get("beat_error")
    told = (position, found.get("rate"), found.get("amplitude"), str(error) if error else None)
    assert told == values


@pytest.mark.parametrize("language", LANGUAGES)
def test_ready_in_spite_of_something_is_confirmed(
    bot: BotDriver, cast: Cast, language: str
) -> None:
    """A test run that goes on, a failed item: said once more, not forbidden."""
    receipt = make_submitted(cast)
    actor = cast.actor("igor")
    item = ChecklistItem.objects.active()[0]
    record_measurements(receipt_id=receipt.pk, checklist={item.pk: False}, actor=actor)
    start_test_run(receipt_id=receipt.pk, hours=24, actor=actor)
    igor = phone(bot, cast, "igor", language)
    igor.press("QC" if language == "en" else "ОТК")
    igor.text(receipt.number)
    before = written()
    igor.press(tr(language, "✅ The watch is ready"))
    assert tr(language, "This speaks against it:") in igor.screen
    assert f"⚠ {tr(language, 'Checklist: %(item)s', item=item.name)}" in igor.screen
    assert written() == before
    igor.press("⬅")
    igor.press(tr(language, "✅ The watch is ready"))
    igor.press(tr(language, "✅ Ready all the same"), times=2)
    receipt.refresh_from_db()
    assert receipt.status == "ready"
    assert "↩" in " ".join(igor.screen.buttons)


def test_numbers_are_written_down_and_the_decision_goes_on(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    open_card(igor, receipt.number)
    assert "Numbers not written down: case, movement, reference" in igor.screen
    igor.press("✏ Write down")
    igor.text("serial 12345678\nmovement 7654321")
    igor.press("✅ Save")
    assert "Numbers: case 12345678, movement 7654321" in igor.screen
    igor.press("✅ The watch is ready")
    receipt.refresh_from_db()
    assert receipt.status == "ready"


def test_on_the_card_too(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    start_test_run(receipt_id=receipt.pk, hours=24, actor=cast.actor("igor"))
    igor.text(receipt.number)
    igor.press("✅ The watch is ready")
    assert "Test run until" in igor.screen
    igor.press("✅ Ready all the same")
    receipt.refresh_from_db()
    assert receipt.status == "ready"


def test_a_wrong_reading_is_voided_with_a_reason(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    open_card(igor, receipt.number)
    igor.press("Readings")
    igor.text("+99")
    igor.text("/menu")
    open_card(igor, receipt.number)
    igor.press("Readings")  # Undo is for the one who typed it, on this visit
    igor.press("Void the last: DU +99")
    igor.press("Typed wrong")
    assert "The reading is void." in igor.screen
    assert Reading.objects.get().void_reason == "Typed wrong"


def test_water_reserve_and_checklist_stand_in_the_protocol(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    open_card(igor, receipt.number)
    igor.press("Water resistance")
    igor.text("a lot")
    assert "Type a number" in igor.screen
    igor.text("3,5 bar")
    igor.press("✅ Test passed")
    igor.press("Power reserve")
    igor.text("42")
    igor.press("Checklist")
    igor.press("▫️ Номера выписаны")
    igor.press("💾 Save")
    check = QualityCheck.objects.get(receipt=receipt)
    assert (str(check.water_bar), check.water_result) == ("3.5", "passed")
    assert "💧 ✅ Test passed, 3.5 bar" in igor.screen
    assert "🔋 Power reserve: 42 h" in igor.screen
    assert "☑ Checklist 1/5: in order" in igor.screen


def test_a_photo_on_the_card_is_attached(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    open_card(igor, receipt.number)
    igor.photo(count=2)
    assert "Photo added" in igor.screen
    assert [one.stage for one in Photo.objects.filter(receipt=receipt)] == ["qc", "qc"]


BACKS = [
    (["QC"], "Choose what to do"),
    (["QC", "#"], "Send the receipt number"),
    (["QC", "#", "Start a test run"], "Numbers not written down"),
    (["QC", "#", "Readings"], "Numbers not written down"),
    (["QC", "#", "Water resistance"], "Numbers not written down"),
    (["QC", "#", "Power reserve"], "Numbers not written down"),
    (["QC", "#", "Checklist"], "Numbers not written down"),
    (["QC", "#", "✅ The watch is ready"], "Numbers not written down"),
    (["QC", "#", "✅ The watch is ready", "someone else"], "not recorded yet"),
    (["QC", "#", "✅ The watch is ready", "not required"], "not recorded yet"),
]


@pytest.mark.parametrize(("path", "expected"), BACKS)
def test_back_leads_one_step_back(
    igor: MemoryPerson, cast: Cast, path: list[str], expected: str
) -> None:
    receipt = make_in_work(cast)
    for step in path:
        igor.text(receipt.number) if step == "#" else igor.press(step)
    igor.press("⬅ Back")
    assert expected in igor.screen


def test_what_was_measured_is_kept_on_the_way_back(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    open_card(igor, receipt.number)
    igor.press("Water resistance")
    igor.text("5")
    igor.sticker()
    assert "Tested at: 5 bar" in igor.screen


def test_an_unknown_number_is_refused_and_creates_nothing(igor: MemoryPerson, cast: Cast) -> None:
    make_receipt(cast, "00777")
    igor.press("QC")
    before = written()
    igor.text("777")
    assert "There is no receipt №777. Similar: №00777" in igor.screen
    assert written() == before


def test_masters_have_no_quality_control(bot: BotDriver, cast: Cast) -> None:
    maxim = phone(bot, cast, "maxim")
    assert not any("QC" in label for label in maxim.screen.buttons)


def test_a_checklist_is_read_without_guessing(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_submitted(cast)
    open_card(igor, receipt.number)
    igor.press("Checklist")
    igor.press("▫️ Номера выписаны")
    igor.press("✅ Номера выписаны")
    igor.press("❌ Номера выписаны")
    igor.press("▫️ Номера выписаны")
    igor.press("✅ Номера выписаны")
    igor.press("✅ The rest is in order")
    igor.press("💾 Save")
    assert "☑ Checklist 5/5: ❌ Номера выписаны" in igor.screen


def test_a_watch_whose_test_run_goes_on_stands_last(igor: MemoryPerson, cast: Cast) -> None:
    first, second = make_submitted(cast), make_submitted(cast)
    open_card(igor, first.number)
    igor.press("Start a test run")
    igor.press("24 h")
    labels = [label for label in igor.screen.buttons if "№" in label]
    assert f"№{second.number} " in labels[0]
    assert labels[1].startswith(f"⏱ №{first.number} ")


def test_what_the_customer_complained_of_is_read_before_the_decision(
    igor: MemoryPerson, cast: Cast
) -> None:
    receipt = make_submitted(cast)
    Receipt.objects.filter(pk=receipt.pk).update(complaint="gains 40 s a day")
    open_card(igor, receipt.number)
    assert "Complaint: gains 40 s a day" in igor.screen
