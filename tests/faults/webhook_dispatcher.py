"""A dispatcher as a process of its own, in virtual time: ``… <file with seconds to be added>``.

The loop, the claims, the calls and the marks are the product's own; only its clock is ahead.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

IDLE = 0.1  # seconds: the virtual clock jumps


class VirtualClock:
    """Reads how far ahead it is; half a number, while it is being written, is not believed."""

    def __init__(self, place: Path) -> None:
        self._place, self._ahead = place, timedelta()

    def now(self) -> datetime:
        with suppress(OSError, ValueError):
            self._ahead = timedelta(seconds=int(self._place.read_text()))
        return datetime.now(UTC) + self._ahead


async def main() -> None:
    from integrations.webhooks.dispatch import Dispatcher
    from workshop.lib.process import own_name
    from workshop.lib.threads import DatabaseThreads

    threads = DatabaseThreads(4)
    dispatcher = Dispatcher(threads, owner=own_name(), idle=IDLE)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, dispatcher.stop)
    try:
        await dispatcher.run()
    finally:
        await threads.close()


if __name__ == "__main__":
    django.setup()
    from workshop.lib import clock

    clock.now = VirtualClock(Path(sys.argv[1])).now
    asyncio.run(main())
