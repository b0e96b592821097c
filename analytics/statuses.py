"""Where the lead time goes: how long watches spent in each status before they were ready."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from django.db.models import F

from analytics.filters import EVERYTHING, Filters
from analytics.periods import Period
from analytics.receipt_facts import cohorts
from analytics.receipt_facts.derived import Derived, Key
from analytics.receipt_facts.reading import Known, known, within
from analytics.snapshots import snapshot
from analytics.spreads import NOTHING, Spread, spread, spreads
from receipts.models import HoldReason
from receipts.states import Status

ORDER: Final = tuple(Status.values)


@dataclass(frozen=True)
class InStatus:
    """Receipts that were in this status at all; a hold stands apart for each of its reasons.

    ``share`` is that of all the time of all receipts of the question, 0 to 1.
    """

    status: str
    hold_reason_id: int | None
    reason: str
    calendar: Spread
    working: Spread
    share: float | None


@dataclass(frozen=True)
class TimeInStatuses:
    """``whole`` is the time of all receipts to ready, which the statuses add up to.

    ``collecting``: ready → handed out, of the receipts issued in the period, by the calendar.
    """

    statuses: list[InStatus]
    whole: timedelta
    receipts: int
    collecting: Spread


@snapshot()
def statuses(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> TimeInStatuses:
    """Time in each status from received to ready, of the receipts that became ready in the period
    for the last time before ``at`` (those of the lead time).

    All stays of a receipt in a status are added up; median and 90th percentile are over the
    receipts that were there at all. A hold is counted by its reason. Time from ready to the
    hand-over is the customer's and stands apart. Refused and void receipts are in none. Nine
    queries, nine more for receipts that changed a moment ago. Raises RuleViolation
    ``analytics.watches_only``.
    """
    found = known(asked, at=at, filters=filters)
    done = cohorts.ready(asked)
    receipts = found.chosen(done.live)
    calendar = _spent(found, asked, receipts, "seconds")
    working = _spent(found, asked, receipts, "working")
    whole = sum((one.total for one in calendar.values()), timedelta())
    names = dict(
        HoldReason.objects.filter(pk__in=[reason for _s, reason in calendar if reason])
        .order_by()
        .values_list("pk", "name")
    )
    table = [
        InStatus(
            status,
            reason,
            names.get(reason, ""),
            spent,
            working.get((status, reason), NOTHING),
            spent.total / whole if whole else None,
        )
        for (status, reason), spent in calendar.items()
    ]
    table.sort(key=lambda row: (ORDER.index(row.status), row.reason, row.hold_reason_id or 0))
    number = found.facts().filter(done.stored).count() + len(receipts)
    return TimeInStatuses(table, whole, number, _collecting(found, asked))


def _spent(
    found: Known, asked: Period, receipts: Sequence[Derived], column: str
) -> dict[Key, Spread]:
    """Per status and reason of a hold; ``column`` is seconds or working."""
    live: dict[Key, list[int]] = defaultdict(list)
    for one in receipts:
        for key, length in one.times.items():
            live[key].append(getattr(length, column))
    rows = found.status_times().filter(within(asked, "fact__ready_at"))
    return cast(dict[Key, Spread], spreads(rows, column, dict(live), ("status", "hold_reason")))


def _collecting(found: Known, asked: Period) -> Spread:
    cohort = cohorts.issued(asked)
    rows = found.facts().filter(cohort.stored, ready_seconds__isnull=False)
    live = [
        one.issued.seconds - one.ready.seconds
        for one in found.chosen(cohort.live)
        if one.issued and one.ready
    ]
    waited = rows.annotate(waited=F("issued_seconds") - F("ready_seconds"))
    return spread(waited, "waited", live)
