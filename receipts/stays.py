"""How long a watch has been where it is, in working time, and how long it may be (spec 1.4).

A stay has a place (the code of a service limit), a beginning and a clock. A hold stops all clocks;
a part at the polisher stops those of a watch that nobody has; a test run stops that of quality
control. Reads only; everything is asked for all receipts at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from history.models import Event
from history.registry import load
from receipts.events.base import StatusEvent
from receipts.events.quality import TestRunCancelled, TestRunStarted
from receipts.events.status import STATUS_KINDS, DecisionVoided, Held, Resumed
from receipts.models import Assignment, DetachedPart, Hold, QualityCheck, Receipt, ServiceLimit
from receipts.services.calendars import current_calendar
from receipts.states import Status
from receipts.worktime import Calendar, working_between, working_day_length
from workshop.lib import clock
from workshop.lib.one_look import once

HAND_OUT: Final = "hand_out"
MASTER: Final = "master"
NOT_ACCEPTED: Final = "not_accepted"
POLISHER: Final = "polisher"
QC: Final = "qc"
RETURNED: Final = "returned"
NOT_COLLECTED: Final = "not_collected"

_BY_STATUS: Final = {
    Status.RECEIVED: HAND_OUT,
    Status.QUALITY_CONTROL: QC,
    Status.RETURNED: RETURNED,
    Status.READY: NOT_COLLECTED,
}
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Stay:
    """A watch at a place: since when, how long by its clock, and how long it may."""

    receipt: Receipt
    limit: ServiceLimit
    since: datetime
    spent: timedelta
    allowed: timedelta
    unit: timedelta  # the length of a day as this limit counts them
    who: str = ""

    @property
    def is_over(self) -> bool:
        return self.spent > self.allowed


@dataclass
class _Facts:
    """What is known of the receipts in question, by receipt."""

    assignments: dict[int, Assignment] = field(default_factory=dict)
    parts: dict[int, list[DetachedPart]] = field(default_factory=lambda: defaultdict(list))
    holds: dict[int, list[Hold]] = field(default_factory=lambda: defaultdict(list))
    runs: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    resumed: dict[int, datetime] = field(default_factory=dict)


@once
def active_limits() -> Mapping[str, ServiceLimit]:
    """The service limits that count, by code."""
    return {row.code: row for row in ServiceLimit.objects.active()}


def stays(receipts: QuerySet[Receipt], at: datetime) -> list[Stay]:
    """Every stay of these receipts whose clock runs at ``at``."""
    rows = list(receipts.exclude(status__in=(Status.ON_HOLD, Status.ISSUED)))
    limits = active_limits()
    facts = _facts(rows, at)
    ruler = Ruler(current_calendar())
    return [
        stay
        for receipt in rows
        for code, since, pauses, who in _clocks(receipt, facts, at)
        if code in limits
        for stay in [ruler.measure(receipt, limits[code], since, at, pauses, who)]
    ]


def over(receipts: QuerySet[Receipt], at: datetime) -> list[Stay]:
    """Only those that are over their limit."""
    return [stay for stay in stays(receipts, at) if stay.is_over]


class Ruler:
    """Measures in the workshop's working time."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.day = working_day_length(calendar)

    def measure(
        self,
        receipt: Receipt,
        limit: ServiceLimit,
        since: datetime,
        at: datetime,
        pauses: Sequence[Span],
        who: str,
    ) -> Stay:
        amount = limit.amount
        if receipt.urgent and limit.urgent_amount is not None:
            amount = limit.urgent_amount
        if limit.unit == ServiceLimit.Unit.CALENDAR_DAYS:
            unit = timedelta(days=1)
            return Stay(receipt, limit, since, at - since, unit * float(amount), unit, who)
        spent = self.worked(since, at)
        for start, end in _merged(pauses, since, at):
            spent -= self.worked(start, end)
        return Stay(receipt, limit, since, spent, self.day * float(amount), self.day, who)

    def worked(self, start: datetime, end: datetime) -> timedelta:
        return working_between(start, end, self.calendar, clock.zone())


