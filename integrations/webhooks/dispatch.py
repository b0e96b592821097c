"""The loop that sends webhook messages: claims what is due, calls the receivers, writes it down.

Any number of them may run, in any processes: the claims keep them apart. A slow receiver holds at
most its own eight places; everything else goes past it. No call is made inside a transaction.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from contextlib import suppress
from typing import Final

import aiohttp
from django.db import Error as DatabaseError

from integrations.services import webhook_queue as queue
from integrations.services.webhook_results import record
from integrations.webhooks import nudge, signing
from integrations.webhooks.transport import Answer, open_session, post
from workshop.lib import clock, telemetry, tracing
from workshop.lib.correlation import HEADER, caused_by
from workshop.lib.threads import DatabaseLost, DatabaseThreads

MOST: Final = 400
"""Calls on their way together: fifty receivers that all hang still leave the others their way."""

IDLE: Final = 5.0  # seconds after which the database is asked without a nudge
SOON: Final = 0.05
LOST_WAIT: Final = 2.0
INSIST: Final = 60.0  # so long an answer waits for the database; then its claim has run out
GRACE: Final = 20.0  # for calls that have begun, when the process is to end

CHANNEL: Final = "webhook"
SECRET_LOST: Final = "secret"  # noqa: S105  # the code of an error
OWN_ERROR: Final = "internal"

logger = logging.getLogger(__name__)


class Dispatcher:
    """``run`` until ``stop``. Its process is ``owner``: killed, its claims are free at once."""

    def __init__(self, threads: DatabaseThreads, *, owner: str, idle: float = IDLE) -> None:
        self._threads, self._owner, self._idle = threads, owner, idle
        self._busy: dict[asyncio.Task[None], int] = {}  # the endpoint of each call
        self._wake, self._stopping = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._swept_at = -idle

    def nudge(self) -> None:
        """There may be something to do; from any thread."""
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._wake.set)

    def stop(self) -> None:
        """Claim nothing new; calls that have begun are finished. From any thread."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        nudge.listen(self.nudge)
        try:
            async with open_session(limit=MOST) as session:
                while not self._stopping.is_set():
                    await self._pause(await self._safe_round(session))
                await self._finish()
        finally:
            nudge.leave(self.nudge)

    async def _finish(self) -> None:
        if self._busy:
            _done, late = await asyncio.wait(self._busy, timeout=GRACE)
            for task in late:
                task.cancel()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        self._wake.clear()

    async def _safe_round(self, session: aiohttp.ClientSession) -> float:
        try:
            return await self._round(session)
        except (DatabaseLost, DatabaseError):
            logger.exception("the webhooks wait for the database")
            return LOST_WAIT

    async def _round(self, session: aiohttp.ClientSession) -> float:
        """Start what may start; seconds to wait for more, unless something happens."""
        await self._sweep()
        places = MOST - len(self._busy)
        if not places:
            return self._idle
        full = [one for one, count in Counter(self._busy.values()).items() if count >= queue.WIDTH]
        claims = await self._threads.run(queue.claim, self._owner, skip=full, most=places)
        for one in claims.found:
            task = asyncio.create_task(self._deliver(session, one))
            self._busy[task] = one.endpoint_id
            task.add_done_callback(self._ended)
        if claims.again or claims.found:
            return SOON
        return await self._until_due()

    async def _sweep(self) -> None:
        """What a killed process of this machine was sending need not wait for its claim to end."""
        now = self._loop.time()
        if now - self._swept_at >= self._idle:
            self._swept_at = now
            await self._threads.run(queue.free_lapsed)

    async def _until_due(self) -> float:
        now = clock.now()
        moment = await self._threads.run(queue.next_due, now)
        if moment is None:
            return self._idle
        return min(self._idle, max(SOON, (moment - now).total_seconds()))

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._busy[task]
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a webhook could not be handled", exc_info=error)

    # --- one message ----------------------------------------------------------------------------

    async def _deliver(self, session: aiohttp.ClientSession, one: queue.Claimed) -> None:
        about = {"webhook_id": one.endpoint_id, "delivery_id": one.pk, "kind": one.kind}
        with caused_by(one.correlation_id, channel=CHANNEL, **about), tracing.door("webhook"):
            await self._deliver_now(session, one)

    async def _deliver_now(self, session: aiohttp.ClientSession, one: queue.Claimed) -> None:
        answer = await self._call(session, one)
        telemetry.attempts.add(answer.error or f"{(answer.status or 0) // 100}xx")
        telemetry.attempt_seconds.note(answer.milliseconds / 1000)
        line = {"status": answer.status, "error": answer.error, "attempt": one.attempt}
        logger.info("webhook", extra={**line, "duration_ms": answer.milliseconds})
        until = self._loop.time() + INSIST
        while True:
            try:
                await self._threads.run(record, one, answer, random.random())  # noqa: S311  # jitter
                return
            except (DatabaseLost, DatabaseError):
                logger.exception("an answer could not be written down yet")
                if self._loop.time() > until:
                    return
                await asyncio.sleep(LOST_WAIT)

    async def _call(self, session: aiohttp.ClientSession, one: queue.Claimed) -> Answer:
        """One attempt; never raises: a bug with one message must not stop the others."""
        if not one.secrets:
            return Answer(error=SECRET_LOST)
        body = one.body.encode()
        try:
            headers = signing.headers(one.message_id, clock.now(), body, one.secrets)
            headers["Content-Type"] = "application/json"
            if one.correlation_id:
                headers[HEADER] = one.correlation_id
            return await post(session, url=one.url, body=body, headers=headers, timeout=one.timeout)
        except Exception:
            logger.exception("a webhook could not be sent")
            return Answer(error=OWN_ERROR)
