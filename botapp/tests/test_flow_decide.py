"""The shift change: what lies at quality control, and what was left to decide."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.flow_cast import LANGUAGES, phone, tr, written
from receipts.models import Receipt, ReturnCase, ReturnItem, Waiver
from receipts.services.facts import set_urgent
from receipts.services.quality import start_test_run
from receipts.services.returns import ItemInput, return_watch
from tests.cast import Cast, make_cast, make_in_work, make_submitted, reason_id
from workshop.lib import clock


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def igor(bot: BotDriver, cast: Cast) -> MemoryPerson:
    return phone(bot, cast, "igor")


def make_undecided(cast: Cast) -> Receipt:
    receipt = make_submitted(cast)
    items = [ItemInput(reason_id("dirt_inside"), "undecided")]
    return return_watch(receipt_id=receipt.pk, items=items, actor=cast.actor("igor")).object


def to_table(person: MemoryPerson) -> None:
    person.text("/menu")
    person.press("☰ More")
    person.press("QC table")


def test_an_empty_table_says_so(igor: MemoryPerson) -> None:
    to_table(igor)
    assert "At quality control: 0 pcs" in igor.screen
    assert igor.screen.buttons == ["⬅ Back", "🏠 Home"]


def test_what_lies_here_and_ended_runs(igor: MemoryPerson, cast: Cast) -> None:
    """The watches at control first, urgent ones at their head; then ended runs; then decisions."""
    lying, running, ended = make_submitted(cast), make_in_work(cast), make_submitted(cast)
    undecided = make_undecided(cast)
    for one in (running, ended):
        start_test_run(receipt_id=one.pk, hours=24, actor=cast.actor("igor"))
    set_urgent(receipt_id=ended.pk, urgent=True, actor=cast.actor("igor"))
    with time_machine.travel(clock.now() + timedelta(hours=25), tick=False):
        igor.text("/menu")
        to_table(igor)
        assert igor.screen.buttons[:3] == [
            f"⏱ 🔥 №{ended.number} · 1 d",
            f"№{lying.number} · 1 d",
            f"⏱ №{running.number} · In work · Максим М.",
        ]
        assert igor.screen.buttons[3].startswith(f"❓ №{undecided.number}"), "decisions come last"
        igor.press(f"№{lying.number} · 1 d")
        assert "✅ The watch is ready" in igor.screen.buttons
        igor.press("⬅ Back")
        assert "QC table" in igor.screen


@pytest.mark.parametrize("language", LANGUAGES)
def test_decided_from_the_table(bot: BotDriver, cast: Cast, language: str) -> None:
    receipt = make_undecided(cast)
    igor = phone(bot, cast, "igor", language)
    igor.press(tr(language, "☰ More"))
    igor.press(f"{tr(language, '📋 QC table')} (1)")
    igor.press(f"❓ №{receipt.number} · Грязь внутри")
    igor.press(tr(language, "Responsible?"))
    igor.press("Максим М.")
    assert tr(language, "✅ Confirm") not in igor.screen.buttons
    igor.text("Осмотр <показал>")
    old = tr(language, "Decide later")
    assert tr(language, "Responsible: %(old)s → %(new)s", old=old, new="Максим М.") in igor.screen
    igor.press(tr(language, "✅ Confirm"), times=2)
    item = ReturnItem.objects.get()
    assert (item.responsible, item.operation.employee) == (cast.maxim, cast.maxim)
    assert f"№{receipt.number}" in igor.screen


def test_changed_from_the_card(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_undecided(cast)
    igor.text(receipt.number)
    igor.press("☰ More")
    igor.press("Change the responsible")
    igor.press("Грязь внутри: Decide later")
    igor.press("Responsible?")
    igor.press("Not our fault")
    igor.press("customer")
    igor.text("Клиент открывал сам")
    igor.press("✅ Confirm")
    item = ReturnItem.objects.get()
    assert (item.responsibility, item.cause) == ("not_ours", "customer")


def test_the_assembler_of_record_is_changed(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_undecided(cast)
    igor.text(receipt.number)
    igor.press("☰ More")
    igor.press("Change the responsible")
    igor.press("Whole watch, assembler: nobody")
    igor.press("Assembler")
    igor.press("Марк С.")
    assert "Whole watch, assembler: nobody → Марк С." in igor.screen
    igor.text("Собирал Марк")
    igor.press("✅ Confirm", times=2)
    assert ReturnCase.objects.get().assembler == cast.mark


def test_a_work_is_waived_and_required_again(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor.text(receipt.number)
    igor.press("☰ More")
    igor.press("Work is not required")
    igor.press("Сборка: not required")
    igor.press("Корпус не вскрывался", times=2)
    assert "Not required: Сборка" in igor.screen
    igor.press("☰ More")
    igor.press("Work is not required")
    igor.press("Сборка: required again")
    before = written()
    igor.text("x" * 501)
    assert "too long" in igor.screen
    assert written() == before
    igor.press("⬅ Back")
    igor.press("Сборка: required again")
    igor.text("Корпус <вскрыли>")
    assert "Required again: Сборка" in igor.screen
    assert Waiver.objects.get().void_reason == "Корпус <вскрыли>"


def test_back_from_a_waiver(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor.text(receipt.number)
    igor.press("☰ More")
    igor.press("Work is not required")
    igor.press("Сборка: not required")
    igor.press("⬅ Back")
    assert "which work is not required?" in igor.screen
    igor.press("⬅ Back")
    assert "Work is not required" in igor.screen.buttons


def test_no_return_no_button(igor: MemoryPerson, cast: Cast) -> None:
    receipt = make_in_work(cast)
    igor.text(receipt.number)
    igor.press("☰ More")
    assert "Change the responsible" not in igor.screen.buttons


def test_a_reason_too_long_is_refused_and_nothing_written(igor: MemoryPerson, cast: Cast) -> None:
    make_undecided(cast)
    to_table(igor)
    igor.press("❓")
    before = written()
    igor.text("x" * 501)
    assert "too long" in igor.screen
    assert written() == before


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([], "Choose what to do"),
        (["❓"], "To decide: 1"),
        (["❓", "Responsible?"], "Press “Responsible?” and type the reason."),
    ],
)
def test_back(igor: MemoryPerson, cast: Cast, path: list[str], expected: str) -> None:
    make_undecided(cast)
    to_table(igor)
    for step in path:
        igor.press(step)
    igor.press("⬅ Back")
    assert expected in igor.screen
