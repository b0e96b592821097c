"""How much working time a watch will still need, told from watches that were finished before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from analytics.models import ReceiptFact
from analytics.percentiles import MEDIAN, percentile
from analytics.receipt_facts.derived import Span, spans
from analytics.receipt_facts.loading import sources
from analytics.working import WorkingTime
from receipts.services.calendars import current_calendar
from receipts.states import Status
from workshop.lib import clock

ENOUGH: Final = 20
"""Of fewer finished watches nothing is estimated."""

SAMPLE: Final = 300
"""The watches that were finished last tell what is usual: work for them is bounded."""

REACH: Final = timedelta(days=180)
"""What was finished earlier does not tell how the workshop works now."""

AHEAD: Final = timedelta(days=60)
"""Working time is laid out so far; a later deadline has at least that much left."""


@dataclass(frozen=True)
class Estimate:
    """Working time. ``left`` until the deadline; half of ``cases`` needed at least ``typical``."""

    left: timedelta
    typical: timedelta
    cases: int

    @property
    def misses(self) -> bool:
        """More often than not the deadline would not be kept."""
        return self.typical > self.left

    @property
    def late(self) -> timedelta:
        return self.typical - self.left


@dataclass(frozen=True, slots=True)
class _Case:
    """A stay of a finished watch, and how long after its beginning the watch was ready."""

    stay: timedelta
    rest: timedelta


Key = tuple[str, int | None]  # status, reason of a hold


class Estimator:
    """Asks once what was finished before ``at``; then each watch costs no query.

    Cases of a status (on hold: of the reason) are the stays there of the ``SAMPLE`` receipts that
    became ready last within ``REACH``. For a watch that has been there for e, those that stayed
    at least e count, each with what it needed beyond e: the empirical distribution of the rest of
    its time, given that it has lasted so long. ``typical`` is its median. Ten queries.
    """

    def __init__(self, at: datetime) -> None:
        self._at = at
        finished = ReceiptFact.objects.filter(
            void=False, refused_at__isnull=True, ready_at__gt=at - REACH, ready_at__lte=at
        ).order_by("-ready_at", "pk")
        ready = dict(finished.values_list("pk", "ready_at")[:SAMPLE])
        loaded = sources(list(ready)) if len(ready) >= ENOUGH else []
        self._first = min((one.received_at for one in loaded), default=at - AHEAD)
        self._time = WorkingTime(
            min(self._first, at - REACH), at + AHEAD, current_calendar(), clock.zone()
        )
        self._cases: dict[Key, list[_Case]] = defaultdict(list)
        for source in loaded:
            self._add(list(spans(source.received_at, source.steps)), ready[source.id])

    def _add(self, stays: Sequence[Span], ready_at: datetime | None) -> None:
        for stay in stays:
            if ready_at is None or stay.until is None or stay.until > ready_at:
                continue
            if stay.status in {Status.READY, Status.REFUSED}:
                continue  # came back from the shelf: its owner's time
            self._cases[stay.status, stay.hold_reason].append(
                _Case(
                    self._time.between(stay.since, stay.until),
                    self._time.between(stay.since, ready_at),
                )
            )

    def of(
        self, status: str, since: datetime, deadline: datetime, hold_reason: int | None = None
    ) -> Estimate | None:
        """For a watch in ``status`` since ``since``; None where fewer than ``ENOUGH`` tell."""
        spent = self._time.between(since, self._at)
        rests = [
            case.rest - spent
            for case in self._cases.get((status, hold_reason), ())
            if case.stay >= spent
        ]
        if len(rests) < ENOUGH:
            return None
        typical = percentile(rests, MEDIAN)
        left = self._time.between(self._at, min(deadline, self._at + AHEAD))
        return Estimate(left, typical or timedelta(), len(rests))
