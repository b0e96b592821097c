"""Kills and crashes at each point of a step: nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from botapp import inbox, step, sweep
from botapp.models import Dialog, InboundChat, InboundUpdate
from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.conftest import make_employee
from botapp.tests.test_dialogs import open_screen, to_confirm
from botapp.transport.port import Arrived, Incoming
from botapp.transport.telegram import TelegramDoor
from botapp.workers import IDLE, Turn, Workers
from history.models import Command, Event
from simulator.testing import SimServer
from staff import services
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.process import own_name


@pytest.fixture
def boss(bot: BotDriver, anna: Employee) -> MemoryPerson:
    person = bot.person(anna)
    person.text("/start")
    return person


def test_the_same_batch_may_come_twice(boss: MemoryPerson) -> None:
    batch = [Arrived(10_000 + number, 5, 5, "{}") for number in range(3)]
    inbox.store(1, batch)
    inbox.store(1, batch)
    inbox.store(2, batch)
    assert InboundUpdate.objects.filter(chat_id=5).count() == 6


def test_a_kill_between_storing_and_handling_loses_nothing(
    bot: BotDriver, boss: MemoryPerson, maxim: Employee
) -> None:
    to_confirm(boss, maxim)
    bot.pause = True
    boss.press("✅ Confirm")
    restarted = BotDriver(transport=bot.transport, _ids=bot._ids)
    restarted.work()
    restarted.work()
    assert Command.objects.filter(verb="employee.rename").count() == 1
    assert "Renamed: " in boss.screen


def test_a_crash_in_the_step_has_no_effect_at_all(
    bot: BotDriver, boss: MemoryPerson, maxim: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_confirm(boss, maxim)
    before = (Event.objects.count(), Dialog.objects.get().state)

    def crash(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(inbox, "finish", crash)
        with pytest.raises(KeyboardInterrupt):
            boss.press("✅ Confirm")
    assert (Event.objects.count(), Dialog.objects.get().state) == before
    InboundChat.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    bot.work()
    assert "Renamed: " in boss.screen
    assert Command.objects.filter(verb="employee.rename").count() == 1


def test_a_claim_is_taken_over_within_fifteen_seconds(bot: BotDriver, boss: MemoryPerson) -> None:
    bot.pause = True
    boss.text("/menu")
    assert inbox.claim("elsewhere", "elsewhere") == [boss.id]
    inbox.release_gone()
    assert inbox.claim("alive", "alive") == []
    until = InboundChat.objects.get(chat_id=boss.id).lease_until
    assert until is not None
    assert timedelta(seconds=8) < until - clock.now()
    assert until - clock.now() + timedelta(seconds=IDLE) < timedelta(seconds=15)
    InboundChat.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert inbox.claim("alive", "alive") == [boss.id]


def test_what_a_process_held_that_was_killed_here_is_free_at_once(
    bot: BotDriver, boss: MemoryPerson
) -> None:
    bot.pause = True
    boss.text("/menu")
    place, _dash, _started = own_name().rpartition("-")
    inbox.claim(f"{place}-1", "dead")
    assert inbox.claim(own_name(), "alive") == []
    inbox.release_gone()
    assert inbox.claim(own_name(), "alive") == [boss.id]
    inbox.release_gone()
    assert InboundChat.objects.get(chat_id=boss.id).token == "alive"


def test_a_worker_that_lost_its_claim_changes_nothing(
    bot: BotDriver, boss: MemoryPerson, maxim: Employee
) -> None:
    to_confirm(boss, maxim)
    bot.pause = True
    boss.press("✅ Confirm")
    (row,) = inbox.rows_of(boss.id)
    incoming = Incoming.from_json(json.loads(row.raw))
    inbox.claim("slow", "slow")
    InboundChat.objects.update(token="somebody else")
    with pytest.raises(inbox.ClaimLost):
        step.take_step(row, incoming, "slow")
    assert not Command.objects.filter(verb="employee.rename").exists()
    row.refresh_from_db()
    assert row.state == InboundUpdate.NEW


def test_a_series_killed_in_the_middle_is_completed_once(
    bot: BotDriver, boss: MemoryPerson, anna: Employee, maxim: Employee,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    third = make_employee("Third Theo", None)
    open_screen(boss, "sample.absent")
    for name in ("Annina A.", "Maximov M.", "Third T."):
        boss.press(name)
    genuine, calls = services.set_absence, []

    def killed_at_the_second(**kwargs: Any) -> Any:
        calls.append(kwargs["employee_id"])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return genuine(**kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(services, "set_absence", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            boss.press("✅ Confirm")
    assert Event.objects.filter(kind="employee.absence_changed").count() == 1
    InboundChat.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    bot.work()
    assert "Absent: 3" in boss.screen
    assert Event.objects.filter(kind="employee.absence_changed").count() == 3
    assert set(Employee.objects.exclude(absent_from=None)) == {anna, maxim, third}


def test_a_kill_before_the_answer_repeats_an_edit_not_a_message(
    bot: BotDriver, boss: MemoryPerson, maxim: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_confirm(boss, maxim)

    def killed(_outcome: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bot, "reply", killed)
        with pytest.raises(KeyboardInterrupt):
            boss.press("✅ Confirm")
    InboundChat.objects.update(lease_until=None)
    Dialog.objects.update(show_after=clock.now())
    assert len(sweep.behind()) == 1
    bot.sweep()
    assert "Renamed: " in boss.screen
    assert len(boss.screens) == 1


def test_a_starved_process_does_not_take_its_own_chats(bot: BotDriver, boss: MemoryPerson) -> None:
    """All threads were busy for longer than a lease: it is renewed before anything is claimed."""
    bot.pause = True
    boss.text("/menu")
    held = Turn(boss.id, "ours", inbox.rows_of(boss.id))
    inbox.take([boss.id], own_name(), held.token)
    InboundChat.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    door: Any = None
    threads: Any = None
    workers = Workers(door, threads, owner=own_name())
    task: Any = object()
    workers._busy[task] = held
    assert workers._housekeep([], free=10, look=False) == []
    assert InboundChat.objects.get(chat_id=boss.id).token == "ours"
    del workers._busy[task]
    InboundChat.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert [turn.chat_id for turn in workers._housekeep([], free=10, look=False)] == [boss.id]


async def handled_twice(sim: SimServer, raw: str) -> list[str]:
    """One update handled twice at once in one process; what each of the two ended with."""
    door = TelegramDoor(sim.token, base_url=sim.base_url, base_file_url=sim.base_file_url)
    await door.open({})
    both_inside = asyncio.Barrier(2)

    async def handle(name: str) -> str:
        seen: list[str] = []

        async def inside(_incoming: Incoming) -> None:
            await both_inside.wait()
            seen.append(name)
            if name == "first":
                raise inbox.ClaimLost

        try:
            await door.process(raw, inside)
        except inbox.ClaimLost:
            seen.append("lost")
        return " ".join(seen)

    results = await asyncio.gather(handle("first"), handle("second"))
    await door.close()
    return results


def test_a_chat_that_was_lost_and_taken_again_is_not_mixed_up() -> None:
    """The lease ran out while the process starved: for a moment the row is in two hands."""
    person = {"id": 5, "is_bot": False, "first_name": "A"}
    message = {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "from": person}
    raw = json.dumps({"update_id": 9, "message": {**message, "text": "hi"}})
    with SimServer(limits=False) as sim:
        assert asyncio.run(handled_twice(sim, raw)) == ["first lost", "second"]
