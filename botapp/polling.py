"""Polling: store a batch, commit, and only then let Telegram forget it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from botapp.transport.port import Arrived, Door, TransportError

POLL_SECONDS: Final = 20
BACKOFF: Final = (0.5, 1.0, 2.0, 5.0, 10.0)  # seconds; the last one repeats

logger = logging.getLogger(__name__)


class Poller:
    """``run`` until ``stop``. Raises AnotherCopyRuns and TokenRefused."""

    def __init__(self, door: Door, keep: Callable[[list[Arrived]], Awaitable[bool]]) -> None:
        """``keep`` stores a batch and answers whether it is committed."""
        self._door, self._keep = door, keep
        self._stopping = asyncio.Event()
        self._failures = 0

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        offset: int | None = None
        while not self._stopping.is_set():
            batch = await self._fetch(offset)
            if not batch:
                continue
            if await self._keep(batch):
                offset = batch[-1].update_id + 1
            else:
                await self._back_off("database")

    async def _fetch(self, offset: int | None) -> list[Arrived]:
        """The next batch; empty after a failure or when it is time to stop."""
        polling = asyncio.ensure_future(self._door.fetch(offset, POLL_SECONDS))
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({polling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not polling.done():
            # Nothing is lost: what the call would have brought is not confirmed.
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
            return []
        try:
            batch = polling.result()
        except TransportError as error:
            await self._back_off(str(error))
            return []
        self._failures = 0
        return batch

    async def _back_off(self, reason: str) -> None:
        wait = BACKOFF[min(self._failures, len(BACKOFF) - 1)]
        self._failures += 1
        logger.warning("polling waits", extra={"error": reason, "wait_s": wait})
        try:
            await asyncio.wait_for(self._stopping.wait(), wait)
        except TimeoutError:
            return
