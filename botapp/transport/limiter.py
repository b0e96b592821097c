"""The outbound limiter: keeps to Telegram's permitted rates by itself.

30 messages a second overall, one a second in a private chat with short bursts, 20 a minute in a
group (core.telegram.org/bots/faq#my-bot-is-hitting-limits). We stay 2 % and a part of a message
below, so that the jitter of the network does not make a 429 out of an exact schedule.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from botapp.transport.port import RetryLater

SHARE: Final = 0.98
PATIENCE: Final = 10.0  # seconds a screen waits for its chat's turn; then the sweep shows it
KEPT_CHATS: Final = 5_000

PRESS, NOTICE = 0, 1


@dataclass
class Gate:
    """A token bucket kept as one number: the time at which it would be full again."""

    rate: float  # per second
    burst: float
    full_at: float = 0.0

    def delay(self, now: float) -> float:
        """Seconds until the next one may pass."""
        return max(0.0, self.full_at - (self.burst - 1) / self.rate - now)

    def take(self, now: float) -> None:
        self.full_at = max(self.full_at, now) + 1 / self.rate


def private_gate() -> Gate:
    return Gate(rate=1 * SHARE, burst=2.9)


def group_gate() -> Gate:
    return Gate(rate=20 / 60 * SHARE, burst=19.5)


def overall_gate() -> Gate:
    return Gate(rate=30 * SHARE, burst=28)


@dataclass
class _Chat:
    gate: Gate
    closed_until: float = 0.0


@dataclass(order=True)
class _Waiter:
    priority: int
    number: int
    turn: asyncio.Future[None] = field(compare=False)


class OutboundLimiter:
    """Answers to presses go before notices; a chat that was closed by a 429 stops nobody else."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._now = clock or (lambda: asyncio.get_running_loop().time())
        self._chats: dict[int, _Chat] = {}
        self._overall = overall_gate()
        self._queue: list[_Waiter] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, chat_id: int, priority: int) -> None:
        """Return when the call may be made. Raises RetryLater for a chat whose turn is far."""
        now = self._now()
        chat = self._chat(chat_id)
        self._ensure_open(chat, now)
        delay = chat.gate.delay(now)
        # A notice does not wait here: its row comes again when the chat is free.
        if delay > (PATIENCE if priority == PRESS else 0.0):
            raise RetryLater(delay)
        chat.gate.take(now)
        if delay:
            await asyncio.sleep(delay)
        await self._overall_turn(priority)
        self._ensure_open(chat, self._now())

    def close(self, chat_id: int, seconds: float) -> None:
        """The messenger asked to leave this chat alone."""
        chat = self._chat(chat_id)
        chat.closed_until = max(chat.closed_until, self._now() + seconds)

    def _ensure_open(self, chat: _Chat, now: float) -> None:
        if chat.closed_until > now:
            raise RetryLater(chat.closed_until - now)

    def _chat(self, chat_id: int) -> _Chat:
        chat = self._chats.get(chat_id)
        if chat is None:
            if len(self._chats) >= KEPT_CHATS:
                self._forget_idle()
            gate = group_gate() if chat_id < 0 else private_gate()
            chat = self._chats[chat_id] = _Chat(gate)
        return chat

    def _forget_idle(self) -> None:
        now = self._now()
        self._chats = {
            chat_id: chat
            for chat_id, chat in self._chats.items()
            if chat.gate.full_at > now or chat.closed_until > now
        }

    async def _overall_turn(self, priority: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, _Waiter(priority, next(self._numbers), turn))
        if self._timer is None:
            self._pump()
        await turn

    def _pump(self) -> None:
        """Let as many pass as may, then come back when the next one may."""
        self._timer = None
        while self._queue:
            if self._queue[0].turn.cancelled():
                heapq.heappop(self._queue)
                continue
            now = self._now()
            delay = self._overall.delay(now)
            if delay > 0:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(delay, self._pump)
                return
            self._overall.take(now)
            heapq.heappop(self._queue).turn.set_result(None)
