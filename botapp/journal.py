"""New screens are written down before they are sent and again when they have arrived.

A kill between the two leaves behind what may stand in the chat without our knowing its id. It
cannot be asked for, so it may come again: then the screen says so. To keep that to one message at
a kill, new screens go one at a time; edits, which can be repeated without a trace, do not wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from django.db.models.functions import Coalesce

from botapp.models import Dialog
from botapp.step import Wanted
from workshop.lib.threads import DatabaseThreads

# A slow call holds up the others no longer than this: better a second copy than silence.
PATIENCE: Final = 1.0  # seconds


class Journal:
    """Of the new messages of one process."""

    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads
        self._one = asyncio.Lock()

    @asynccontextmanager
    async def sending(self, wanted: Wanted) -> AsyncIterator[None]:
        """Around the sending of a new screen and the writing down of its id."""
        async with self.alone():
            await self._threads.run(note_sending, wanted)
            yield

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Meanwhile nobody else sends a new message, unless this one takes too long."""
        leave = await self._enter()
        try:
            yield
        finally:
            leave()

    async def _enter(self) -> Callable[[], None]:
        await self._one.acquire()
        inside = True

        def leave() -> None:
            nonlocal inside
            if inside:
                inside = False
                timer.cancel()
                self._one.release()

        timer = asyncio.get_running_loop().call_later(PATIENCE, leave)
        return leave


def note_sending(wanted: Wanted) -> None:
    """This drawing leaves as a new message; the one it replaces is removed afterwards.

    An older one whose fate is open stays noted.
    """
    Dialog.objects.filter(pk=wanted.dialog_id).update(
        sending_revision=Coalesce("sending_revision", wanted.revision),
        former_message_id=wanted.live_message_id,
    )


def note_unsent(wanted: Wanted) -> None:
    """The messenger refused it: it certainly does not stand in the chat."""
    rows = Dialog.objects.filter(pk=wanted.dialog_id, sending_revision=wanted.revision)
    rows.update(sending_revision=None)
