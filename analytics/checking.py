"""Roll-ups against a count over the facts, month by month; nothing is repaired here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import TruncDate

from analytics import counting, facts
from analytics.counting import KINDS, Sums
from analytics.models import Cell
from analytics.periods import next_month
from analytics.snapshots import Snapshot, snapshot
from receipts.models import Operation, ReturnCase, ReturnItem
from workshop.lib import clock


@dataclass(frozen=True)
class Difference:
    """One number that is not what the facts say."""

    where: str
    rolled: object
    facts: object

    def __str__(self) -> str:
        return f"{self.where}: {self.rolled} in the roll-ups, {self.facts} by the facts"


def beginning() -> date | None:
    """The day of the first work or return, void ones included."""
    moments = [
        Operation.objects.order_by("performed_at").values_list("performed_at", flat=True).first(),
        ReturnCase.objects.order_by("returned_at").values_list("returned_at", flat=True).first(),
    ]
    days = [clock.local(moment).date() for moment in moments if moment is not None]
    return min(days, default=None)


def differences(first: date) -> Iterator[Difference]:
    """What is wrong in the month of ``first``, all of it in one look at the database.

    Three ways: what the roll-ups answer against sums over the facts; months against their days;
    what is kept of each receipt against the receipt.
    """
    first = first.replace(day=1)
    days = first, next_month(first)
    with snapshot() as shot:
        yield from _answers(shot, days)
        yield from _months(days)
        yield from _kept(shot, days)


def _answers(shot: Snapshot, days: tuple[date, date]) -> Iterator[Difference]:
    start, end = (clock.day_start(day) for day in days)
    for kind, expected in {
        "works": _works(start, end),
        "items": _items(start, end),
        "assemblers": _assemblers(start, end),
        "cases": _cases(start, end),
    }.items():
        names = ("day", *KINDS[kind].keys)
        found = shot.sums(kind, days, by=names, months=False)
        if kind == "cases":
            found = {key: (values[0],) for key, values in found.items() if values[0]}
        yield from _compare(kind, found, expected)


def _compare(kind: str, found: Sums, expected: Sums) -> Iterator[Difference]:
    for key in sorted(found.keys() | expected.keys(), key=str):
        if found.get(key) != expected.get(key):
            where = f"{kind} of {', '.join(map(str, key))}"
            yield Difference(where, found.get(key), expected.get(key))


def _day(field: str) -> TruncDate:
    return TruncDate(field, tzinfo=clock.zone())


def _works(start: datetime, end: datetime) -> Sums:
    counted = Q(own_rework=False)
    key = (_day("performed_at"), "employee", "type")
    rows = (
        facts.operations(start, end)
        .order_by()
        .values_list(*key)
        .annotate(
            number=Count("pk", filter=counted),
            own=Count("pk", filter=~counted),
            decided=Count("pk", filter=counted & Q(checked=True)),
            came_back=Count("pk", filter=counted & Q(hit=True)),
        )
    )
    hit = facts.operations(start, end).filter(Q(own_rework=False, hit=True))
    once_more = ReturnItem.objects.filter(
        return_case=OuterRef("return_case"), operation=OuterRef("operation"), pk__lt=OuterRef("pk")
    )
    returns = (
        facts.items_of_all_returns()
        .filter(
            ~Exists(once_more),
            operation__in=hit.values("pk"),
            return_case__receipt=F("operation__receipt"),
        )
        .order_by()
        .values_list(_day("operation__performed_at"), "operation__employee", "operation__type")
        .annotate(Count("pk"))
    )
    times = {tuple(row[:3]): row[3] for row in returns}
    return {tuple(row[:3]): (*row[3:], times.get(tuple(row[:3]), 0)) for row in rows}


def _items(start: datetime, end: datetime) -> Sums:
    key = ("reason", "affects", "responsible", "column")
    rows = (
        facts.items_of_returns(start, end)
        .annotate(column=facts.COLUMN)
        .order_by()
        .values_list(_day("return_case__returned_at"), *key)
        .annotate(Count("pk"))
    )
    return {
        (day, reason, kind, who or 0, column): (n,) for day, reason, kind, who, column, n in rows
    }


def _assemblers(start: datetime, end: datetime) -> Sums:
    rows = ReturnCase.objects.filter(
        voided_at__isnull=True,
        assembler__isnull=False,
        returned_at__gte=start,
        returned_at__lt=end,
    )
    counts = rows.order_by().values_list(_day("returned_at"), "assembler").annotate(Count("pk"))
    return {(day, person): (number,) for day, person, number in counts}


def _cases(start: datetime, end: datetime) -> Sums:
    """Returns by person and type, by person, by type, and all: each counted once in each."""
    found: Sums = {}
    named = Q(responsible__isnull=False)
    for columns, only in (
        ((), Q()),
        (("responsible",), named),
        (("affects",), Q()),
        (("responsible", "affects"), named),
    ):
        rows = (
            facts.items_of_returns(start, end)
            .filter(only)
            .order_by()
            .values_list(_day("return_case__returned_at"), *columns)
            .annotate(Count("return_case", distinct=True))
        )
        for day, *values, number in rows:
            key = dict(zip(columns, values, strict=True))
            found[day, key.get("responsible", 0), key.get("affects", 0)] = (number,)
    return found


def _months(days: tuple[date, date]) -> Iterator[Difference]:
    """The stored month against the sum of its stored days."""
    for name, kind in KINDS.items():
        if not kind.months:
            continue
        grains = []
        for grain in (Cell.Grain.MONTH, Cell.Grain.DAY):
            rows = kind.rows.filter(grain=grain, day__gte=days[0], day__lt=days[1])
            sums = rows.order_by().values_list(*kind.keys).annotate(*map(Sum, kind.values))
            width = len(kind.keys)
            cells: dict[Any, Any] = {tuple(row[:width]): tuple(row[width:]) for row in sums}
            grains.append({key: values for key, values in cells.items() if any(values)})
        for one in _compare(f"{name} of the month {days[0]:%m.%Y}", *grains):
            yield Difference(one.where, f"{one.rolled} as a month", f"{one.facts} as days")


def _kept(shot: Snapshot, days: tuple[date, date]) -> Iterator[Difference]:
    """Each receipt without a mark is kept as it is; the others are counted live anyway."""
    receipts = [pk for pk in counting.touching(*days) if pk not in shot.marked]
    for start in range(0, len(receipts), counting.AT_ONCE):
        part = receipts[start : start + counting.AT_ONCE]
        kept, counted = counting.stored(part), counting.counted(part)
        for pk in part:
            if kept.get(pk) != counted.get(pk):
                yield Difference(f"receipt {pk}", kept.get(pk), counted.get(pk))
