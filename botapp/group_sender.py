"""The loop that keeps the cards of the work group as they should look."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from django.db import Error as DatabaseError

from botapp import delivery, group_cards
from botapp.transport.port import Transport
from workshop.lib.threads import DatabaseLost, DatabaseThreads

LOOK_EVERY: Final = 1.0  # seconds
LOST_WAIT: Final = 2.0

logger = logging.getLogger(__name__)


class GroupSender:
    """``run`` until ``stop``. Several processes share the cards: each is claimed before."""

    def __init__(self, transport: Transport, threads: DatabaseThreads) -> None:
        self._transport, self._threads = transport, threads
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._round()
            except (DatabaseLost, DatabaseError):
                logger.exception("the cards of the group wait for the database")
                await asyncio.sleep(LOST_WAIT)
            await self._pause()

    async def _round(self) -> None:
        """One after another: they go to the same chat, and each is written down at once."""
        while not self._stopping.is_set():
            token = delivery.new_token()
            claimed = await self._threads.run(group_cards.claim, token, limit=1)
            if not claimed:
                return
            result = await group_cards.send(self._transport, claimed[0])
            await self._threads.run(group_cards.record, result)

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY)
        except TimeoutError:
            return
