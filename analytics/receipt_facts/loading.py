"""Rows and events of receipts, read for many at once and made ready to be derived."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from analytics.facts import HIT_A_WORK
from analytics.receipt_facts.derived import Check, Derived, Promise, Source, Step, derive
from analytics.working import WorkingTime
from history.models import Event
from receipts.events import DeadlineChanged, DecisionVoided, Held
from receipts.events.status import STATUS_KINDS
from receipts.models import Operation, QualityCheck, Receipt, ReturnCase, ReturnItem
from receipts.services.calendars import current_calendar
from receipts.states import Status
from receipts.worktime import Calendar
from workshop.lib import clock

CHUNK: Final = 500
"""Receipts read at a time: memory does not grow with their number."""

Row = tuple[str, Mapping[str, Any], datetime, int]  # kind, payload, occurred at, number


def derived(
    ids: Collection[int], *, at: datetime | None = None, calendar: Calendar | None = None
) -> Iterator[Derived]:
    """The facts of these receipts as they stand (stood at ``at``), in the order of their ids.

    Those that were registered later than ``at`` are left out. Six queries for every ``CHUNK``
    receipts, and three for the calendar unless it is given.
    """
    found = sorted(set(ids))
    if not found:
        return
    measured_by = calendar or current_calendar()
    for first in range(0, len(found), CHUNK):
        loaded = sources(found[first : first + CHUNK])
        time = _working_time(loaded, measured_by)
        for source in loaded:
            if at is None or source.received_at <= at:
                yield derive(source, time.between, at)


def _working_time(loaded: Collection[Source], calendar: Calendar) -> WorkingTime:
    moments = [source.received_at for source in loaded]
    ends = [step.at for source in loaded for step in source.steps]
    second = timedelta(seconds=1)  # moments are cut to whole seconds
    return WorkingTime(
        min(moments, default=clock.now()) - second,
        max([*moments, *ends], default=clock.now()),
        calendar,
        clock.zone(),
    )


def sources(ids: Collection[int]) -> list[Source]:
    """Everything that :func:`derive` asks for; six queries."""
    receipts = list(
        Receipt.objects.filter(pk__in=ids)
        .order_by("pk")
        .values_list("pk", "received_at", "voided_at")
    )
    events = _events(ids)
    checks = _checks(ids)
    returned = _by_receipt(ReturnCase.objects.valid().filter(receipt__in=ids), "returned_at")
    works = _by_receipt(
        Operation.objects.valid().filter(receipt__in=ids), "type_id", "performed_at"
    )
    return [
        Source(
            id=pk,
            received_at=received_at,
            void=voided_at is not None,
            steps=list(_steps(events[pk])),
            promises=list(_promises(events[pk])),
            checks=checks[pk],
            returned=[moment for (moment,) in returned[pk]],
            works=works[pk],
        )
        for pk, received_at, voided_at in receipts
    ]


def _by_receipt(rows: Any, *columns: str) -> defaultdict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for pk, *values in rows.order_by().values_list("receipt_id", *columns):
        found[pk].append(tuple(values))
    return found


def _events(ids: Collection[int]) -> defaultdict[int, list[Row]]:
    streams = {f"receipt:{pk}": pk for pk in ids}
    rows = (
        Event.objects.filter(stream__in=list(streams), kind__in=(*STATUS_KINDS, _DEADLINE))
        .order_by("stream", "sequence")
        .values_list("stream", "kind", "payload", "occurred_at", "sequence")
    )
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for stream, kind, payload, occurred_at, sequence in rows:
        found[streams[stream]].append((kind, payload, occurred_at, sequence))
    return found


_DEADLINE: Final = DeadlineChanged.kind


def _steps(events: Iterable[Row]) -> Iterator[Step]:
    """Standing decisions: neither those that were taken back nor what took them back."""
    rows = [row for row in events if row[0] != _DEADLINE]
    gone = {row[1]["voided_sequence"] for row in rows if row[0] == DecisionVoided.kind}
    reason = None
    for kind, payload, occurred_at, sequence in rows:
        if kind == DecisionVoided.kind or sequence in gone:
            continue
        status = payload["status_to"]
        if kind == Held.kind:
            reason = int(payload["reason"]["id"])
        # A declined hand-over brings the hold before it back, which knows its reason.
        yield Step(occurred_at, status, reason if status == Status.ON_HOLD else None)


def _promises(events: Iterable[Row]) -> Iterator[Promise]:
    for kind, payload, occurred_at, _sequence in events:
        if kind == _DEADLINE:
            deadline, first = payload["new"], payload["promise"]
            yield Promise(occurred_at, clock.from_iso(deadline), clock.from_iso(first))


def _checks(ids: Collection[int]) -> defaultdict[int, list[Check]]:
    hit: defaultdict[int, set[int]] = defaultdict(set)
    items = ReturnItem.objects.filter(
        HIT_A_WORK, return_case__receipt__in=ids, return_case__voided_at__isnull=True
    )
    for check, kind in items.order_by().values_list(
        "return_case__quality_check_id", "operation__type_id"
    ):
        hit[check].add(kind)
    rows = (
        QualityCheck.objects.valid()
        .filter(receipt__in=ids, decision__isnull=False)
        .order_by("decided_at", "pk")
        .values_list("receipt_id", "pk", "decided_at", "decision")
    )
    found: defaultdict[int, list[Check]] = defaultdict(list)
    for receipt, pk, decided_at, decision in rows:
        passed = decision == QualityCheck.Decision.PASSED
        found[receipt].append(Check(pk, decided_at, passed, frozenset(hit[pk])))
    return found
