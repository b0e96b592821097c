"""Telegram's documented sending limits as token buckets.

About 30 messages a second overall, 1 a second in one private chat (short bursts pass), 20 a
minute in one group: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from simulator.errors import ApiError


@dataclass
class LimitNumbers:
    on: bool = True
    overall_per_second: float = 30
    chat_per_second: float = 1
    chat_burst: float = 3
    group_per_minute: float = 20


@dataclass
class _Bucket:
    tokens: float
    at: float


class Limits:
    """Raises 429 with `retry_after` (whole seconds, at least 1) when a bucket is empty."""

    def __init__(self, now: Callable[[], float], numbers: LimitNumbers | None = None) -> None:
        self._now = now
        self.numbers = numbers or LimitNumbers()
        self._buckets: dict[int, _Bucket] = {}

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some of the numbers and start with full buckets; returns all numbers.

        Raises ValueError for an unknown name or a number that is not positive.
        """
        known = asdict(self.numbers)
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown limit {name!r}; known: {', '.join(known)}")
            if name == "on":
                self.numbers.on = bool(value)
            elif not float(value) > 0:
                raise ValueError(f"{name} must be positive")
            else:
                setattr(self.numbers, name, float(value))
        self._buckets.clear()
        return asdict(self.numbers)

    def take(self, chat_id: int, messages: int = 1) -> None:
        numbers = self.numbers
        if not numbers.on:
            return
        if chat_id < 0:
            rate, burst = numbers.group_per_minute / 60, numbers.group_per_minute
        else:
            rate, burst = numbers.chat_per_second, numbers.chat_burst
        overall = numbers.overall_per_second
        wait = max(
            self._wait(chat_id, rate, burst, messages), self._wait(0, overall, overall, messages)
        )
        if wait > 0:
            raise ApiError(429, retry_after=max(1, math.ceil(wait)))
        self._buckets[chat_id].tokens -= messages
        self._buckets[0].tokens -= messages

    def _wait(self, key: int, rate: float, burst: float, messages: int) -> float:
        now = self._now()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(burst, now)
        bucket.tokens = min(burst, bucket.tokens + max(0.0, now - bucket.at) * rate)
        bucket.at = now
        # An album larger than the burst must not wait for ever: a full bucket lets it through.
        need = min(messages, burst)
        # The tiny allowance keeps a caller that waited exactly long enough from float dust.
        return max(0.0, (need - bucket.tokens - 1e-6) / rate)
