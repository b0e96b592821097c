"""The beat: of several processes one leads and sends what is due, the others stand by.

Leadership is a lease in the database, measured by its clock. It is given up at the first doubt: a
renewal that fails, a lost connection, a pause longer than the lease. Two leaders for an instant
would do no harm either: jobs claim their slots.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import Error as DatabaseError
from django.db import close_old_connections
from django_celery_beat.models import PeriodicTask, PeriodicTasks
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from history import lease
from workshop.lib import telemetry
from workshop.lib.compiled import Columns
from workshop.lib.process import own_name

LEASE: Final = "jobs-scheduler"
HOLD: Final = timedelta(seconds=8)
RENEW_EVERY: Final = 2.0  # seconds
STAND_BY: Final = 1.0
PAUSE: Final = 1.0  # the longest sleep of the leader: it must renew in time

logger = logging.getLogger(__name__)

_last_change = Columns(
    lambda slot: PeriodicTasks.objects.filter(ident=1).values_list("last_update")[:1]
)


def leader() -> lease.Sign | None:
    """Which process leads and since when; None when nobody does."""
    sign = lease.signs(LEASE).get(LEASE)
    return sign if sign is not None and sign.alive else None


class Changes:
    """Each tick asks when the schedule was last changed: in place of the library's model."""

    @staticmethod
    def last_change() -> datetime | None:
        return next((at for (at,) in _last_change.all()), None)


class Entry(ModelEntry):
    """Writes down what the scheduler knows, and nothing that the office may change meanwhile."""

    def save(self) -> None:
        PeriodicTask.objects.filter(pk=self.model.pk).update(
            last_run_at=self.model.last_run_at, total_run_count=self.model.total_run_count
        )


class LeadingScheduler(DatabaseScheduler):
    """django-celery-beat's scheduler, silent unless it holds the lease."""

    Entry = Entry
    Changes = Changes
    _token: str | None = None
    _renewed = 0.0
    _stands_by = False
    _ends = False

    def setup_schedule(self) -> None:
        """The rows are seeded after ``migrate``; a starting beat must not overwrite them."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due, one job a call; seconds to wait before the next call.

        SystemExit, which Celery takes for an orderly end, once that was asked for.
        """
        if self._ends:
            raise SystemExit
        if not self._leads():
            return STAND_BY
        try:
            wait: float = super().tick(*args, **kwargs)
        except DatabaseError:
            logger.exception("the schedule cannot be read")
            self._step_down()
            return STAND_BY
        return min(wait, PAUSE)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Asked once more before sending: the tick may have waited long for the database."""
        if self._is_fresh():
            super().apply_entry(entry, producer=producer)
            telemetry.wakes.add()

    def sync(self) -> None:
        if self._token is None:
            self._dirty.clear()  # what another one leads is written down by that one
        super().sync()

    def close(self) -> None:
        """An orderly end hands over at once."""
        super().close()
        if self._token is not None:
            token, self._token = self._token, None
            try:
                lease.release(LEASE, token)
            except DatabaseError:
                logger.warning("the lease is left to run out: the database does not answer")

    def end(self) -> None:
        """Before the next look: safe to ask for from a signal, amid a statement of this one."""
        self._ends = True

    def _leads(self) -> bool:
        now = time.monotonic()
        try:
            close_old_connections()
            if self._token is None:
                self._token = lease.acquire(LEASE, own_name(), hold=HOLD)
                if self._token is not None:
                    self._begin(now)
                elif not self._stands_by:
                    self._stands_by = True
                    logger.info("another scheduler leads, this one stands by")
            elif now - self._renewed >= RENEW_EVERY:
                if not lease.renew(LEASE, self._token, hold=HOLD):
                    self._step_down()
                self._renewed = now
        except DatabaseError:
            logger.warning("no leadership: the database does not answer")
            self._step_down()
        return self._token is not None

    def _begin(self, now: float) -> None:
        """Read everything anew: another one has led meanwhile."""
        logger.info("this scheduler leads now")
        telemetry.leads.set(1)
        self._stands_by = False
        self._renewed = now
        self._dirty.clear()
        self._schedule, self._heap, self._initial_read = None, None, True

    def _step_down(self) -> None:
        if self._token is not None:
            logger.warning("this scheduler does not lead any more")
        self._token = None
        telemetry.leads.set(0)

    def _is_fresh(self) -> bool:
        return self._token is not None and time.monotonic() - self._renewed < HOLD.total_seconds()
