"""Scripted faults and real limits, as the stock client feels them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telegram import Bot
from telegram.error import NetworkError, RetryAfter, TimedOut

from simulator.testing import SimClient, SimServer, SimulatorRefusedError

from .conftest import OTHER, PERSON

# The library warns about the future type of retry_after whenever it builds the exception.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

Play = Callable[[Callable[[Bot], Awaitable[Any]]], Any]


def texts(people: SimClient) -> list[str]:
    return [message["text"] for message in people.chat(PERSON)]


def test_429_with_retry_after_for_the_next_calls_only(play: Play, people: SimClient) -> None:
    people.faults({"method": "sendMessage", "kind": "429", "retry_after": 7, "times": 2})

    async def scenario(bot: Bot) -> None:
        for _ in range(2):
            with pytest.raises(RetryAfter) as caught:
                await bot.send_message(PERSON, "x")
            assert "7" in caught.value.message
        await bot.send_message(PERSON, "дошло")

    play(scenario)
    assert texts(people) == ["дошло"]


def test_a_fault_of_one_chat_leaves_the_others_alone(play: Play, people: SimClient) -> None:
    people.start(OTHER)
    people.faults({"method": "*", "chat_id": OTHER, "kind": "502"})

    async def scenario(bot: Bot) -> None:
        await bot.send_message(PERSON, "x")
        with pytest.raises(NetworkError, match="Bad Gateway"):
            await bot.send_message(OTHER, "x")
        await bot.send_message(OTHER, "x")

    play(scenario)


@pytest.mark.parametrize(
    ("fault", "effect"),
    [
        ({"kind": "cut_before"}, False),
        ({"kind": "cut_after"}, True),
        ({"kind": "500"}, False),
        ({"kind": "500", "after": True}, True),
    ],
)
def test_effect_and_answer_are_apart(
    play: Play, people: SimClient, fault: dict[str, Any], effect: bool
) -> None:
    people.faults({"method": "sendMessage", **fault})

    async def scenario(bot: Bot) -> None:
        with pytest.raises(NetworkError):
            await bot.send_message(PERSON, "x")

    play(scenario)
    assert texts(people) == (["x"] if effect else [])
    (entry,) = people.ledger(method="sendMessage")
    assert entry["status"] == (500 if fault["kind"] == "500" else 0)
    assert ("message_id" in entry) is effect


@pytest.mark.parametrize(("kind", "effect"), [("hang", False), ("hang_after", True)])
def test_silence_is_a_timeout(play: Play, people: SimClient, kind: str, effect: bool) -> None:
    people.faults({"method": "sendMessage", "kind": kind, "seconds": 0.4})

    async def scenario(bot: Bot) -> None:
        with pytest.raises(TimedOut):
            await bot.send_message(PERSON, "x", read_timeout=0.1)

    play(scenario)
    assert people.ledger(method="sendMessage") == [] or effect
    entries = people.request("GET", "/sim/ledger?after=1&wait=5")["entries"]
    assert entries[0]["status"] == 504
    assert texts(people) == (["x"] if effect else [])


def test_delay_only_slows_down(play: Play, people: SimClient) -> None:
    people.faults({"method": "sendMessage", "kind": "delay", "seconds": 0.05})

    async def scenario(bot: Bot) -> None:
        await bot.send_message(PERSON, "x")

    play(scenario)
    assert texts(people) == ["x"]


def test_get_updates_and_downloads_fail_too(play: Play, people: SimClient) -> None:
    people.send_photo(PERSON)
    people.faults(
        {"method": "getUpdates", "kind": "cut_after"}, {"method": "file", "kind": "cut_before"}
    )

    async def scenario(bot: Bot) -> None:
        with pytest.raises(NetworkError):
            await bot.get_updates()
        (update,) = await bot.get_updates()
        assert update.message is not None
        file = await update.message.photo[0].get_file()
        with pytest.raises(NetworkError):
            await file.download_as_bytearray()
        await file.download_as_bytearray()

    play(scenario)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "500"},
        {"method": "x", "kind": "explode"},
        {"method": "x", "kind": "200"},
        {"method": "x", "kind": "500", "times": 0},
        {"method": "x", "kind": "500", "nonsense": 1},
    ],
)
def test_a_fault_that_means_nothing_is_refused(people: SimClient, fault: dict[str, Any]) -> None:
    with pytest.raises(SimulatorRefusedError) as caught:
        people.faults(fault)
    assert caught.value.status == 400


def test_the_script_can_be_cleared(play: Play, people: SimClient) -> None:
    people.faults({"method": "*", "kind": "500", "times": 100})
    people.faults()
    assert play(lambda bot: bot.send_message(PERSON, "x")).text == "x"


def test_real_limits_answer_429(people: SimClient, play: Play) -> None:
    people.limits(on=True)

    async def scenario(bot: Bot) -> None:
        async def write_much() -> None:
            for number in range(10):
                await bot.send_message(PERSON, str(number))

        with pytest.raises(RetryAfter):
            await write_much()
        # The burst is three; a slow machine may have earned one more meanwhile.
        assert len(people.chat(PERSON)) in (3, 4)
        people.shift_clock(2)
        await bot.send_message(PERSON, "позже")

    play(scenario)
    with pytest.raises(SimulatorRefusedError, match="unknown limit"):
        people.limits(nonsense=1)


def test_limits_are_on_unless_switched_off() -> None:
    with SimServer() as sim:
        assert sim.client.request("GET", "/sim/limits")["on"] is True
