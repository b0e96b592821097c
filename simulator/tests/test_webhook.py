"""Webhook delivery to an aiohttp receiver, and what excludes polling."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from telegram import Bot, Update
from telegram.error import BadRequest, Conflict

from simulator.testing import SimClient

from .conftest import PERSON

Play = Callable[[Callable[[Bot], Awaitable[Any]]], Any]


class Receiver:
    """Answers with the scripted statuses first, then 200; keeps what it took."""

    def __init__(self, statuses: list[int]) -> None:
        self.statuses = statuses
        self.bodies: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.attempts = 0
        self.taken = asyncio.Semaphore(0)
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.attempts += 1
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.bodies.append(await request.json())
            self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
            self.taken.release()
        return web.Response(status=status)

    async def wait(self, count: int) -> None:
        async with asyncio.timeout(5):
            for _ in range(count):
                await self.taken.acquire()


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    receiver = Receiver(list(statuses))
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


def test_updates_come_one_after_another_with_the_secret(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        async with receiving() as receiver:
            people.send_text(PERSON, "0")
            await bot.set_webhook(receiver.url, secret_token="tajna_1", max_connections=5)
            for number in range(1, 4):
                people.send_text(PERSON, str(number))
            await receiver.wait(4)
            updates = [Update.de_json(body, bot) for body in receiver.bodies]
            assert [u.message.text for u in updates if u.message] == ["0", "1", "2", "3"]
            assert set(receiver.secrets) == {"tajna_1"}
            assert await asyncio.to_thread(people.pending, wait=5) == 0
            info = await bot.get_webhook_info()
            assert (info.url, info.max_connections) == (receiver.url, 5)

    play(scenario)


def test_a_refused_update_is_tried_again_and_holds_the_order(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        async with receiving(500, 302, 200) as receiver:
            await bot.set_webhook(receiver.url)
            people.bulk([{"person": PERSON, "text": text} for text in "ab"])
            await receiver.wait(2)
            assert receiver.attempts == 4
            assert [body["message"]["text"] for body in receiver.bodies] == ["a", "b"]
            assert receiver.secrets == [None, None]
            info = await bot.get_webhook_info()
            assert info.last_error_message is not None
            assert "302" in info.last_error_message

    play(scenario)
    assert [entry["kind"] for entry in people.ledger()].count("webhook_error") == 2


def test_pending_updates_can_be_dropped(play: Play, people: SimClient) -> None:
    people.send_text(PERSON, "dropped")

    async def scenario(bot: Bot) -> None:
        async with receiving() as receiver:
            await bot.set_webhook(receiver.url, drop_pending_updates=True)
            people.send_text(PERSON, "kept")
            await receiver.wait(1)
            assert receiver.bodies[0]["message"]["text"] == "kept"
        await bot.set_webhook(url="http://127.0.0.1:9/nobody", allowed_updates=["message"])
        people.send_text(PERSON, "never")
        assert (await bot.get_webhook_info()).pending_update_count == 1
        await bot.delete_webhook(drop_pending_updates=True)
        info = await bot.get_webhook_info()
        assert (info.url, info.pending_update_count) == ("", 0)
        assert info.allowed_updates == ("message",)

    play(scenario)


def test_polling_and_webhook_exclude_each_other(play: Play, people: SimClient) -> None:
    async def scenario(bot: Bot) -> None:
        poll = asyncio.create_task(bot.get_updates(timeout=20))
        await asyncio.to_thread(wait_for_poll, people)
        await bot.set_webhook("http://127.0.0.1:9/nobody")
        with pytest.raises(Conflict, match=r"(?i)terminated by setWebhook request"):
            await poll
        with pytest.raises(Conflict, match=r"(?i)can't use getUpdates method while webhook"):
            await bot.get_updates()
        await bot.delete_webhook()
        assert await bot.get_updates() == ()

    play(scenario)


def wait_for_poll(people: SimClient) -> None:
    while not people.request("GET", "/sim/pending")["polling"]:
        pass


@pytest.mark.parametrize(
    ("url", "options", "problem"),
    [
        ("https://example.org/hook", {}, "loopback addresses only"),
        ("ftp://127.0.0.1/", {}, "must be provided"),
        ("http://127.0.0.1:9/", {"secret_token": "с пробелом"}, "unallowed characters"),
    ],
)
def test_bad_webhooks_are_refused(
    play: Play, url: str, options: dict[str, Any], problem: str
) -> None:
    async def scenario(bot: Bot) -> None:
        with pytest.raises(BadRequest, match=problem):
            await bot.set_webhook(url, **options)

    play(scenario)
