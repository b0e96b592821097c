"""Telegram's permitted rates as token buckets, in the memory of one process.

30 messages a second overall, one a second in a private chat with short bursts, 20 a minute in a
group (core.telegram.org/bots/faq#my-bot-is-hitting-limits). We stay 1.5 % and a part of a message
below, so that the jitter of the network does not make a 429 out of an exact schedule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from botapp.transport.port import RetryLater

SHARE: Final = 0.985
KEPT_CHATS: Final = 5_000


@dataclass(frozen=True)
class Call:
    """What a call is for: how it stands to others and how long it would wait for its chat."""

    name: str
    patience: float  # seconds
    notice: bool = False


# A screen does not wait: while its chat is busy newer ones may replace it, and the sweep shows the
# newest when the chat is free. Files are not drawn again, so they wait. Notices come again as rows.
SCREEN: Final = Call("screen", 0.25)
FILE: Final = Call("file", 30.0)
NOTICE: Final = Call("notice", 0.0, notice=True)


@dataclass(frozen=True)
class Rate:
    """A token bucket: so many a second, so many at once; notices leave ``kept`` of them.

    However little is kept, a press may pass earlier than a notice, so it always comes first.
    """

    per_second: float
    burst: float
    kept: float = 0.0

    def kept_for(self, call: Call) -> float:
        return self.kept if call.notice else 0.0


PRIVATE: Final = Rate(1 * SHARE, burst=2.9, kept=1)
GROUP: Final = Rate(20 / 60 * SHARE, burst=19.75, kept=0.25)
OVERALL: Final = Rate(30 * SHARE, burst=28, kept=5)


def rate_of(chat_id: int) -> Rate:
    return GROUP if chat_id < 0 else PRIVATE


class Buckets(Protocol):
    """The buckets of all chats and of all chats together."""

    async def reserve(self, chat_id: int, call: Call) -> float:
        """Take the chat's next place; seconds until it comes. RetryLater: it is too far away."""

    async def take(self, call: Call, wanted: int) -> tuple[int, float]:
        """Up to ``wanted`` of all chats' tokens: how many, and seconds until the next one."""

    async def close(self, chat_id: int, seconds: float) -> None:
        """Nothing goes to this chat for so long: the messenger asked for it."""

    async def closed(self, chat_id: int) -> float:
        """For how many seconds the chat is closed still."""

    async def shutdown(self) -> None: ...


@dataclass
class Gate:
    """A token bucket kept as one number: the time at which it would be full again."""

    rate: Rate
    full_at: float = 0.0

    def delay(self, now: float, kept: float = 0.0) -> float:
        """Seconds until the next one may pass."""
        level_needed = (self.rate.burst - 1 - kept) / self.rate.per_second
        return max(0.0, self.full_at - level_needed - now)

    def free(self, now: float, kept: float = 0.0) -> int:
        """How many may pass at once."""
        used = max(0.0, self.full_at - now) * self.rate.per_second
        return max(0, math.floor(self.rate.burst - used - kept + 1e-9))

    def take(self, now: float, count: int = 1) -> None:
        self.full_at = max(self.full_at, now) + count / self.rate.per_second


@dataclass
class _Chat:
    gate: Gate
    closed_until: float = 0.0


class MemoryBuckets:
    """For one process; the ``clock`` is monotonic."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._now = clock
        self._chats: dict[int, _Chat] = {}
        self._overall = Gate(OVERALL)

    async def reserve(self, chat_id: int, call: Call) -> float:
        return self.reserve_now(chat_id, call)

    def reserve_now(self, chat_id: int, call: Call) -> float:
        chat, now = self._chat(chat_id), self._now()
        if chat.closed_until > now:
            raise RetryLater(chat.closed_until - now)
        delay = chat.gate.delay(now, chat.gate.rate.kept_for(call))
        if delay > call.patience:
            raise RetryLater(delay)
        chat.gate.take(now)
        return delay

    async def take(self, call: Call, wanted: int) -> tuple[int, float]:
        return self.take_now(call, wanted)

    def take_now(self, call: Call, wanted: int) -> tuple[int, float]:
        count, _wait = self.look(call, wanted)
        self.note(count)
        return count, self.look(call, wanted)[1]

    def look(self, call: Call, wanted: int) -> tuple[int, float]:
        """What :meth:`take` would answer, without taking."""
        now, kept = self._now(), OVERALL.kept_for(call)
        free = min(wanted, self._overall.free(now, kept))
        return free, self._overall.delay(now, kept)

    def note(self, count: int) -> None:
        """So many were granted to this process."""
        self._overall.take(self._now(), count)

    async def close(self, chat_id: int, seconds: float) -> None:
        chat = self._chat(chat_id)
        chat.closed_until = max(chat.closed_until, self._now() + seconds)

    async def closed(self, chat_id: int) -> float:
        return max(0.0, self._chat(chat_id).closed_until - self._now())

    async def shutdown(self) -> None:
        """Nothing to give back."""

    def _chat(self, chat_id: int) -> _Chat:
        chat = self._chats.get(chat_id)
        if chat is None:
            if len(self._chats) >= KEPT_CHATS:
                self._forget_idle()
            chat = self._chats[chat_id] = _Chat(Gate(rate_of(chat_id)))
        return chat

    def _forget_idle(self) -> None:
        now = self._now()
        self._chats = {
            chat_id: chat
            for chat_id, chat in self._chats.items()
            if chat.gate.full_at > now or chat.closed_until > now
        }
