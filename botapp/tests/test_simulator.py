"""The whole bot over HTTP: the real Application, the real limiter, a strict Bot API server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from botapp.models import Dialog, InboundUpdate
from botapp.tests.conftest import make_employee
from botapp.tests.simulated import SimulatedPerson, SimulatorDriver, simulated_bot
from history.models import Command, Lease
from staff.models import Employee
from workshop.lib import clock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def live(transactional_db: None) -> Iterator[SimulatorDriver]:
    with simulated_bot() as driver:
        yield driver


@pytest.fixture
def boss(live: SimulatorDriver) -> SimulatedPerson:
    anna = make_employee("Annina Anna", 1001, is_manager=True, language="en")
    person = live.person(anna)
    person.text("/start")
    return person


def to_screen(person: SimulatedPerson, screen: str, **params: object) -> None:
    from botapp.dialogs.registry import menu_item

    menu_item(screen, screen, place=900, **params)
    person.text("/menu")
    person.press(screen)


def test_a_flow_from_beginning_to_end(boss: SimulatedPerson) -> None:
    master = make_employee("Maximov Maxim", None, is_master=True)
    to_screen(boss, "sample.pick")
    boss.press("Maximov M.")
    boss.text("<b>New & Name")
    boss.press("⏭ Skip")
    assert "Maximov Maxim → <b>New & Name" in boss.screen
    boss.press("✅ Confirm", times=2)
    assert "Renamed: " in boss.screen
    assert len(boss.screens) == 1
    assert boss.own_messages == []
    assert "" in boss.toasts
    assert len(boss.toasts) == len(boss.calls)
    assert Command.objects.filter(verb="employee.rename").count() == 1
    assert Employee.objects.get(pk=master.pk).full_name == "<b>New & Name"
    assert Lease.objects.filter(name="runbot").exists()


def test_every_kind_of_input_is_answered(boss: SimulatedPerson) -> None:
    to_screen(boss, "sample.pick")
    client = boss.client
    acts = (
        boss.sticker,
        lambda: client.voice(boss.id),
        lambda: boss.forward("№ 5"),
        lambda: boss.photo(3),
        lambda: client.send_document(boss.id, "a.bin", b"1"),
        lambda: client.send(boss.id, contact=True),
        lambda: boss.text("x" * 4096),
        lambda: boss.text("\u0000"),
    )
    for act in acts:
        act()
        boss.settle()
        assert "⚠" in boss.screen, act
        assert "Who?" in boss.screen
        assert len(boss.screens) == 1
    assert not InboundUpdate.objects.exclude(state=InboundUpdate.DONE).exists()


def test_commands_are_announced(boss: SimulatedPerson) -> None:
    methods = [entry["method"] for entry in boss.client.ledger(method="setMyCommands")]
    assert len(methods) == 3


def test_a_screen_answers_within_one_step_of_calls(boss: SimulatedPerson) -> None:
    to_screen(boss, "sample.pick")
    mark = boss.client.ledger()[-1]["n"]
    boss.press("⬅ Back")
    calls = [one.get("method") for one in boss.client.ledger(mark) if one.get("method")]
    assert sorted(set(calls) - {"getUpdates"}) == ["answerCallbackQuery", "editMessageText"]


def test_not_modified_counts_as_shown(boss: SimulatedPerson) -> None:
    due = clock.now()
    Dialog.objects.filter(person_id=boss.id).update(wanted_revision=99, show_after=due)
    boss.settle()
    assert Dialog.objects.get(person_id=boss.id).shown_revision == 99
    assert len(boss.screens) == 1
