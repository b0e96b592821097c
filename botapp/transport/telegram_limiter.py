"""Hangs our limiter into python-telegram-bot."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from botapp.transport.buckets import SCREEN, Call
from botapp.transport.limiter import OutboundLimiter

LIMITED: Final = frozenset(
    {
        "sendMessage",
        "sendPhoto",
        "sendDocument",
        "editMessageText",
        "editMessageCaption",
        "editMessageMedia",
        "editMessageReplyMarkup",
    }
)


class TelegramLimiter(BaseRateLimiter[Call]):
    """Answers to presses and deletions are not queued."""

    def __init__(self, limiter: OutboundLimiter) -> None:
        self.limiter = limiter

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        await self.limiter.shutdown()

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Call | None,
    ) -> Any:
        if endpoint not in LIMITED:
            return await callback(*args, **kwargs)
        chat_id = int(data["chat_id"])
        await self.limiter.acquire(chat_id, rate_limit_args or SCREEN)
        try:
            return await callback(*args, **kwargs)
        except RetryAfter as error:
            await self.limiter.close(chat_id, seconds_of(error))
            raise


def seconds_of(error: RetryAfter) -> float:
    """How long the messenger asked to wait."""
    wait: Any = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
