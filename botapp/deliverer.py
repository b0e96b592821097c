"""The loop that sends notices: under a lease, one at a time per chat, the limiter sets the pace.

A busy or closed chat costs nothing: its rows stay where they are until it is free. As few messages
are on their way together as the permitted rate needs, because a kill leaves those in doubt.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Final

from django.db import Error as DatabaseError

from botapp import delivery, reach, reply
from botapp.journal import Journal
from botapp.transport.buckets import OVERALL
from botapp.transport.port import RetryLater, Transport
from history import lease
from history.nudge import on_new_events
from history.relay import relay_outbox
from workshop.lib import telemetry
from workshop.lib.threads import DatabaseLost, DatabaseThreads

LEASE_NAME: Final = "telegram-delivery"
HOLD: Final = delivery.LEASE
RENEW_EVERY: Final = 4.0  # seconds
IDLE: Final = 1.0
WELCOME_EVERY: Final = 2.0
LOST_WAIT: Final = 2.0
AHEAD: Final = 16  # recipients that are looked up at once: who waits longest comes first again soon

WIDEST: Final = 8  # messages on their way together: what a kill may leave in doubt at most
SLOW: Final = 1.0  # seconds after which a hanging call gives its place to another one
MOST: Final = 48  # with those that hang
MARGIN: Final = timedelta(milliseconds=100)
OUTAGE: Final = 5  # failures of the network one after the other
LONGEST_PAUSE: Final = 30.0

logger = logging.getLogger(__name__)


def _outcome(result: delivery.Result) -> str:
    """In a word, for the numbers."""
    if result.message_id is not None:
        return "sent"
    if result.retry is None:
        return "unreachable" if result.unreachable else "refused"
    return "network" if result.counted else "too_many"


class Width:
    """How many messages on their way together the permitted rate needs at present."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def note(self, seconds: float) -> None:
        """One took so long from its turn until it was written down."""
        self._seconds += (min(seconds, SLOW) - self._seconds) / 8

    @property
    def places(self) -> int:
        return min(WIDEST, 1 + int(self._seconds * OVERALL.per_second * 1.25))


class Place:
    """One of the places of :class:`Width`, given back once."""

    def __init__(self, taken: set[Place]) -> None:
        self._taken = taken
        taken.add(self)

    def leave(self) -> None:
        self._taken.discard(self)


