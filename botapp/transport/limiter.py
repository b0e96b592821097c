"""The outbound limiter: who waits for which bucket, and who goes first.

Answers to presses go before notices, twice over: in the queue of this process, and because
notices leave a part of every bucket untouched, which holds between processes as well.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from botapp.transport.buckets import NOTICE, Buckets, Call, MemoryBuckets
from botapp.transport.port import RetryLater

NEVER: Final = float("-inf")
TURN_HOLDS: Final = 1.0  # seconds in which a notice's turn must be used


@dataclass(order=True)
class _Waiter:
    place: tuple[bool, int]  # presses first, then by arrival
    call: Call = field(compare=False)
    turn: asyncio.Future[None] = field(compare=False)


class OutboundLimiter:
    """A chat that was closed by a 429 stops nobody else."""

    def __init__(
        self, buckets: Buckets | None = None, clock: Callable[[], float] | None = None
    ) -> None:
        self._now = clock or (lambda: asyncio.get_running_loop().time())
        self.buckets = buckets or MemoryBuckets(self._now)
        self._queue: list[_Waiter] = []
        self._numbers = itertools.count()
        self._pump: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()
        self._turns: dict[int, float] = {}

    async def acquire(self, chat_id: int, call: Call) -> None:
        """Return when the call may be made. Raises RetryLater for a chat whose turn is far."""
        if call.notice and self._use_turn(chat_id):
            return
        started = self._now()
        delay = await self.buckets.reserve(chat_id, call)
        if delay:
            await asyncio.sleep(delay)
        await self._overall_turn(call)
        if self._now() > started and (closed := await self.buckets.closed(chat_id)):
            raise RetryLater(closed)

    async def turn(self, chat_id: int) -> None:
        """Wait until a notice may be sent there; its :meth:`acquire` then returns at once."""
        now = self._now()
        if self._turns.get(chat_id, NEVER) < now:
            await self.acquire(chat_id, NOTICE)
        self._turns = {chat: until for chat, until in self._turns.items() if until >= now}
        self._turns[chat_id] = self._now() + TURN_HOLDS

    def _use_turn(self, chat_id: int) -> bool:
        return self._turns.pop(chat_id, NEVER) >= self._now()

    async def close(self, chat_id: int, seconds: float) -> None:
        """The messenger asked to leave this chat alone."""
        self._turns.pop(chat_id, None)
        await self.buckets.close(chat_id, seconds)

    async def shutdown(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump
        await self.buckets.shutdown()

    async def _overall_turn(self, call: Call) -> None:
        if not self._queue:
            count, _wait = await self.buckets.take(call, 1)
            if count:
                return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, _Waiter((call.notice, next(self._numbers)), call, turn))
        self._arrived.set()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._let_pass())
        await turn

    async def _let_pass(self) -> None:
        """As many as may, then again when the next one may, or when somebody more urgent came."""
        while head := self._head():
            self._arrived.clear()
            alike = sum(one.call.notice == head.call.notice for one in self._queue)
            count, wait = await self.buckets.take(head.call, alike)
            for _number in range(count):
                if self._head():  # it may have given up meanwhile
                    heapq.heappop(self._queue).turn.set_result(None)
            if wait and self._queue:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), wait)

    def _head(self) -> _Waiter | None:
        while self._queue and self._queue[0].turn.cancelled():
            heapq.heappop(self._queue)
        return self._queue[0] if self._queue else None
