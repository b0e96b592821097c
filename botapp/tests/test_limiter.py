"""The outbound limiter against a clock of its own: Telegram's rates, fairness, closed chats."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import pytest

from botapp.inbound_limit import InboundLimiter
from botapp.transport.buckets import (
    FILE,
    GROUP,
    NOTICE,
    OVERALL,
    PRIVATE,
    SCREEN,
    SHARE,
    Call,
    Gate,
    MemoryBuckets,
    Rate,
)
from botapp.transport.limiter import OutboundLimiter
from botapp.transport.port import RetryLater


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time jumps to the next timer instead of passing."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0

    def time(self) -> float:
        return getattr(self, "_virtual", 0.0)

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._virtual = max(self._virtual, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def play(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


async def timed(limiter: OutboundLimiter, chat_id: int, call: Call = SCREEN) -> float:
    await limiter.acquire(chat_id, call)
    return asyncio.get_running_loop().time()


def test_all_chats_together_keep_to_thirty_a_second() -> None:
    async def scene() -> list[float]:
        limiter = OutboundLimiter()
        return await asyncio.gather(*(timed(limiter, chat) for chat in range(1, 301)))

    times = sorted(play(scene()))
    assert times[-1] == pytest.approx((300 - 28) / OVERALL.per_second, abs=0.1)
    for start, end in zip(times, times[31:], strict=False):
        assert end - start > 0.09  # never 31 within a moment, once the burst is used


def test_at_least_95_per_cent_of_the_permitted_rate_is_used() -> None:
    async def scene() -> float:
        limiter = OutboundLimiter()
        await asyncio.gather(*(timed(limiter, chat) for chat in range(1, 1801)))
        return asyncio.get_running_loop().time()

    assert 1800 / (30 * play(scene()) + 30) >= 0.95


def test_one_chat_gets_a_short_burst_and_then_one_a_second() -> None:
    async def scene() -> list[float]:
        limiter = OutboundLimiter()
        return [await timed(limiter, 1, FILE) for _number in range(6)]

    times = play(scene())
    assert times[1] == 0.0
    assert [round(b - a, 1) for a, b in pairwise(times[2:])] == [1.0] * 3


def test_a_group_gets_twenty_a_minute() -> None:
    async def scene() -> list[float]:
        limiter = OutboundLimiter()
        for _number in range(19):
            await limiter.acquire(-1, NOTICE)
        waits = []
        for call in (SCREEN, NOTICE):
            with pytest.raises(RetryLater) as refused:
                await limiter.acquire(-1, call)
            waits.append(refused.value.seconds)
        return waits

    assert play(scene()) == pytest.approx([0.25 / GROUP.per_second, 0.5 / GROUP.per_second])


def test_answers_to_presses_overtake_notices() -> None:
    async def scene() -> tuple[float, float]:
        limiter = OutboundLimiter()
        notices = [asyncio.ensure_future(timed(limiter, chat, NOTICE)) for chat in range(1, 201)]
        await asyncio.sleep(0)
        press = await timed(limiter, 1000)
        return press, max(await asyncio.gather(*notices))

    press, last_notice = play(scene())
    assert press < 0.1
    assert last_notice > 5


def test_a_429_closes_one_chat_and_no_other() -> None:
    async def scene() -> list[float]:
        limiter = OutboundLimiter()
        await limiter.close(1, 30)
        with pytest.raises(RetryLater) as refused:
            await limiter.acquire(1, SCREEN)
        assert refused.value.seconds == pytest.approx(30)
        others = await asyncio.gather(*(timed(limiter, chat) for chat in range(2, 30)))
        await asyncio.sleep(31)
        await limiter.acquire(1, SCREEN)
        return others

    assert max(play(scene())) < 0.2


def test_a_notice_never_waits_in_a_busy_chat() -> None:
    async def scene() -> None:
        limiter = OutboundLimiter()
        for _number in range(3):
            await limiter.acquire(1, SCREEN)
        with pytest.raises(RetryLater):
            await limiter.acquire(1, NOTICE)

    play(scene())


def test_a_turn_is_used_once_and_only_soon() -> None:
    async def scene() -> None:
        limiter = OutboundLimiter()
        await limiter.turn(1)
        await limiter.turn(1)  # it was not used yet: the same one
        await limiter.acquire(1, NOTICE)
        with pytest.raises(RetryLater):
            await limiter.acquire(1, NOTICE)
        await limiter.turn(2)
        await asyncio.sleep(1.1)
        await limiter.acquire(2, NOTICE)  # lapsed: a place of its own
        with pytest.raises(RetryLater):
            await limiter.turn(2)
        await limiter.turn(3)
        await limiter.close(3, 30)
        with pytest.raises(RetryLater):
            await limiter.acquire(3, NOTICE)

    play(scene())


def test_a_screen_does_not_wait_for_its_chat_but_a_file_does() -> None:
    async def scene() -> tuple[float, float]:
        limiter = OutboundLimiter()
        for _number in range(2):
            await limiter.acquire(1, SCREEN)
        await limiter.acquire(1, SCREEN)  # a tenth of a second
        with pytest.raises(RetryLater) as refused:
            await limiter.acquire(1, SCREEN)
        return refused.value.seconds, await timed(limiter, 1, FILE)

    wait, came = play(scene())
    assert wait == pytest.approx(1.02, abs=0.03)
    assert came == pytest.approx(1.1, abs=0.05)


def test_presses_find_a_part_of_the_bucket_that_notices_left() -> None:
    async def scene() -> list[float]:
        limiter = OutboundLimiter()
        notices = [asyncio.ensure_future(timed(limiter, chat, NOTICE)) for chat in range(1, 201)]
        await asyncio.sleep(2)
        presses = [await timed(limiter, 1000 + number) for number in range(4)]
        for one in notices:
            one.cancel()
        return presses

    assert play(scene())[-1] == 2.0


def test_a_cancelled_waiter_takes_no_turn() -> None:
    async def scene() -> float:
        limiter = OutboundLimiter()
        tasks = [asyncio.ensure_future(timed(limiter, chat)) for chat in range(1, 60)]
        await asyncio.sleep(0)
        for task in tasks[30:58]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        return float(done[-1])

    assert play(scene()) < 0.3


def test_idle_chats_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botapp.transport.buckets.KEPT_CHATS", 10)

    async def scene() -> int:
        buckets = MemoryBuckets(asyncio.get_running_loop().time)
        limiter = OutboundLimiter(buckets)
        for chat in range(1, 100):
            await limiter.acquire(chat, SCREEN)
            await asyncio.sleep(5)
        return len(buckets._chats)

    assert play(scene()) <= 11


def test_a_gate_is_exact_over_a_long_time() -> None:
    gate, now, passed = Gate(PRIVATE), 0.0, 0
    while now < 1000:
        now += gate.delay(now)
        gate.take(now)
        passed += 1
    assert passed / 1000 == pytest.approx(SHARE, abs=0.005)
    assert Gate(Rate(1, 1)).delay(0) == 0


def test_people_are_slowed_down_after_a_burst_of_ten() -> None:
    async def scene() -> None:
        now = [0.0]
        limiter = InboundLimiter(clock=lambda: now[0])
        delays = [await limiter.delay(7) for _number in range(13)]
        assert delays[:10] == [0.0] * 10
        assert delays[10:] == pytest.approx([1 / 3, 2 / 3, 1.0])
        assert await limiter.delay(8) == 0.0
        now[0] = 20.0
        assert await limiter.delay(7) == 0.0

    play(scene())


def test_a_flood_is_dropped_with_one_warning() -> None:
    async def scene() -> None:
        now = [0.0]
        limiter = InboundLimiter(clock=lambda: now[0])
        for _number in range(10):
            assert await limiter.refuse(7) is None
            await limiter.delay(7)
        verdicts = [await limiter.refuse(7) for _number in range(5)]
        assert [one.warn for one in verdicts if one] == [True, False, False, False, False]
        now[0] = 60.0
        assert await limiter.refuse(7) is None
        await limiter.delay(7)
        assert await InboundLimiter(0).delay(7) == 0.0

    play(scene())
