"""A simulator on a free port and a real python-telegram-bot client against it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from telegram import Bot

from simulator.testing import SimClient, SimServer

PERSON = 1001
OTHER = 1002
GROUP = -100500

Scenario = Callable[[Bot], Awaitable[Any]]


@pytest.fixture
def sim() -> Iterator[SimServer]:
    """Limits off, two people of whom the first has started the bot, one group."""
    with SimServer(limits=False) as server:
        server.client.add_person(PERSON, "Игорь", username="igor", language_code="ru", started=True)
        server.client.add_person(OTHER, "Анна")
        yield server


@pytest.fixture
def people(sim: SimServer) -> SimClient:
    return sim.client


@pytest.fixture
def play(sim: SimServer) -> Callable[[Scenario], Any]:
    """Run a coroutine function with a stock Bot, default HTTPX request included."""

    def run(scenario: Scenario) -> Any:
        async def main() -> Any:
            async with Bot(
                sim.token, base_url=sim.base_url, base_file_url=sim.base_file_url
            ) as bot:
                return await scenario(bot)

        return asyncio.run(main())

    return run
