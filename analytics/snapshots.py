"""One look at the database for all parts of an answer, and the roll-ups as they stand in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, Sum

from analytics import counting
from analytics.counting import KINDS, Key, Sums
from analytics.filters import Filters
from analytics.marks import marked_receipts
from analytics.models import Cell, RollupState
from analytics.periods import Period, next_month
from workshop.lib import clock

Wanted = Mapping[str, Sequence[Any]]
"""Column of a key → the values that are counted; a column left out takes all."""


Days = tuple[date, date]


def wanted_works(filters: Filters) -> Wanted:
    """The filters as columns of the roll-ups of works."""
    return _given(employee=filters.employees, type=filters.types)


def wanted_items(filters: Filters) -> Wanted:
    """The filters as columns of the roll-ups of items of returns."""
    return _given(responsible=filters.employees, affects=filters.types)


def _given(**columns: Sequence[int]) -> Wanted:
    return {name: values for name, values in columns.items() if values}


@dataclass(frozen=True)
class Parts:
    """Where an answer comes from: days of roll-ups [from, to), and moments [from, to) of facts."""

    rolled: Days | None
    facts: tuple[datetime, datetime] | None


class Snapshot:
    """The roll-ups, and what the receipts with a mark change in them; both read once."""

    @cached_property
    def complete(self) -> bool:
        """Whether roll-ups may be asked at all: not before the first walk is over."""
        return RollupState.objects.filter(pk=RollupState.ONLY, complete=True).exists()

    @cached_property
    def marked(self) -> frozenset[int]:
        """Receipts of which the roll-ups may be outdated."""
        return frozenset(marked_receipts())

    @cached_property
    def changes(self) -> dict[str, Sums]:
        """What the marked receipts come to now − what the roll-ups hold of them."""
        receipts = sorted(self.marked)
        if not receipts:
            return {}
        new, old = counting.counted(receipts), counting.stored(receipts)
        return counting.difference(new.values(), old.values())

    def parts(self, asked: Period, filters: Filters) -> Parts:
        """What of the period comes from roll-ups, and what is counted from the facts."""
        if filters.needs_watches or not self.complete:
            return Parts(None, (asked.start, asked.end))
        if asked.cut is None:
            return Parts((asked.first, asked.after), None)
        day = clock.local(asked.cut).date()
        return Parts((asked.first, day), (clock.day_start(day), asked.cut))

    def sums(
        self,
        kind: str,
        days: Days,
        *,
        by: Sequence[str],
        wanted: Wanted | None = None,
        months: bool = True,
    ) -> Sums:
        """Sums of the days [from, to) by some columns of the key, the day among them or not.

        Without ``months`` the day is the very day, else whole months stand under their first.
        """
        table, wanted = KINDS[kind], wanted or {}
        rows = (
            table.rows.filter(
                _covering(*days) if months and table.months else _each_day(*days),
                **{f"{name}__in": values for name, values in wanted.items()},
            )
            .order_by()
            .values_list(*by)
            .annotate(*(Sum(name) for name in table.values))
        )
        total: dict[Key, list[int]] = {}
        for row in rows:
            total[tuple(row[: len(by)])] = list(row[len(by) :])
        for key, values in self._changes_of(kind, days, by, wanted):
            into = total.setdefault(key, [0] * len(values))
            into[:] = [one + other for one, other in zip(into, values, strict=True)]
        return {key: tuple(values) for key, values in total.items() if any(values)}

    def _changes_of(
        self, kind: str, days: Days, by: Sequence[str], wanted: Wanted
    ) -> Iterator[tuple[Key, tuple[int, ...]]]:
        first, after = (day.toordinal() for day in days)
        names = ("day", *KINDS[kind].keys)
        for key, values in self.changes.get(kind, {}).items():
            if not first <= key[0] < after:
                continue
            columns = dict(zip(names, key, strict=True))
            columns["day"] = date.fromordinal(key[0])
            if all(columns[name] in chosen for name, chosen in wanted.items()):
                yield tuple(columns[name] for name in by), values

    def straddling(self, days: Days, *, wanted: Wanted) -> int:
        """Repeated returns of these days whose last one lies before them."""
        first, after = days
        rows = KINDS["repeats"].rows.filter(
            grain=Cell.Grain.DAY,
            day__gte=first,
            day__lt=after,
            before__lt=first,
            **{f"{name}__in": values for name, values in wanted.items()},
        )
        total: int = rows.aggregate(total=Sum("cases"))["total"] or 0
        for (before,), (cases,) in self._changes_of("repeats", days, ("before",), wanted):
            total += cases if before < first.toordinal() else 0
        return total


def _covering(first: date, after: date) -> Q:
    """Whole months as months, the rest as days."""
    begin = first if first.day == 1 else next_month(first)
    end = after.replace(day=1)
    if begin >= end:
        return _each_day(first, after)
    whole = Q(grain=Cell.Grain.MONTH, day__gte=begin, day__lt=end)
    for part in ((first, begin), (end, after)):
        if part[0] < part[1]:
            whole |= _each_day(*part)
    return whole


def _each_day(first: date, after: date) -> Q:
    return Q(grain=Cell.Grain.DAY, day__gte=first, day__lt=after)


_open: ContextVar[Snapshot | None] = ContextVar("analytics_snapshot", default=None)


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """Everything read inside is of one moment; inside another one it is that one.

    Inside of a transaction that is open already its own isolation holds: a service that decides by
    numbers sees what is committed when it asks.
    """
    outer = _open.get()
    if outer is not None:
        yield outer
        return
    with _reading():
        here = Snapshot()
        token = _open.set(here)
        try:
            yield here
        finally:
            _open.reset(token)


@contextmanager
def _reading() -> Iterator[None]:
    if connection.in_atomic_block:
        yield
        return
    with _deferred(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def _deferred() -> Iterator[None]:
    """SQLite: IMMEDIATE would take the one place of a writer; WAL gives a reader its own view."""
    if connection.vendor != "sqlite":
        yield
        return
    sqlite: Any = connection
    sqlite.ensure_connection()
    before, sqlite.transaction_mode = sqlite.transaction_mode, "DEFERRED"
    try:
        yield
    finally:
        sqlite.transaction_mode = before
