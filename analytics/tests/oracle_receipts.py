"""The definitions about whole receipts once more: loops over rows and events, no SQL, no caches.

Nothing of ``analytics.receipt_facts`` is used: statuses are played back as a pile of decisions
from which the last one is taken when it is void, working time is walked day by day.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from history.models import Event
from history.registry import load
from receipts.events import DeadlineChanged, DecisionVoided, Held
from receipts.events.base import StatusEvent
from receipts.models import Operation, QualityCheck, Receipt, ReturnCase, ReturnItem
from receipts.services.calendars import current_calendar
from receipts.worktime import working_between
from workshop.lib import clock

Timeline = list[tuple[datetime, str, int | None]]  # since, status, reason of the hold


@dataclass
class Life:
    """One receipt as it stood at the moment of the question."""

    receipt: Receipt
    timeline: Timeline
    promise: datetime | None = None
    deadline: datetime | None = None
    checks: list[QualityCheck] = field(default_factory=list)
    returns: int = 0

    @property
    def refused_at(self) -> datetime | None:
        return self._end("refused")

    @property
    def ready_at(self) -> datetime | None:
        return self._end("ready")

    @property
    def issued_at(self) -> datetime | None:
        since, status, _reason = self.timeline[-1]
        return since if status == "issued" else None

    def _end(self, wanted: str) -> datetime | None:
        """Since when it is in that status, or was until it was handed out."""
        since, status, _reason = self.timeline[-1]
        if status == "issued" and len(self.timeline) > 1:
            since, status, _reason = self.timeline[-2]
        return since if status == wanted else None

    @property
    def first_check(self) -> QualityCheck | None:
        ordered = sorted(self.checks, key=lambda row: (row.decided_at, row.pk))
        return ordered[0] if ordered else None


class ReceiptOracle:
    """All lives at a moment."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.calendar = current_calendar()
        self.lives = [
            self._life(row)
            for row in Receipt.objects.all()
            if row.voided_at is None and row.received_at <= at
        ]

    def _life(self, receipt: Receipt) -> Life:
        pile: list[tuple[Event, Any]] = []
        promise = deadline = None
        for event in Event.objects.filter(stream=receipt.stream).order_by("sequence"):
            payload = load(event)
            if isinstance(payload, DecisionVoided):
                last, _decision = pile.pop()
                assert last.sequence == payload.voided_sequence
            elif isinstance(payload, StatusEvent):
                pile.append((event, payload))
            elif isinstance(payload, DeadlineChanged) and event.occurred_at <= self.at:
                promise = clock.from_iso(payload.promise)
                deadline = clock.from_iso(payload.new)
        timeline: Timeline = [(receipt.received_at, "received", None)]
        for event, payload in pile:
            if event.occurred_at <= self.at and payload.status_to != timeline[-1][1]:
                reason = int(payload.reason["id"]) if isinstance(payload, Held) else None
                timeline.append((event.occurred_at, str(payload.status_to), reason))
        checks = [
            row
            for row in QualityCheck.objects.filter(receipt=receipt)
            if row.voided_at is None and row.decided_at is not None and row.decided_at <= self.at
        ]
        returns = [
            row
            for row in ReturnCase.objects.filter(receipt=receipt)
            if row.voided_at is None and row.returned_at <= self.at
        ]
        return Life(receipt, timeline, promise, deadline, checks, len(returns))

    def worked(self, start: datetime, end: datetime) -> int:
        first, last = start.replace(microsecond=0), end.replace(microsecond=0)
        spent = working_between(first, last, self.calendar, clock.zone())
        return int(spent.total_seconds())

    def leads(self, start: datetime, end: datetime, to: str) -> dict[int, tuple[int, int]]:
        """Receipt → (seconds, working seconds) to ready, or to the hand-over of a repaired one."""
        found = {}
        for life in self.lives:
            moment = life.ready_at if to == "ready" else life.issued_at
            if moment is None or not start <= moment < end or life.refused_at is not None:
                continue
            found[life.receipt.pk] = (
                whole_seconds(life.receipt.received_at, moment),
                self.worked(life.receipt.received_at, moment),
            )
        return found

    def times(self, start: datetime, end: datetime) -> dict[tuple[str, int | None], list[int]]:
        """Status and reason → seconds of each receipt that was there before it was ready."""
        found: dict[tuple[str, int | None], list[int]] = defaultdict(list)
        for life in self.lives:
            if life.ready_at is None or not start <= life.ready_at < end:
                continue
            spent: Counter[tuple[str, int | None]] = Counter()
            for (since, status, reason), (until, *_next) in zip(
                life.timeline, life.timeline[1:], strict=False
            ):
                if until <= life.ready_at and since < until:
                    spent[status, reason] += whole_seconds(since, until)
            for key, seconds in spent.items():
                found[key].append(seconds)
        return found

    def deadlines(self, start: datetime, end: datetime, which: str) -> tuple[int, int, int]:
        """(kept, due, still to come)."""
        kept = due = ahead = 0
        for life in self.lives:
            deadline = life.promise if which == "first" else life.deadline
            if deadline is None or not start <= deadline < end or life.refused_at is not None:
                continue
            if deadline >= self.at:
                ahead += 1
                continue
            due += 1
            kept += life.ready_at is not None and life.ready_at <= deadline
        return kept, due, ahead

    def first_checks(self, start: datetime, end: datetime) -> list[Life]:
        return [
            life
            for life in self.lives
            if life.first_check is not None and start <= moment(life.first_check) < end
        ]

    def types(self, start: datetime, end: datetime) -> dict[int, tuple[int, int]]:
        """Type of work → (receipts on which the first check hit none of it, receipts)."""
        held: Counter[int] = Counter()
        whole: Counter[int] = Counter()
        for life in self.first_checks(start, end):
            check = life.first_check
            assert check is not None
            works = [
                row
                for row in Operation.objects.filter(receipt=life.receipt)
                if row.voided_at is None and row.performed_at <= moment(check)
            ]
            hit = {
                item.operation_id
                for item in ReturnItem.objects.all()
                if item.return_case.quality_check_id == check.pk
                and item.return_case.voided_at is None
            }
            for kind in {row.type_id for row in works}:
                whole[kind] += 1
                held[kind] += not any(row.pk in hit for row in works if row.type_id == kind)
        return {kind: (held[kind], whole[kind]) for kind in whole}

    def escapes(self, start: datetime, end: datetime, days: int) -> tuple[int, int]:
        """(came back under warranty, long enough with the customer)."""
        back = exposed = 0
        for life in self.lives:
            issued_at = life.issued_at
            if issued_at is None or life.refused_at or not start <= issued_at < end:
                continue
            if self.at - issued_at < timedelta(days=days):
                continue
            exposed += 1
            back += any(
                other.receipt.repeats_id == life.receipt.pk
                and other.receipt.visit_kind == "warranty"
                and timedelta() <= other.receipt.received_at - issued_at <= timedelta(days=days)
                for other in self.lives
            )
        return back, exposed

    def flow(self, start: datetime, end: datetime) -> dict[str, Counter[Any]]:
        """Name → day → receipts."""
        found: dict[str, Counter[Any]] = defaultdict(Counter)
        for life in self.lives:
            moments = {
                "received": life.receipt.received_at,
                "ready": life.ready_at,
                "issued": life.issued_at,
                "refused": life.refused_at,
            }
            for name, at in moments.items():
                if at is not None and start <= at < end:
                    found[name][clock.local(at).date()] += 1
        return found


def moment(check: QualityCheck) -> datetime:
    assert check.decided_at is not None
    return check.decided_at


def whole_seconds(start: datetime, end: datetime) -> int:
    return int((end.replace(microsecond=0) - start.replace(microsecond=0)).total_seconds())


def nearest_rank(values: list[int], percent: int) -> int | None:
    """The smallest value that so many per cent of the values do not exceed, by trying each."""
    fitting = [
        value
        for value in values
        if 100 * sum(other <= value for other in values) >= percent * len(values)
    ]
    return min(fitting, default=None)
