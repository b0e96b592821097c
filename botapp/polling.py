"""Polling: store a batch, commit, and only then let Telegram forget it.

Telegram gives updates to one poller of a bot. Of several processes the one with the lease polls;
the others handle chats, and one of them takes over when the poller is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from django.db import Error as DatabaseError

from botapp.transport.port import AnotherCopyRuns, Arrived, Door, TransportError
from history import lease
from workshop.lib.threads import DatabaseLost, DatabaseThreads

POLL_SECONDS: Final = 20
BACKOFF: Final = (0.5, 1.0, 2.0, 5.0, 10.0)  # seconds; the last one repeats
RENEW_EVERY: Final = 5.0
STANDBY: Final = 1.0  # seconds between looks whether the poller is gone
# The call of a poller before us may still hang at Telegram and is told of as a conflict.
SETTLE: Final = POLL_SECONDS + 10.0

logger = logging.getLogger(__name__)


class Turn:
    """Whether it is this process that polls: a lease on the bot."""

    def __init__(self, threads: DatabaseThreads, bot_id: int, owner: str) -> None:
        self._threads, self._owner = threads, owner
        self._name = f"telegram-polling:{bot_id}"
        self._token: str | None = None
        self._renewed_at = 0.0
        self.since = 0.0  # of the event loop's clock

    async def hold(self, *, sure: bool = False) -> bool:
        """Take the lease or keep it; False: another process polls, or the database is away.

        A lease renewed a moment ago is trusted unless ``sure``.
        """
        now = asyncio.get_running_loop().time()
        if self._token is not None and not sure and now - self._renewed_at < RENEW_EVERY:
            return True
        try:
            held = await self._take_or_renew()
        except (DatabaseLost, DatabaseError):
            logger.warning("polling pauses: the database does not answer")
            return False
        if held:
            self._renewed_at = now
        return held

    async def _take_or_renew(self) -> bool:
        if self._token is not None:
            if await self._threads.run(lease.renew, self._name, self._token):
                return True
            logger.warning("another process polls now")
            self._token = None
        self._token = await self._threads.run(lease.acquire, self._name, self._owner)
        if self._token is None:
            return False
        self.since = asyncio.get_running_loop().time()
        return True

    async def release(self) -> None:
        """Let another process poll at once."""
        if self._token is None:
            return
        with contextlib.suppress(DatabaseLost, DatabaseError):  # then it runs out
            await self._threads.run(lease.release, self._name, self._token)
        self._token = None


class Poller:
    """``run`` until ``stop``. Raises AnotherCopyRuns and TokenRefused."""

    def __init__(
        self, door: Door, turn: Turn, keep: Callable[[list[Arrived]], Awaitable[bool]]
    ) -> None:
        """``keep`` stores a batch and answers whether it is committed."""
        self._door, self._turn, self._keep = door, turn, keep
        self._stopping = asyncio.Event()
        self._failures = 0

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        try:
            while not self._stopping.is_set():
                if await self._turn.hold():
                    await self._poll()
                else:
                    await self._wait(STANDBY)
        finally:
            await self._turn.release()

    async def _poll(self) -> None:
        """As long as it is our turn. What another process fetched comes again: it is ignored."""
        logger.info("this process polls")
        await self._collect()
        offset: int | None = None
        while not self._stopping.is_set() and await self._turn.hold():
            batch = await self._fetch(offset)
            if batch is None:
                continue
            if not batch:
                # All is confirmed. After a week without updates Telegram begins with any number,
                # maybe a lower one: an offset from before would throw those updates away.
                offset = None
            elif await self._keep(batch):
                offset = batch[-1].update_id + 1
            else:
                await self._back_off("database")

    async def _collect(self) -> None:
        """A webhook that was set once would keep the updates from the poller."""
        while not self._stopping.is_set():
            try:
                await self._door.listen("", "")
            except TransportError as error:
                await self._back_off(str(error))
            else:
                return

    async def _fetch(self, offset: int | None) -> list[Arrived] | None:
        """The next batch; None after a failure, when it is time to stop or our turn is over."""
        polling = asyncio.ensure_future(self._door.fetch(offset, POLL_SECONDS))
        stopping = asyncio.ensure_future(self._stopping.wait())
        ours = True
        while ours and not (polling.done() or stopping.done()):
            await asyncio.wait(
                {polling, stopping}, timeout=RENEW_EVERY, return_when=asyncio.FIRST_COMPLETED
            )
            ours = polling.done() or await self._turn.hold()
        stopping.cancel()
        if not polling.done():
            # Nothing is lost: what the call would have brought is not confirmed.
            polling.cancel()
            await asyncio.gather(polling, return_exceptions=True)
            return None
        return await self._brought(polling)

    async def _brought(self, polling: asyncio.Future[list[Arrived]]) -> list[Arrived] | None:
        try:
            batch = polling.result()
        except AnotherCopyRuns as error:
            await self._conflict(error)
            return None
        except TransportError as error:
            await self._back_off(str(error))
            return None
        self._failures = 0
        return batch

    async def _conflict(self, error: AnotherCopyRuns) -> None:
        """One that knows of the lease has taken it; one that does not is somebody else's copy."""
        if not await self._turn.hold(sure=True):
            return
        if asyncio.get_running_loop().time() - self._turn.since > SETTLE:
            raise error
        await self._back_off("conflict")

    async def _back_off(self, reason: str) -> None:
        wait = BACKOFF[min(self._failures, len(BACKOFF) - 1)]
        self._failures += 1
        logger.warning("polling waits", extra={"error": reason, "wait_s": wait})
        await self._wait(wait)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
