"""What went on in a period, hour by hour or day by day, and how the workshop stands now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from django.db.models import Count, QuerySet
from django.db.models.functions import Trunc

from analytics.facts import works
from analytics.filters import EVERYTHING, Filters
from analytics.periods import DAY, Period
from analytics.receipt_facts import cohorts
from analytics.receipt_facts.reading import known
from receipts.models import Receipt, ReturnCase
from receipts.states import URGENT_LIST
from workshop.lib import clock

HOUR: Final = timedelta(hours=1)
LONGEST: Final = 31
"""Days: the facts of longer periods are not counted one by one here."""

MOMENTS: Final = {"received": "received_at", "ready": "ready_at", "issued": "issued_at"}


@dataclass(frozen=True)
class Point:
    """Receipts received, ready and issued, works done and returns registered in [start, end)."""

    start: datetime
    end: datetime
    received: int
    ready: int
    issued: int
    works: int
    returns: int


def activity(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> list[Point]:
    """The hours of a single day, the days of a longer period; nothing is left out.

    Receipts count where they stand for the last time (as in the flow), works without a person's
    rework of his own work (as in the output), returns by their date. An hour is a real one: a night
    when the clocks change has 23 or 25. Seven queries, nine more for receipts that changed a moment
    ago. Raises RuleViolation ``analytics.watches_only``; ValueError beyond 31 days.
    """
    if asked.days > LONGEST:
        raise ValueError(f"{asked.days} days are too many to count one by one")
    starts = list(_starts(asked))
    found = known(asked, at=at, filters=filters)
    kind = "hour" if asked.days == 1 else "day"
    columns: dict[str, Counter[datetime]] = {}
    for name, moment in MOMENTS.items():
        cohort = cohorts.happened(asked, moment)
        live = (getattr(one, moment) for one in found.chosen(cohort.live))
        columns[name] = _counted(found.facts().filter(cohort.stored), moment, kind, live)
    watch = {"receipt__watch__brand": filters.brand} if filters.brand else {}
    if filters.metal is not None:
        watch["receipt__watch__metal"] = filters.metal  # type: ignore[assignment]
    done = works(asked.start, asked.end).filter(**watch)
    columns["works"] = _counted(done, "performed_at", kind)
    back = ReturnCase.objects.filter(
        voided_at__isnull=True, returned_at__gte=asked.start, returned_at__lt=asked.end, **watch
    )
    columns["returns"] = _counted(back, "returned_at", kind)
    return [
        Point(start, end, **{name: counts[start] for name, counts in columns.items()})
        for start, end in pairwise(starts)
    ]


def _starts(asked: Period) -> Iterator[datetime]:
    """Where each hour or day begins, in UTC, and where the last one ends."""
    if asked.days > 1:
        yield from (
            clock.day_start(asked.first + DAY * number).astimezone(UTC)
            for number in range(asked.days + 1)
        )
        return
    moment, end = asked.start.astimezone(UTC), asked.end.astimezone(UTC)
    while moment <= end:
        yield moment
        moment += HOUR


def _counted(
    rows: QuerySet[Any], moment: str, kind: str, live: Iterable[datetime] = ()
) -> Counter[datetime]:
    """Start of the hour or day, in UTC → rows."""
    zone = clock.zone()
    found: Counter[datetime] = Counter()
    cut = Trunc(moment, kind, tzinfo=zone)
    for start, number in rows.order_by().values_list(cut).annotate(Count("pk")):
        found[start.astimezone(UTC)] += number
    floor = _FLOORS[kind]
    for one in live:
        found[floor(one)] += 1
    return found


def _hour(moment: datetime) -> datetime:
    local = clock.local(moment)
    return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def _day(moment: datetime) -> datetime:
    return clock.day_start(clock.local(moment).date()).astimezone(UTC)


_FLOORS: Final[dict[str, Callable[[datetime], datetime]]] = {"hour": _hour, "day": _day}


def due_today(at: datetime) -> QuerySet[Receipt]:
    """Receipts still to be finished whose deadline falls into the workshop's day of ``at``."""
    today = clock.local(at).date()
    rows: QuerySet[Receipt] = Receipt.objects.valid()
    return rows.filter(
        status__in=URGENT_LIST,
        deadline__gte=clock.day_start(today),
        deadline__lt=clock.day_start(today + DAY),
    )