def _clocks(
    receipt: Receipt, facts: _Facts, at: datetime
) -> Iterator[tuple[str, datetime, list[Span], str]]:
    """(limit, since, pauses, at whom) of every clock that runs for this receipt."""
    held = [(row.started_at, row.ended_at or at) for row in facts.holds[receipt.pk]]
    away = [part for part in facts.parts[receipt.pk] if part.until is None]
    for (_holder, since), part in {(one.holder_id, one.since): one for one in away}.items():
        yield POLISHER, since, held, part.holder.short_name
    assignment = facts.assignments.get(receipt.pk)
    since = facts.resumed.get(receipt.pk, receipt.status_since)
    status = Status(receipt.status)
    if status == Status.IN_WORK:
        handed = assignment.assigned_at if assignment else since
        who = assignment.master.short_name if assignment else ""
        yield MASTER, handed, held, who
        if assignment and assignment.accepted_at is None and settings.WORKSHOP_SELF_SERVICE:
            yield NOT_ACCEPTED, handed, held, who
    elif status in _BY_STATUS:
        if assignment is None:
            if away and status != Status.READY:
                return  # it waits for the polisher, whose clock runs
            held = [*held, *((p.since, p.until or at) for p in facts.parts[receipt.pk])]
        if status == Status.QUALITY_CONTROL:
            held = [*held, *facts.runs[receipt.pk]]
            if any(start <= at < end for start, end in facts.runs[receipt.pk]):
                return
        yield _BY_STATUS[status], since, held, ""


def _facts(receipts: Collection[Receipt], at: datetime) -> _Facts:
    ids = [row.pk for row in receipts]
    found = _Facts()
    open_ = Assignment.objects.valid().filter(receipt__in=ids, ended_at__isnull=True)
    found.assignments = {row.receipt_id: row for row in open_.select_related("master")}
    for part in DetachedPart.objects.filter(receipt__in=ids).select_related("holder"):
        found.parts[part.receipt_id].append(part)
    for hold in Hold.objects.valid().filter(receipt__in=ids):
        found.holds[hold.receipt_id].append(hold)
    found.runs = _test_runs(ids)
    continued = [
        row
        for row in receipts
        if any(hold.ended_at == row.status_since for hold in found.holds[row.pk])
    ]
    found.resumed = _since_before_the_hold(continued)
    return found


def _test_runs(ids: Collection[int]) -> dict[int, list[Span]]:
    """When the watches at quality control ran on test: begun, until; a cancelled run ends there."""
    checks = QualityCheck.objects.valid().filter(
        receipt__in=ids, decision__isnull=True, test_run_until__isnull=False
    )
    streams = {f"receipt:{pk}": pk for pk in checks.values_list("receipt_id", flat=True)}
    events = Event.objects.filter(
        stream__in=streams, kind__in=(TestRunStarted.kind, TestRunCancelled.kind)
    )
    found: dict[int, list[Span]] = defaultdict(list)
    for event in events.order_by("stream", "sequence"):
        runs, payload = found[streams[event.stream]], load(event)
        if isinstance(payload, TestRunStarted):
            until = clock.from_iso(payload.until) or event.occurred_at
            runs.append((event.occurred_at, until))
        elif runs:
            start, end = runs.pop()
            runs.append((start, min(end, event.occurred_at)))
    return found


def _since_before_the_hold(receipts: Collection[Receipt]) -> dict[int, datetime]:
    """A hold only interrupts: the stay began when the status before it did."""
    streams = {row.stream: row.pk for row in receipts}
    events = Event.objects.filter(stream__in=streams, kind__in=STATUS_KINDS)
    since = {row.stream: row.received_at for row in receipts}
    before: dict[str, datetime] = {}
    for event in events.order_by("stream", "sequence"):
        payload, stream = load(event), event.stream
        if isinstance(payload, Held):
            before[stream] = since[stream]
        if isinstance(payload, Resumed) and stream in before:
            since[stream] = before[stream]
        elif isinstance(payload, DecisionVoided):
            since[stream] = clock.from_iso(payload.since) or event.occurred_at
        elif isinstance(payload, StatusEvent) and payload.status_from != payload.status_to:
            since[stream] = event.occurred_at
    return {streams[name]: moment for name, moment in since.items()}


def _merged(spans: Sequence[Span], begin: datetime, end: datetime) -> list[Span]:
    """The spans inside [begin, end), overlapping ones joined: no minute is taken off twice."""
    found: list[Span] = []
    for start, stop in sorted(spans):
        first, last = max(start, begin), min(stop, end)
        if first >= last:
            continue
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
