"""The loop that sends notices: under a lease, many at once, the limiter sets the pace."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from django.db import Error as DatabaseError

from botapp import delivery, reply
from botapp.threads import DatabaseLost, DatabaseThreads
from botapp.transport.port import Transport
from history import lease
from history.nudge import on_new_events
from history.relay import relay_outbox

LEASE_NAME: Final = "telegram-delivery"
RENEW_EVERY: Final = 5.0  # seconds
IDLE: Final = 1.0
BUSY: Final = 0.1
IN_FLIGHT: Final = 200
LOST_WAIT: Final = 2.0

logger = logging.getLogger(__name__)


class Deliverer:
    """``run`` until ``stop``. Without the lease it waits: another process delivers."""

    def __init__(self, transport: Transport, threads: DatabaseThreads, *, owner: str) -> None:
        self._transport, self._threads, self._owner = transport, threads, owner
        self._lease: str | None = None
        self._renewed_at = 0.0
        self._sending: set[asyncio.Task[None]] = set()
        self._results: list[delivery.Result] = []
        self._events = False
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        on_new_events(self._nudged)

    def _nudged(self) -> None:
        """After a commit of this process, in its thread: the relay need not wait for the sweep."""
        self._events = True
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._round()
            except (DatabaseLost, DatabaseError):
                logger.exception("delivery waits for the database")
                await asyncio.sleep(LOST_WAIT)
            await self._pause(BUSY if self._sending or self._results else IDLE)
        if self._sending:
            await asyncio.wait(self._sending)
        await self._record()
        if self._lease is not None:
            await self._threads.run(lease.release, LEASE_NAME, self._lease)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def _round(self) -> None:
        if self._events:
            self._events = False
            await self._threads.run(relay_outbox)
        await self._record()
        free = IN_FLIGHT - len(self._sending)
        if free <= 0 or not await self._hold():
            return
        limit = min(free, delivery.BATCH)
        for ready in await self._threads.run(delivery.claim, delivery.new_token(), limit=limit):
            task = asyncio.create_task(self._send(ready))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _hold(self) -> bool:
        """Take or keep the lease."""
        now = self._loop.time()
        if self._lease is None:
            self._lease = await self._threads.run(lease.acquire, LEASE_NAME, self._owner)
            self._renewed_at = now
        elif now - self._renewed_at >= RENEW_EVERY:
            if not await self._threads.run(lease.renew, LEASE_NAME, self._lease):
                logger.warning("another process delivers now")
                self._lease = None
            self._renewed_at = now
        return self._lease is not None

    async def _send(self, ready: delivery.Ready) -> None:
        self._results.append(await delivery.send(self._transport, ready))
        # Written down at once: what a kill leaves unrecorded is sent a second time.
        self._wake.set()

    async def _record(self) -> None:
        if not self._results:
            return
        results, self._results = self._results, []
        try:
            replaced = await self._threads.run(delivery.record, results)
        except (DatabaseLost, DatabaseError):
            self._results = results + self._results
            raise
        for chat_id, message_id in replaced:
            await reply.tidy(self._transport, chat_id, [message_id])
