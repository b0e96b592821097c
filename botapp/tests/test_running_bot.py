"""The running bot under kills, races and a strict messenger: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from botapp import inbox, step
from botapp.models import Dialog, InboundChat, InboundUpdate
from botapp.testing import BotDriver
from botapp.tests.conftest import make_employee
from botapp.tests.simulated import (
    RunningBot,
    SimulatedPerson,
    SimulatorDriver,
    settled,
    simulated_bot,
    wait_until,
)
from botapp.tests.test_dialogs import to_confirm
from botapp.transport.port import Incoming
from botapp.transport.telegram import TelegramDoor
from botapp.workers import Workers
from history.models import Event
from simulator.testing import SimServer
from staff.models import Employee
from workshop.lib import clock


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
        from botapp.transport.telegram import TelegramDoor
        from workshop.lib.threads import DatabaseThreads

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
def test_a_second_process_stands_by_and_takes_over(cast: list[Employee]) -> None:
    with SimServer(limits=False) as sim:
        first, second = RunningBot(sim).start(), RunningBot(sim).start()
        backlog(sim, cast, ["/start"])
        settled(sim)
        first.stop()
        backlog(sim, cast, ["/menu"])
        settled(sim)
        second.stop()
        conflicts = [one for one in sim.client.ledger(method="getUpdates") if one["status"] != 200]
    assert (first.error, second.error, conflicts) == (None, None, [])
    assert InboundUpdate.objects.filter(state=InboundUpdate.DONE).count() == 2 * len(cast)


async def fetch_as_another_copy(sim: SimServer) -> None:
    """What a copy does that knows nothing of our database."""
    door = TelegramDoor(sim.token, base_url=sim.base_url, base_file_url=sim.base_file_url)
    await door.open({})
    await door.fetch(None, 0)
    await door.close()


def polls(sim: SimServer) -> bool:
    """A long poll waits there right now."""
    return bool(sim.client.request("GET", "/sim/pending")["polling"])


@pytest.mark.django_db(transaction=True)
def test_a_copy_with_another_database_is_told_of(
    live: SimulatorDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botapp.transport.port import AnotherCopyRuns

    wait_until(lambda: polls(live.sim))
    asyncio.run(fetch_as_another_copy(live.sim))
    wait_until(lambda: polls(live.sim))  # it may have been the end of a call before ours
    assert live.bot.error is None
    monkeypatch.setattr("botapp.polling.SETTLE", 0.0)
    asyncio.run(fetch_as_another_copy(live.sim))
    live.bot.join()
    assert isinstance(live.bot.error, AnotherCopyRuns)
    live.bot.error = None


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


def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botapp.reply.RETRY", timedelta(milliseconds=50))
    monkeypatch.setattr("botapp.workers.SWEEP_EVERY", timedelta(milliseconds=100))
    monkeypatch.setattr("botapp.workers.IDLE", 0.05)


TWICE = "If this screen is here twice, use this one."


@pytest.mark.django_db(transaction=True)
def test_a_new_screen_that_may_have_come_says_so(
    cast: list[Employee], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks after the message was taken: its id is never known."""
    hurried(monkeypatch)
    with simulated_bot() as driver:
        person = driver.person(cast[0])
        person.text("/start")
        live_screen(person, "sample.pick")
        driver.sim.client.faults({"method": "sendMessage", "kind": "cut_after", "times": 1})
        person.sticker()
        first, second = person.screens
        assert (TWICE in first, TWICE in second) == (False, True)
        person.press_on(person.messages[-2], "Person B.")
        assert "New name?" in person.screen
        assert [TWICE in one for one in person.screens] == [False]


@pytest.mark.django_db(transaction=True)
def test_a_new_screen_that_was_refused_is_not_said_to_be_there_twice(
    cast: list[Employee], monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried(monkeypatch)
    with simulated_bot() as driver:
        person = driver.person(cast[0])
        person.text("/start")
        fault = {"method": "sendMessage", "kind": "429", "retry_after": 1, "times": 1}
        driver.sim.client.faults(fault)
        person.sticker()
        assert [TWICE in one for one in person.screens] == [False]


@pytest.mark.django_db(transaction=True)
def test_the_screen_before_is_removed_later_when_it_could_not_be(
    cast: list[Employee], monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried(monkeypatch)
    with simulated_bot() as driver:
        person = driver.person(cast[0])
        person.text("/start")
        driver.sim.client.faults({"method": "deleteMessage", "kind": "cut_before", "times": 1})
        before = person.screen.message_id
        person.sticker()
        Dialog.objects.update(show_after=clock.now())
        wait_until(lambda: not Dialog.objects.filter(former_message_id__isnull=False).exists())
        (screen,) = person.screens
        assert screen.message_id > before


@pytest.mark.django_db(transaction=True)
def test_new_screens_go_one_at_a_time_unless_one_is_slow(
    cast: list[Employee], monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulated_bot() as driver:
        slow, *others = [driver.person(one) for one in cast]
        for person in (slow, *others):
            person.text("/start")
        fault = {"method": "sendMessage", "kind": "delay", "seconds": 3, "chat_id": slow.id}
        driver.sim.client.faults(fault)
        slow.client.sticker(slow.id)
        wait_until(lambda: Dialog.objects.filter(sending_revision__isnull=False).exists())
        started = time.monotonic()
        for person in others:
            person.client.sticker(person.id)
        wait_until(lambda: Dialog.objects.filter(chat_id=slow.id, sending_revision=None).exists())
        assert time.monotonic() - started > 2
        sent = driver.sim.client.ledger(method="sendMessage")[-len(cast) :]
        assert sent[-1]["chat_id"] == slow.id
        assert sorted(one["chat_id"] for one in sent) == sorted(one.telegram_id for one in cast)


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
