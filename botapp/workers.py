"""The workers: claim chats, handle their updates in order, answer. Chats run side by side."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.db import Error as DatabaseError
from django.db import transaction

from botapp import counting, failures, inbox, reply, step, sweep
from botapp.inbound_limit import InboundLimiter
from botapp.journal import Journal
from botapp.models import InboundUpdate
from botapp.step import Limit, Outcome
from botapp.transport.port import Door, Incoming
from workshop.lib.threads import DatabaseLost, DatabaseThreads

CHATS: Final = 64  # side by side
IDLE: Final = 1.0  # seconds between looks for what other processes left
GATHER: Final = 0.003  # seconds in which chats that end together share one round
RENEW_EVERY: Final = inbox.LEASE / 3
SWEEP_EVERY: Final = timedelta(seconds=5)
TICK: Final = 0.1  # seconds: screens whose chats are free at about the same time are drawn together
LOST_WAIT: Final = 1.0  # seconds between tries while the database is away

logger = logging.getLogger(__name__)


@dataclass
class Turn:
    """A chat that is ours: its rows, and what came of them."""

    chat_id: int
    token: str
    rows: Sequence[InboundUpdate] = ()
    dialog_id: int = 0  # of the sweep: no rows, only a drawing
    shown: list[reply.Shown] = field(default_factory=list)


class Workers:
    """``run`` until ``stop``; ``wake`` when new updates have been stored."""

    def __init__(
        self,
        door: Door,
        threads: DatabaseThreads,
        *,
        owner: str,
        limiter: InboundLimiter | None = None,
        journal: Journal | None = None,
        chats: int = CHATS,
    ) -> None:
        self._door, self._threads, self._owner = door, threads, owner
        self._limiter = limiter or InboundLimiter()
        self._chats = chats
        self._recorder = reply.Recorder(journal or Journal(threads), self._record_now)
        self._busy: dict[asyncio.Task[None], Turn] = {}
        self._finished: list[Turn] = []
        self._answers: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._renewed_at = self._swept_at = 0.0
        self._sweep_ticks: set[int] = set()  # when screens that wait for their chats may be shown

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """Take nothing new; what has begun is finished."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            await self._round()
            if not self._finished:
                await self._pause()
            await asyncio.sleep(GATHER)
        while self._busy:
            await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
            await self._round()
        await self._round()
        if self._answers:
            await asyncio.wait(self._answers)

    async def _pause(self) -> None:
        try:
            soon = self._next_sweep() - asyncio.get_running_loop().time()
            await asyncio.wait_for(self._wake.wait(), max(0.0, min(IDLE, soon)))
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def _round(self) -> None:
        """One thread hop for everything around the steps: record, release, renew, claim."""
        finished, self._finished = self._finished, []
        free = 0 if self._stopping.is_set() else self._chats - len(self._busy)
        now = asyncio.get_running_loop().time()
        look = free > 0 and now >= self._next_sweep()
        try:
            turns = await self._threads.run(self._housekeep, finished, free, look)
        except (DatabaseLost, DatabaseError):
            logger.exception("the database does not answer")
            self._finished = finished + self._finished
            await asyncio.sleep(LOST_WAIT)
            return
        if look:
            self._swept_at = now
            self._sweep_ticks = {tick for tick in self._sweep_ticks if tick * TICK > now}
        self._note_waiting([one for turn in finished for one in turn.shown])
        for turn in turns:
            task = asyncio.create_task(self._serve(turn))
            self._busy[task] = turn
            task.add_done_callback(self._done)

    def _next_sweep(self) -> float:
        soon = min(self._sweep_ticks) * TICK if self._sweep_ticks else math.inf
        return min(soon, self._swept_at + SWEEP_EVERY.total_seconds())

    def _note_waiting(self, shown: list[reply.Shown]) -> None:
        """Screens that their chats were too busy for: the newest is shown when the chat is free.

        They are written down already, so that their time has come when the sweep looks.
        """
        now = asyncio.get_running_loop().time()
        for one in shown:
            if one.retry is not None:
                self._sweep_ticks.add(math.ceil((now + one.retry.total_seconds()) / TICK))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._finished.append(self._busy.pop(task))
        if not task.cancelled() and task.exception() is not None:
            logger.error("a chat was left", exc_info=task.exception())
        self._wake.set()

    def _housekeep(self, finished: list[Turn], free: int, look: bool) -> list[Turn]:
        if finished:
            _let_go(finished)
        self._renew()
        if free <= 0:
            return []
        if look:
            inbox.release_gone()
        token = secrets.token_hex(16)
        claimed = inbox.claim(self._owner, token, limit=free)
        turns = [Turn(chat_id, token, rows) for chat_id, rows in inbox.rows_of_all(claimed).items()]
        return turns + (self._behind(free - len(turns)) if look else [])

    def _renew(self) -> None:
        """Decided here, not by the loop: the hop may have waited for a thread until the leases
        had run out, and the claim that follows must not take the process's own chats."""
        now = time.monotonic()
        if now - self._renewed_at < RENEW_EVERY.total_seconds():
            return
        for turn in list(self._busy.values()):
            inbox.renew([turn.chat_id], turn.token)
        self._renewed_at = now

    def _behind(self, free: int) -> list[Turn]:
        """Chats whose screen was not shown: after a 429, a cut, a kill."""
        turns = []
        for dialog in sweep.behind(limit=max(0, free)):
            token = secrets.token_hex(16)
            if inbox.take([dialog.chat_id], self._owner, token):
                turns.append(Turn(dialog.chat_id, token, dialog_id=dialog.pk))
        return turns

    # --- one chat ---------------------------------------------------------------------------

    async def _serve(self, turn: Turn) -> None:
        outcomes: list[Outcome] = []
        for row in turn.rows:
            delay, limit = await self._limit(turn, row)
            if delay and outcomes:
                # Slowed down: show what there is before waiting.
                shown = await self._deliver(outcomes)
                await self._threads.run(_record, shown)
                self._note_waiting(shown)
                outcomes = []
            await asyncio.sleep(delay)
            if self._stopping.is_set():
                break
            outcome = await self._handle(turn, row, limit)
            if outcome is None:
                break
            with step.cause_of(row):
                self._answer(outcome)
            outcomes.append(outcome)
        if turn.dialog_id:
            wanted = await self._threads.run(sweep.redraw, turn.dialog_id)
            outcomes.append(Outcome(turn.chat_id, wanted=wanted))
        turn.shown = await self._deliver(outcomes)

    async def _deliver(self, outcomes: list[Outcome]) -> list[reply.Shown]:
        if not outcomes:
            return []
        merged = reply.merge(outcomes)
        shown = await reply.deliver(self._door.transport, merged, self._recorder)
        return [shown] if shown is not None else []

    async def _record_now(self, shown: reply.Shown) -> None:
        """A new message at once; an edit may wait for the round, repeating it does no harm."""
        try:
            await self._threads.run(reply.record, shown)
        except (DatabaseLost, DatabaseError):
            logger.warning("a shown screen is written down later", exc_info=True)

    def _answer(self, outcome: Outcome) -> None:
        """Presses are answered at once, while the chat goes on."""
        if outcome.callback_id:
            task = asyncio.create_task(reply.answer(self._door.transport, outcome))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _handle(self, turn: Turn, row: InboundUpdate, limit: Limit | None) -> Outcome | None:
        """The outcome of the row; None: leave the chat for now."""
        result: list[Outcome] = []

        async def handle(incoming: Incoming) -> None:
            try:
                done = await self._threads.run(step.take_step, row, incoming, turn.token, limit)
            except (inbox.ClaimLost, DatabaseLost):
                raise
            except Exception as error:  # a bug of a screen or a service: counted, tried again
                if not await self._failed(row, error):
                    return
                done = await self._threads.run(step.give_up, row, incoming, turn.token, error)
            result.append(done)

        try:
            with step.cause_of(row):
                await self._door.process(row.raw, handle)
        except inbox.ClaimLost:
            logger.warning("another worker has taken the chat over")
        except DatabaseLost:
            logger.warning("the database was lost in a step; the step is repeated")
            await asyncio.sleep(LOST_WAIT)
        except Exception as error:  # not even understood: nobody can be told
            if await self._failed(row, error):
                counting.given_up(counting.NOT_UNDERSTOOD)
                await self._threads.run(failures.give_up, row, turn.token, error)
                return Outcome(turn.chat_id)
        return result[0] if result else None

    async def _failed(self, row: InboundUpdate, error: Exception) -> bool:
        """Count it; True when it was the last attempt."""
        with step.cause_of(row):
            logger.error("a step failed", exc_info=error, extra={"attempt": row.attempts + 1})
        return await self._threads.run(inbox.record_failure, row, error)

    async def _limit(self, turn: Turn, row: InboundUpdate) -> tuple[float, Limit | None]:
        """Seconds to wait before this input, or the verdict that it is dropped."""
        if row.person_id is None:
            return 0.0, None
        refusal = None
        if len(turn.rows) >= inbox.ROWS:
            refusal = await self._limiter.refuse(row.person_id)
        if refusal is not None:
            return 0.0, refusal
        return await self._limiter.delay(row.person_id), None


def _record(shown: list[reply.Shown]) -> None:
    for one in shown:
        reply.record(one)
        reply.record_removed(one)


def _let_go(finished: list[Turn]) -> None:
    """What was shown is written down together with the release of the chats."""
    with transaction.atomic():
        for turn in finished:
            _record(turn.shown)
        inbox.release_all([(turn.chat_id, turn.token) for turn in finished])
