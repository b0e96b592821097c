"""What every polisher has now, and how long the rounds took that came back in a period."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Case, CharField, Count, F, Min, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from analytics.filters import EVERYTHING, Filters
from analytics.percentiles import MEDIAN, P90, percentile
from analytics.periods import Period
from analytics.working import WorkingTime
from polishing.models import PolishingOrder
from receipts.models import Metal
from receipts.services.calendars import current_calendar
from staff.models import Employee
from workshop.lib import clock

DONE: Final = "done"
REWORK: Final = "rework"
WITHOUT_WORK: Final = "without_work"

CASE: Final = "case"
BRACELET: Final = "bracelet"
BOTH: Final = "both"


@dataclass(frozen=True)
class Turnaround:
    """How long rounds took; the times are None when there was none."""

    count: int = 0
    median: timedelta | None = None
    p90: timedelta | None = None
    working_median: timedelta | None = None
    working_p90: timedelta | None = None


@dataclass(frozen=True)
class PolisherLoad:
    """One polisher: what is out, and what came back in the period."""

    employee_id: int
    name: str
    open: int = 0
    difficult: int = 0
    by_part: dict[str, int] = field(default_factory=dict)
    by_metal: dict[int | None, int] = field(default_factory=dict)
    oldest: datetime | None = None
    done: Turnaround = Turnaround()
    reworks: Turnaround = Turnaround()
    without_work: int = 0


@dataclass(frozen=True)
class PolishingLoad:
    """Polishers in alphabetical order, all of them together, the metals that are out by name."""

    at: datetime
    people: list[PolisherLoad]
    total: PolisherLoad
    metals: dict[int, str]


def rounds_out(filters: Filters = EVERYTHING) -> QuerySet[Any]:
    """Rounds that are at the polisher: the list behind the numbers of the present.

    ``who`` is the polisher it was sent to, ``parts`` what went out.
    """
    rows = PolishingOrder.objects.open().annotate(who=F("polisher"), parts_out=_parts())
    return _narrowed(rows, filters)


def rounds_back(asked: Period, filters: Filters = EVERYTHING) -> QuerySet[Any]:
    """Rounds taken back in the period, not void: the list behind their numbers.

    ``who`` polished, or had it without work; ``how`` tells apart: done, done as a rework after a
    return that concerns polishing, came back without work.
    """
    rows = PolishingOrder.objects.valid().filter(
        returned_at__gte=asked.start, returned_at__lt=asked.end
    )
    rows = rows.annotate(
        who=Coalesce("polished_by", "polisher"),
        how=Case(
            When(result=PolishingOrder.Result.WITHOUT_WORK, then=Value(WITHOUT_WORK)),
            When(operation__rework_of__isnull=False, then=Value(REWORK)),
            default=Value(DONE),
            output_field=CharField(),
        ),
    )
    return _narrowed(rows, filters)


def polishing_load(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> PolishingLoad:
    """Rounds out at ``at`` per polisher, and the turnaround of those taken back in the period.

    Out: count, difficult ones, by part and metal, since when the oldest is out. Taken back, by who
    polished: median and p90 of the time from sending to taking back, in calendar and in working
    time; reworks (after a return that concerns polishing) and rounds that came back without work
    apart. Void rounds are in none. Times are never negative. The metal is that of the round; the
    operation type narrows nothing, all of this is polishing. Seven queries.
    """
    out, back = out_now(filters), _taken_back(asked, filters)
    people = Employee.objects.filter(
        Q(active=True, is_polisher=True) | Q(pk__in=[*out, *(who for who, _how in back)])
    )
    if filters.employees:
        people = people.filter(pk__in=filters.employees)
    names = people.order_by("full_name", "pk").values_list("pk", "short_name")
    took = _measured(back)
    loads = [
        _load(pk, name, out.get(pk, Out()), {how: took.get((pk, how), []) for how in HOWS})
        for pk, name in names
    ]
    whole = {
        how: [one for key, some in took.items() if key[1] == how for one in some] for how in HOWS
    }
    total = _load(0, "", sum(out.values(), Out()), whole)
    metals = Metal.objects.filter(pk__in=[pk for pk in total.by_metal if pk is not None])
    return PolishingLoad(at, loads, total, dict(metals.values_list("pk", "name")))


HOWS: Final = (DONE, REWORK, WITHOUT_WORK)
Pairs = list[tuple[datetime, datetime]]
Lengths = list[tuple[timedelta, timedelta]]
"""Calendar and working time of rounds."""


@dataclass
class Out:
    """What is out at one polisher."""

    open: int = 0
    difficult: int = 0
    by_part: Counter[str] = field(default_factory=Counter)
    by_metal: Counter[int | None] = field(default_factory=Counter)
    oldest: datetime | None = None

    def __add__(self, other: Out) -> Out:
        return Out(
            self.open + other.open,
            self.difficult + other.difficult,
            self.by_part + other.by_part,
            self.by_metal + other.by_metal,
            min(filter(None, (self.oldest, other.oldest)), default=None),
        )


def out_now(filters: Filters = EVERYTHING) -> dict[int, Out]:
    """Polisher → what is out at him, in one query that knows no history."""
    rows = (
        rounds_out(filters)
        .order_by()
        .values_list("who", "parts_out", "metal", "difficult")
        .annotate(number=Count("pk"), first=Min("sent_at"))
    )
    found: dict[int, Out] = defaultdict(Out)
    for who, parts, metal, difficult, number, first in rows:
        found[who] += Out(
            number, number * difficult, Counter({parts: number}), Counter({metal: number}), first
        )
    return dict(found)


def _taken_back(asked: Period, filters: Filters) -> dict[tuple[int, str], Pairs]:
    found: dict[tuple[int, str], Pairs] = defaultdict(list)
    rows = rounds_back(asked, filters).order_by()
    for who, how, sent, returned in rows.values_list("who", "how", "sent_at", "returned_at"):
        found[who, how].append((sent, returned))
    return dict(found)


def _measured(back: dict[tuple[int, str], Pairs]) -> dict[tuple[int, str], Lengths]:
    """Each round in calendar and in working time; the calendar is laid out once for all."""
    pairs = [pair for some in back.values() for pair in some]
    if not pairs:
        return {}
    first, last = min(sent for sent, _back in pairs), max(back for _sent, back in pairs)
    ruler = WorkingTime(first, last, current_calendar(), clock.zone())
    return {
        key: [(back - sent, ruler.between(sent, back)) for sent, back in some]
        for key, some in back.items()
    }


def _load(pk: int, name: str, out: Out, took: dict[str, Lengths]) -> PolisherLoad:
    return PolisherLoad(
        pk,
        name,
        out.open,
        out.difficult,
        dict(out.by_part),
        dict(out.by_metal),
        out.oldest,
        _turnaround(took[DONE]),
        _turnaround(took[REWORK]),
        len(took[WITHOUT_WORK]),
    )


def _turnaround(took: Lengths) -> Turnaround:
    # Sorted once: asking a percentile of what is in order costs no second sorting.
    calendar = sorted(one for one, _working in took)
    working = sorted(one for _calendar, one in took)
    return Turnaround(
        len(took),
        percentile(calendar, MEDIAN),
        percentile(calendar, P90),
        percentile(working, MEDIAN),
        percentile(working, P90),
    )


def _parts() -> Case:
    return Case(
        When(case=True, bracelet=True, then=Value(BOTH)),
        When(case=True, then=Value(CASE)),
        default=Value(BRACELET),
        output_field=CharField(),
    )


def _narrowed(rows: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    if filters.employees:
        rows = rows.filter(who__in=filters.employees)
    if filters.brand:
        rows = rows.filter(receipt__watch__brand=filters.brand)
    if filters.metal is not None:
        rows = rows.filter(metal=filters.metal)
    return rows