class Deliverer:
    """``run`` until ``stop``. Without the lease it waits: another process delivers."""

    def __init__(
        self, transport: Transport, threads: DatabaseThreads, journal: Journal, *, owner: str
    ) -> None:
        self._transport, self._threads, self._owner = transport, threads, owner
        self._journal = journal
        self._lease: str | None = None
        self._renewed_at = self._welcomed_at = 0.0
        self._ahead: deque[delivery.Due] = deque()
        self._looking: asyncio.Task[None] | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}  # by recipient
        self._tokens: set[str] = set()  # of what is on its way
        self._free_at: dict[str, float] = {}  # recipients whose chat is closed or busy
        self._width = Width()
        self._places: set[Place] = set()
        self._waiting: set[asyncio.Task[None]] = set()  # for their turn: nothing is claimed yet
        self._failures, self._resume_at = 0, 0.0
        self._wake, self._events = asyncio.Event(), asyncio.Event()
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        on_new_events(self._nudged)

    def _nudged(self) -> None:
        """After a commit of this process, in its thread: the relay need not wait for the sweep."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._events.set)

    def stop(self) -> None:
        """Take nothing new; what is on its way is finished."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        relaying = asyncio.create_task(self._relay())
        while not self._stopping.is_set():
            try:
                pause = await self._round()
            except (DatabaseLost, DatabaseError):
                logger.exception("delivery waits for the database")
                pause = LOST_WAIT
            await self._pause(pause)
        relaying.cancel()
        await self._finish()
        with suppress(asyncio.CancelledError):
            await relaying

    async def _finish(self) -> None:
        for task in self._waiting:
            task.cancel()
        if self._looking is not None:
            await self._looking
        if self._busy:
            await asyncio.wait(self._busy.values())
        if self._lease is not None:
            await self._threads.run(lease.release, LEASE_NAME, self._lease)

    async def _relay(self) -> None:
        """Beside the sending: a long outbox must not hold up what is to be written down."""
        while True:
            await self._events.wait()
            self._events.clear()
            try:
                await self._threads.run(relay_outbox)
            except (DatabaseLost, DatabaseError):
                logger.warning("the relay waits for its sweep: the database does not answer")
            self._wake.set()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        self._wake.clear()

    # --- what comes next ----------------------------------------------------------------------

    async def _round(self) -> float:
        """Start what may start; seconds to wait for more, unless something happens."""
        if not await self._hold():
            return IDLE
        now = self._loop.time()
        if now - self._welcomed_at >= WELCOME_EVERY:
            self._welcomed_at = now
            await self._threads.run(reach.welcome_back)
        self._look_ahead()
        while self._has_place():
            if not self._ahead:
                return self._until_free()
            one = self._ahead.popleft()
            if one.recipient not in self._out_of_question():
                place = Place(self._places)
                self._busy[one.recipient] = asyncio.create_task(self._deliver(one, place))
        return max(0.0, min(IDLE, self._resume_at - self._loop.time())) or IDLE

    def _has_place(self) -> bool:
        return (
            len(self._places) < self._width.places
            and len(self._busy) < MOST
            and self._loop.time() >= self._resume_at
            and not self._stopping.is_set()
        )

    def _look_ahead(self) -> None:
        """Before the last ones have left, so that the places do not wait for the database."""
        if len(self._ahead) <= AHEAD // 2 and self._looking is None:
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        skip = self._out_of_question().union(one.recipient for one in self._ahead)
        try:
            found = await self._threads.run(delivery.due, skip=skip, limit=AHEAD)
        except (DatabaseLost, DatabaseError):
            logger.warning("the database does not tell what is due")
            return
        finally:
            self._looking = None
        if found and self._lease is not None:
            self._ahead.extend(found)
            self._wake.set()

    def _out_of_question(self) -> set[str]:
        now = self._loop.time()
        self._free_at = {who: at for who, at in self._free_at.items() if at > now}
        return {*self._busy, *self._free_at}

    def _until_free(self) -> float:
        """Nothing else is due: until the first chat is free again."""
        now = self._loop.time()
        return min(IDLE, max(0.0, min(self._free_at.values(), default=now + IDLE) - now))

    async def _hold(self) -> bool:
        """Take or keep the lease, and the claims of what is on its way."""
        now = self._loop.time()
        if self._lease is None:
            self._lease = await self._threads.run(lease.acquire, LEASE_NAME, self._owner, hold=HOLD)
            self._renewed_at = now
        elif now - self._renewed_at >= RENEW_EVERY:
            if self._tokens:
                await self._threads.run(delivery.renew, list(self._tokens))
            if not await self._threads.run(lease.renew, LEASE_NAME, self._lease, hold=HOLD):
                logger.warning("another process delivers now")
                self._lease = None
                self._ahead.clear()
            self._renewed_at = now
        return self._lease is not None

    # --- one message --------------------------------------------------------------------------

    async def _deliver(self, one: delivery.Due, place: Place) -> None:
        """The next row of a recipient. Nothing is claimed before it may really leave."""
        try:
            await self._turn(one)
            timer = self._loop.call_later(SLOW, self._leave, place)
            await self._send(one)
            timer.cancel()
        except RetryLater as error:
            self._free_at[one.recipient] = self._loop.time() + error.seconds
        except (DatabaseLost, DatabaseError):
            logger.warning("a notice waits for the database")
            self._free_at[one.recipient] = self._loop.time() + LOST_WAIT
        finally:
            del self._busy[one.recipient]
            self._leave(place)

    def _leave(self, place: Place) -> None:
        place.leave()
        self._wake.set()

    async def _turn(self, one: delivery.Due) -> None:
        if one.chat_id is None:
            return
        task = self._busy[one.recipient]
        self._waiting.add(task)
        try:
            await self._transport.turn(one.chat_id)
        finally:
            self._waiting.discard(task)

    async def _send(self, one: delivery.Due) -> None:
        # While one place is enough, screens share it: a kill then leaves one message in doubt.
        async with self._journal.alone() if self._width.places == 1 else nullcontext():
            await self._send_now(one)

    async def _send_now(self, one: delivery.Due) -> None:
        began, token = self._loop.time(), delivery.new_token()
        self._tokens.add(token)
        try:
            ready = await self._threads.run(delivery.claim_next, token, one)
            if ready is not None:
                result = await delivery.send(self._transport, ready)
                telemetry.notices.add(_outcome(result))
                await self._record(result)
                self._width.note(self._loop.time() - began)
                self._note(one, result)
        finally:
            self._tokens.discard(token)

    def _note(self, one: delivery.Due, result: delivery.Result) -> None:
        """What it says about the chat, and about the messenger as a whole."""
        now = self._loop.time()
        if result.retry is None or not result.counted:
            self._failures = 0
        else:
            self._failures += 1
        if result.retry is not None and not result.counted:
            self._free_at[one.recipient] = now + (result.retry + MARGIN).total_seconds()
        if self._failures >= OUTAGE:
            # Not one chat but all of them: ask with one message at a time, ever more rarely.
            self._resume_at = now + min(LONGEST_PAUSE, 2.0 ** (self._failures - OUTAGE))

    async def _record(self, result: delivery.Result) -> None:
        """At once: what a kill leaves unrecorded is sent a second time."""
        while True:
            try:
                replaced = await self._threads.run(delivery.record, [result])
                break
            except (DatabaseLost, DatabaseError):
                logger.exception("a sent notice could not be written down yet")
                await asyncio.sleep(LOST_WAIT)
        for chat_id, message_id in replaced:
            await reply.tidy(self._transport, chat_id, [message_id])
