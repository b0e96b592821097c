"""The outbound limiter against a clock of its own: Telegram's rates, fairness, closed chats."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import pytest

from botapp.inbound_limit import InboundLimiter
from botapp.transport.limiter import NOTICE, PRESS, Gate, OutboundLimiter, private_gate
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


async def timed(limiter: OutboundLimiter, chat_id: int, priority: int = PRESS) -> float:
    await limiter.acquire(chat_id, priority)
    return asyncio.get_running_loop().time()


def test_all_chats_together_keep_to_thirty_a_second() -> None:
    async def scene() -> list[float]:
        limiter = OutboundLimiter()
        return await asyncio.gather(*(timed(limiter, chat) for chat in range(1, 301)))

    times = sorted(play(scene()))
    assert times[-1] == pytest.approx((300 - 28) / 29.4, abs=0.1)
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
        return [await timed(limiter, 1) for _number in range(6)]

    times = play(scene())
    assert times[1] == 0.0
    assert [round(b - a, 1) for a, b in pairwise(times[2:])] == [1.0] * 3


def test_a_group_gets_twenty_a_minute() -> None:
    async def scene() -> float:
        limiter = OutboundLimiter()
        for _number in range(19):
            await limiter.acquire(-1, NOTICE)
        with pytest.raises(RetryLater) as refused:
            await limiter.acquire(-1, NOTICE)
        return refused.value.seconds

    assert 1 < play(scene()) <= 3.1


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
        limiter.close(1, 30)
        with pytest.raises(RetryLater) as refused:
            await limiter.acquire(1, PRESS)
        assert refused.value.seconds == pytest.approx(30)
        others = await asyncio.gather(*(timed(limiter, chat) for chat in range(2, 30)))
        await asyncio.sleep(31)
        await limiter.acquire(1, PRESS)
        return others

    assert max(play(scene())) < 0.2


def test_a_notice_never_waits_in_a_busy_chat() -> None:
    async def scene() -> None:
        limiter = OutboundLimiter()
        for _number in range(3):
            await limiter.acquire(1, PRESS)
        with pytest.raises(RetryLater):
            await limiter.acquire(1, NOTICE)

    play(scene())


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
    monkeypatch.setattr("botapp.transport.limiter.KEPT_CHATS", 10)

    async def scene() -> int:
        limiter = OutboundLimiter()
        for chat in range(1, 100):
            await limiter.acquire(chat, PRESS)
            await asyncio.sleep(5)
        return len(limiter._chats)

    assert play(scene()) <= 11


def test_a_gate_is_exact_over_a_long_time() -> None:
    gate, now, passed = private_gate(), 0.0, 0
    while now < 1000:
        now += gate.delay(now)
        gate.take(now)
        passed += 1
    assert passed / 1000 == pytest.approx(0.98, abs=0.005)
    assert Gate(1, 1).delay(0) == 0


def test_people_are_slowed_down_after_a_burst_of_ten() -> None:
    limiter = InboundLimiter()
    delays = [limiter.delay(7, 0.0) for _number in range(13)]
    assert delays[:10] == [0.0] * 10
    assert delays[10:] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert limiter.delay(8, 0.0) == 0.0
    assert limiter.delay(7, 20.0) == 0.0


def test_a_flood_is_dropped_with_one_warning() -> None:
    limiter = InboundLimiter()
    for _number in range(10):
        assert limiter.refuse(7, 0.0) is None
        limiter.delay(7, 0.0)
    verdicts = [limiter.refuse(7, 0.0) for _number in range(5)]
    assert [one.warn for one in verdicts if one] == [True, False, False, False, False]
    assert limiter.refuse(7, 60.0) is None
    limiter.delay(7, 60.0)
    assert InboundLimiter(0).delay(7, 0.0) == 0.0
