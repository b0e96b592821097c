"""The bot looks after the alerts while nobody else does: silence of the others must not be silent.

Without a worker or a schedule no job judges the numbers, and without the relay no event becomes a
notice. Then the bot does both; what it does twice has no second effect.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from django.db import Error as DatabaseError

from analytics.monitoring import checking
from analytics.monitoring.alert_events import AlertEscalated, AlertTold, AlertToldOver
from botapp import notices
from history.models import Outbox
from workshop.lib import clock
from workshop.lib.actor import system_actor
from workshop.lib.threads import DatabaseLost, DatabaseThreads

EVERY: Final = 60.0  # seconds
PATIENCE: Final = timedelta(seconds=30)
"""So long the relay has to pass an event on."""

MOST: Final = 100
KINDS: Final = (AlertTold.kind, AlertEscalated.kind, AlertToldOver.kind)

logger = logging.getLogger(__name__)


class AlertWatch:
    """``run`` until ``stop``."""

    def __init__(self, threads: DatabaseThreads, *, every: float = EVERY) -> None:
        self._threads, self._every = threads, every
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                await asyncio.wait_for(self._stopping.wait(), self._every)
            except TimeoutError:
                await self._look()

    async def _look(self) -> None:
        try:
            await self._threads.run(look)
        except (DatabaseLost, DatabaseError):
            logger.warning("alerts were not looked at: the database does not answer")
        except Exception:  # any bug of the alerts: told; people go on talking with the bot
            logger.exception("alerts were not looked at")


def look() -> None:
    """Judge the numbers if the job has stopped; turn messages of alerts into notices if the relay
    has not done it in time."""
    now = clock.now()
    if checking.is_left_alone(now):
        logger.warning("no worker judges the alerts: the bot does")
        checking.judge(actor=system_actor("runbot"), at=now)
    waiting = Outbox.objects.filter(
        done_at__isnull=True, event__kind__in=KINDS, event__recorded_at__lt=now - PATIENCE
    )
    for row in waiting.select_related("event").order_by("event_id")[:MOST]:
        notices.expand(row.event)
