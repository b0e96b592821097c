"""The limiters of several processes on one Redis: exact together, alone when it is away."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import fakeredis
import pytest
from django.conf import settings
from redis.asyncio import Redis

from botapp.inbound_limit import InboundLimiter
from botapp.limits import limiters
from botapp.transport.buckets import FILE, NOTICE, OVERALL, PRIVATE, SCREEN, MemoryBuckets
from botapp.transport.limiter import OutboundLimiter
from botapp.transport.port import RetryLater
from botapp.transport.shared import AGAIN, SharedState, connect
from botapp.transport.shared_buckets import SharedBuckets

PROCESSES = 4


class Store:
    """A Redis – the one of the tests, else one in memory – and the processes on it."""

    def __init__(self) -> None:
        self._url = os.environ.get("TEST_REDIS_URL", "")
        self._server = fakeredis.FakeServer()
        self.clients: list[Redis] = []

    def client(self) -> Redis:
        client: Any = (
            connect(self._url)
            if self._url
            else fakeredis.FakeAsyncRedis(server=self._server, decode_responses=True)
        )
        self.clients.append(client)
        return client

    def state(self, **more: Any) -> SharedState:
        return SharedState(self.client(), prefix="limits-test", **more)

    def limiter(self) -> OutboundLimiter:
        return OutboundLimiter(SharedBuckets(self.state()))

    async def forget(self) -> None:
        client = self.client()
        async for key in client.scan_iter("{limits-test}*"):
            await client.delete(key)


@asynccontextmanager
async def redis() -> AsyncIterator[Store]:
    store = Store()
    await store.forget()
    try:
        yield store
    finally:
        await store.forget()
        for client in store.clients:
            await client.aclose()


def play(scene: Callable[[Store], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with redis() as store:
            return await scene(store)

    return asyncio.run(run())


def refilled(seconds: float) -> float:
    """What came into the bucket of all chats meanwhile."""
    return seconds * OVERALL.per_second + 1


def test_all_processes_together_have_one_burst() -> None:
    async def scene(store: Store) -> tuple[int, float]:
        buckets = [SharedBuckets(store.state()) for _number in range(PROCESSES)]
        started = time.monotonic()
        grants = await asyncio.gather(*(one.take(SCREEN, 28) for one in buckets))
        return sum(count for count, _wait in grants), time.monotonic() - started

    count, seconds = play(scene)
    assert 28 <= count <= 28 + refilled(seconds)


def test_notices_of_one_process_leave_room_for_presses_of_another() -> None:
    async def scene(store: Store) -> tuple[int, int, float]:
        notices, presses = (SharedBuckets(store.state()) for _number in range(2))
        started = time.monotonic()
        count, _wait = await notices.take(NOTICE, 100)
        rest, _wait = await presses.take(SCREEN, 100)
        return count, rest, time.monotonic() - started

    count, rest, seconds = play(scene)
    assert 23 <= count <= 23 + refilled(seconds)
    assert rest >= 5
    assert count + rest <= 28 + refilled(seconds)


def test_a_chat_has_one_bucket_for_all() -> None:
    async def scene(store: Store) -> tuple[list[float], float]:
        buckets = [SharedBuckets(store.state()) for _number in range(PROCESSES)]
        started = time.monotonic()
        waits = await asyncio.gather(*(one.reserve(5, FILE) for one in buckets * 2))
        return sorted(waits), time.monotonic() - started

    delays, seconds = play(scene)
    expected = [max(0.0, (number - 1.9) / PRIVATE.per_second) for number in range(2 * PROCESSES)]
    assert delays == pytest.approx(expected, abs=0.01 + seconds)


def test_a_chat_closed_in_one_process_is_closed_in_all() -> None:
    async def scene(store: Store) -> None:
        one, other = store.limiter(), store.limiter()
        await one.close(5, 30)
        await one.close(5, 3)  # the shorter one does not open it
        for call in (SCREEN, NOTICE, FILE):
            with pytest.raises(RetryLater) as refused:
                await other.acquire(5, call)
            assert refused.value.seconds == pytest.approx(30, abs=2)
        await other.acquire(6, SCREEN)
        with pytest.raises(RetryLater):
            await one.acquire(5, SCREEN)

    play(scene)


def test_a_person_has_ten_at_once_over_all_processes() -> None:
    async def scene(store: Store) -> tuple[list[float], float]:
        people = [InboundLimiter(state=store.state()) for _number in range(PROCESSES)]
        started = time.monotonic()
        calls = [people[number % PROCESSES].delay(7) for number in range(16)]
        return sorted(await asyncio.gather(*calls)), time.monotonic() - started

    delays, seconds = play(scene)
    expected = [0.0] * 10 + [n / 3 for n in range(1, 7)]
    assert delays == pytest.approx(expected, abs=0.01 + seconds)
    assert 10 <= delays.count(0.0) <= 10 + 3 * seconds + 1


def test_a_flood_gets_one_warning_from_all_processes() -> None:
    async def scene(store: Store) -> list[bool]:
        people = [InboundLimiter(state=store.state()) for _number in range(PROCESSES)]
        for _number in range(25):
            await people[0].delay(7)  # nobody waits: some seconds are owed
        verdicts = await asyncio.gather(*(one.refuse(7) for one in people * 10))
        assert await people[1].refuse(8) is None
        return [one.warn for one in verdicts if one]

    warned = play(scene)
    assert len(warned) == 10 * PROCESSES
    assert sum(warned) == 1


def test_a_clock_that_was_set_back_locks_nobody_out() -> None:
    async def scene(store: Store) -> float:
        ahead = time.time() + 7200
        await store.client().set("{limits-test}:in:7", f"{ahead:.6f}")
        await store.client().set("{limits-test}:overall", f"{ahead:.6f}")
        await store.client().set("{limits-test}:chat:5", f"{ahead:.6f}")
        buckets = SharedBuckets(store.state())
        with pytest.raises(RetryLater) as refused:
            await buckets.reserve(5, SCREEN)
        _count, wait = await buckets.take(SCREEN, 1)
        person = await InboundLimiter(state=store.state()).delay(7)
        return max(person, wait, refused.value.seconds)

    assert play(scene) < 40


def test_an_emptied_redis_gives_no_process_a_second_burst() -> None:
    async def scene(store: Store) -> tuple[int, float]:
        buckets = SharedBuckets(store.state())
        started = time.monotonic()
        await buckets.take(SCREEN, 28)
        await store.forget()
        count, _wait = await buckets.take(SCREEN, 28)
        return count, time.monotonic() - started

    count, seconds = play(scene)
    assert count <= refilled(seconds)


def test_without_redis_the_memory_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> tuple[list[float], float]:
        started = time.monotonic()
        outbound, inbound = limiters(1, "redis://127.0.0.1:9/0")  # nobody listens there
        await asyncio.gather(*(outbound.acquire(chat, SCREEN) for chat in range(1, 20)))
        await outbound.close(1, 30)
        with pytest.raises(RetryLater):
            await outbound.acquire(1, SCREEN)
        delays = [await inbound.delay(7) for _number in range(11)]
        assert await inbound.refuse(7) is not None
        await outbound.shutdown()
        return delays, time.monotonic() - started

    with caplog.at_level(logging.WARNING):
        delays, took = asyncio.run(scene())
    assert delays[:10] == [0.0] * 10
    assert delays[10] > 0
    assert took < 5
    assert len([one for one in caplog.records if "Redis" in one.message]) == 1


def test_redis_is_asked_again_when_it_is_back() -> None:
    class Flaky:
        def __init__(self, client: Redis) -> None:
            self.client, self.away, self.calls = client, True, 0

        def register_script(self, text: str) -> Any:
            genuine = self.client.register_script(text)

            async def call(**kwargs: Any) -> Any:
                self.calls += 1
                if self.away:
                    raise ConnectionError
                return await genuine(**kwargs)

            return call

    async def scene(store: Store) -> None:
        now = [0.0]
        flaky: Any = Flaky(store.client())
        state = SharedState(flaky, prefix="limits-test", clock=lambda: now[0])
        buckets = SharedBuckets(state, MemoryBuckets(lambda: now[0]))
        other = SharedBuckets(store.state())
        started = time.monotonic()
        await other.take(SCREEN, 28)
        assert (await buckets.take(SCREEN, 3))[0] == 3  # from its own memory
        assert (await buckets.take(SCREEN, 3))[0] == 3
        assert flaky.calls == 1  # not asked at every call
        now[0], flaky.away = AGAIN + 0.1, False
        # What the others have taken is gone.
        count, _wait = await buckets.take(SCREEN, 28)
        assert count <= refilled(time.monotonic() - started)
        assert flaky.calls == 2

    play(scene)


HAMMER = """
import asyncio, json, sys, time
from botapp.limits import limiters
from botapp.transport.buckets import SCREEN

