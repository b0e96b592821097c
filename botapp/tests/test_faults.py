"""Kills, crashes, races and a strict messenger: nothing is lost, nothing happens twice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from botapp import inbox, step, sweep
from botapp.models import Dialog, InboundChat, InboundUpdate
from botapp.testing import BotDriver, MemoryPerson
from botapp.tests.conftest import make_employee
from botapp.tests.simulated import (
    RunningBot,
    SimulatedPerson,
    SimulatorDriver,
    settled,
    simulated_bot,
    wait_until,
)
from botapp.tests.test_dialogs import open_screen, to_confirm
from botapp.transport.port import Arrived, Incoming
from history.models import Command, Event
from simulator.testing import SimServer
from staff import services
from staff.models import Employee
from workshop.lib import clock


@pytest.fixture
def boss(bot: BotDriver, anna: Employee) -> MemoryPerson:
    person = bot.person(anna)
    person.text("/start")
    return person


# --- the inbox and the claims, step by step ----------------------------------------------------


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


def test_a_claim_holds_for_fifteen_seconds_and_is_then_taken_over(
    bot: BotDriver, boss: MemoryPerson
) -> None:
    bot.pause = True
    boss.text("/menu")
    assert inbox.claim("dead", "dead") == [boss.id]
    assert inbox.claim("alive", "alive") == []
    until = InboundChat.objects.get(chat_id=boss.id).lease_until
    assert until is not None
    assert timedelta(seconds=10) < until - clock.now() <= timedelta(seconds=16)
    InboundChat.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert inbox.claim("alive", "alive") == [boss.id]


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


# --- the running bot ---------------------------------------------------------------------------


@pytest.fixture
def live(transactional_db: None) -> Iterator[SimulatorDriver]:
    with simulated_bot() as driver:
        yield driver


@pytest.fixture
def cast(transactional_db: None) -> list[Employee]:
    return [
        make_employee(f"Person {chr(65 + number)}", 2000 + number, is_manager=True, language="en")
        for number in range(5)
    ]


def backlog(sim: SimServer, people: list[Employee], texts: list[str]) -> None:
    for one in people:
        sim.client.add_person(one.telegram_id or 0, one.short_name, started=True)
    sim.client.bulk([{"person": one.telegram_id, "text": text} for text in texts for one in people])


def entered(person: Employee) -> str:
    row = Dialog.objects.get(person_id=person.telegram_id)
    return str(row.state["stack"][-1]["data"].get("text"))


@pytest.mark.django_db(transaction=True)
def test_two_workers_keep_the_order_of_a_chat(cast: list[Employee]) -> None:
    """Two bot processes share the inbox; each answer comes after the one before it."""
    with simulated_bot() as driver:
        people = [driver.person(one) for one in cast]
        for person in people:
            person.text("/start")
            live_screen(person, "sample.broken")
        second = RunningBotWithoutPolling(driver.sim)
        second.start()
        try:
            texts = [f"text {number}" for number in range(20)]
            backlog(driver.sim, cast, texts)
            settled(driver.sim)
        finally:
            second.stop()
        assert [entered(one) for one in cast] == ["text 19"] * len(cast)
        rows = InboundUpdate.objects.filter(state=InboundUpdate.DONE).order_by("chat_id")
        for one in cast:
            done = list(rows.filter(chat_id=one.telegram_id).order_by("update_id"))
            times = [row.done_at for row in done if row.done_at]
            assert times == sorted(times)


def live_screen(person: SimulatedPerson, screen: str) -> None:
    from botapp.dialogs.registry import menu_item

    menu_item(screen, screen, place=900)
    person.text("/menu")
    person.press(screen)


class RunningBotWithoutPolling(RunningBot):
    """A second process: Telegram allows one poller, any number of workers."""

    async def _run(self) -> None:
        import asyncio

        from botapp.inbound_limit import InboundLimiter
        from botapp.threads import DatabaseThreads
        from botapp.transport.telegram import TelegramDoor
        from botapp.workers import Workers

        door = TelegramDoor(
            self._sim.token,
            base_url=self._sim.base_url,
            base_file_url=self._sim.base_file_url,
            limited=False,
        )
        await door.open({})
        threads = DatabaseThreads()
        workers = Workers(door, threads, owner="second", limiter=InboundLimiter(0))
        self._runner = workers  # type: ignore[assignment]  # stop() is all that is used of it
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await workers.run()
        await door.close()
        await threads.close()


@pytest.mark.django_db(transaction=True)
def test_a_backlog_is_handled_after_a_restart(cast: list[Employee], tmp_path: Any) -> None:
    texts = ["/start", *(f"/menu {number}" for number in range(10))]
    with SimServer(limits=False, folder=tmp_path) as sim:
        backlog(sim, cast, texts)
        bot = RunningBot(sim).start()
        wait_until(lambda: InboundUpdate.objects.count() > 0)
        bot.stop()
        assert bot.error is None
        bot = RunningBot(sim).start()
        settled(sim)
        bot.stop()
    assert InboundUpdate.objects.filter(state=InboundUpdate.DONE).count() == len(texts) * len(cast)
    assert Dialog.objects.count() == len(cast)


@pytest.mark.django_db(transaction=True)
def test_a_second_copy_says_so_and_stops(live: SimulatorDriver) -> None:
    from botapp.transport.port import AnotherCopyRuns

    second = RunningBot(live.sim).start()
    wait_until(lambda: live.bot.error is not None or second.error is not None)
    loser = live.bot if live.bot.error else second
    assert isinstance(loser.error, AnotherCopyRuns)
    loser.error = None
    second.stop()


@pytest.mark.django_db(transaction=True)
def test_a_wrong_token_is_told(transactional_db: None) -> None:
    from botapp.transport.port import TokenRefused

    with SimServer(limits=False) as sim:
        sim.token = "1000000001:" + "x" * 35
        bot = RunningBot(sim).start()
        bot.join()
        assert isinstance(bot.error, TokenRefused)


FAULTS = [
    {"method": "editMessageText", "kind": "cut_before", "times": 1},
    {"method": "editMessageText", "kind": "cut_after", "times": 1},
    {"method": "editMessageText", "kind": "502", "times": 2},
    {"method": "editMessageText", "kind": "429", "retry_after": 1, "times": 1},
    {"method": "answerCallbackQuery", "kind": "400", "times": 1},
    {"method": "getUpdates", "kind": "502", "times": 2},
    {"method": "getUpdates", "kind": "cut_after", "times": 1},
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['method']}-{fault['kind']}")
def test_a_fault_of_the_messenger_costs_nothing(
    cast: list[Employee], fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botapp.reply.RETRY", timedelta(milliseconds=50))
    monkeypatch.setattr("botapp.workers.SWEEP_EVERY", timedelta(milliseconds=100))
    monkeypatch.setattr("botapp.workers.IDLE", 0.05)
    with simulated_bot() as driver:
        person = driver.person(cast[0])
        person.text("/start")
        live_screen(person, "sample.pick")
        driver.sim.client.faults(fault)
        person.press("Person B")
        assert "New name?" in person.screen
        assert len(person.screens) == 1


@pytest.mark.django_db(transaction=True)
def test_a_429_of_one_chat_does_not_stop_the_others(cast: list[Employee]) -> None:
    with simulated_bot() as driver:
        slow, *others = [driver.person(one) for one in cast]
        for person in (slow, *others):
            person.text("/start")
        driver.sim.client.faults(
            {"method": "*", "chat_id": slow.id, "kind": "429", "retry_after": 30, "times": 99}
        )
        started = time.monotonic()
        slow.client.sticker(slow.id)
        for person in others:
            person.client.sticker(person.id)
        wait_until(lambda: all("⚠" in person.screen for person in others))
        assert time.monotonic() - started < 5
        assert "⚠" not in slow.screen


@pytest.mark.django_db(transaction=True)
def test_who_blocked_the_bot_is_marked_and_comes_back(cast: list[Employee]) -> None:
    from botapp.models import PersonReach

    with simulated_bot() as driver:
        person = driver.person(cast[0])
        person.text("/start")
        person.client.block(person.id)
        wait_until(lambda: PersonReach.objects.filter(employee=cast[0]).exists())
        person.client.block(person.id, blocked=False)
        wait_until(lambda: not PersonReach.objects.exists())


@pytest.mark.django_db(transaction=True)
def test_a_stop_finishes_what_has_begun_within_seconds(cast: list[Employee]) -> None:
    with SimServer(limits=False) as sim:
        bot = RunningBot(sim).start()
        backlog(sim, cast, ["/start"] * 10)
        wait_until(Dialog.objects.exists)
        started = time.monotonic()
        bot.stop()
        assert time.monotonic() - started < 5
        assert bot.error is None
    assert not InboundChat.objects.exclude(token="").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_eight_taps_at_once_have_one_effect(cast: list[Employee]) -> None:
    """The same row offered to eight workers that all believe to hold the chat."""
    bot = BotDriver()
    person = bot.person(cast[0])
    person.text("/start")
    to_confirm(person, cast[1])
    bot.pause = True
    person.press("✅ Confirm")
    (row,) = inbox.rows_of(person.id)
    incoming = Incoming.from_json(json.loads(row.raw))
    inbox.claim("all", "all")
    barrier = threading.Barrier(8)
    errors: list[BaseException] = []

    def tap() -> None:
        barrier.wait()
        try:
            step.take_step(row, incoming, "all")
        except inbox.ClaimLost as error:
            errors.append(error)

    run_all([tap] * 8)
    assert len(errors) == 7
    assert Event.objects.filter(kind="employee.renamed").count() == 1


def run_all(works: list[Callable[[], None]]) -> None:
    from django.db import connection

    def closing(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=closing, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