async def main(url, bot, first, seconds):
    outbound, inbound = limiters(int(bot), url)
    passed = []

    async def one(chat):
        await outbound.acquire(chat, SCREEN)
        passed.append(time.time())

    await outbound.buckets.closed(1)  # connected before the race
    print("ready", flush=True)
    sys.stdin.readline()
    tasks = [asyncio.create_task(one(int(first) + n)) for n in range(200)]
    await asyncio.sleep(float(seconds))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    free = [await inbound.delay(7) for _ in range(20)]
    print(json.dumps({"passed": passed, "free": free.count(0.0)}))
    await outbound.shutdown()

asyncio.run(main(*sys.argv[1:]))
"""


def test_real_processes_keep_the_rate_together(redis_url: str) -> None:
    bot, seconds = int(time.time() * 1000), 3.0
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _django(HAMMER), redis_url, str(bot), str(n * 1000), "3"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(settings.BASE_DIR),
        )
        for n in (1, 2)
    ]
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    answers = [json.loads(one.communicate(timeout=60)[0]) for one in processes]
    passed = sorted(moment for answer in answers for moment in answer["passed"])
    permitted = OVERALL.burst + OVERALL.per_second * (passed[-1] - passed[0])
    assert 0.8 * permitted <= len(passed) <= permitted + 2
    # Never more than Telegram lets through in any second after the burst.
    for start, moment in zip(passed, passed[60:], strict=False):
        assert moment - start > 0.8  # a slow machine tells some of them late
    assert 10 <= sum(answer["free"] for answer in answers) <= 10 + 3 * seconds


def _django(program: str) -> str:
    return "import django; django.setup()\n" + program
