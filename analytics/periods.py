"""Periods of the workshop's calendar (spec 5.1): start included, end excluded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from django.utils.translation import gettext_lazy as _

from workshop.lib import clock
from workshop.lib.errors import RuleViolation

DAY = timedelta(days=1)
LONGEST_DAYS = 20 * 366
"""A custom period is at most this long: every query is bounded."""


class Kind(StrEnum):
    """What a person may ask for."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    PREVIOUS_WEEK = "previous_week"
    MONTH = "month"
    PREVIOUS_MONTH = "previous_month"
    QUARTER = "quarter"
    YEAR = "year"
    ALL = "all"
    CUSTOM = "custom"


LABELS = {
    Kind.TODAY: _("today"),
    Kind.YESTERDAY: _("yesterday"),
    Kind.WEEK: _("this week"),
    Kind.PREVIOUS_WEEK: _("previous week"),
    Kind.MONTH: _("this month"),
    Kind.PREVIOUS_MONTH: _("previous month"),
    Kind.QUARTER: _("this quarter"),
    Kind.YEAR: _("this year"),
    Kind.ALL: _("all time"),
    Kind.CUSTOM: _("from – to"),
}


@dataclass(frozen=True)
class Period:
    """Whole days of the workshop, ``first`` to the day before ``after``.

    ``cut`` ends it inside its last day: the earlier half of a comparison with a running period.
    """

    kind: Kind
    first: date
    after: date
    cut: datetime | None = None

    @property
    def start(self) -> datetime:
        return clock.day_start(self.first)

    @property
    def end(self) -> datetime:
        return self.cut or clock.day_start(self.after)

    @property
    def last(self) -> date:
        """The last day that belongs to it, as people name it."""
        return self.after - DAY

    @property
    def days(self) -> int:
        return (self.after - self.first).days

    def is_partial(self, at: datetime) -> bool:
        """Whether it still runs at ``at``."""
        return self.end > at

    @property
    def by_months(self) -> bool:
        """Whether its buckets are months."""
        return self.days > 26 * 7

    def buckets(self) -> Iterator[tuple[date, date]]:
        """Its days (up to 62), else its weeks (up to 26), else its months: [from, to)."""
        if self.days <= 62:
            starts = [self.first + DAY * number for number in range(self.days)]
        elif not self.by_months:
            monday = self.first - DAY * self.first.weekday()
            starts = [self.first]
            while (monday := monday + 7 * DAY) < self.after:
                starts.append(monday)
        else:
            starts = [self.first]
            while (month := next_month(starts[-1])) < self.after:
                starts.append(month)
        yield from pairwise([*starts, self.after])


def period(
    kind: Kind | str,
    *,
    at: datetime,
    first: date | None = None,
    last: date | None = None,
    beginning: date | None = None,
) -> Period:
    """The period that ``kind`` names at ``at``.

    A custom one needs ``first`` and ``last`` (both included); ``beginning`` is the first day that
    "all time" has. Raises RuleViolation ``analytics.unknown_period``,
    ``analytics.period_needs_dates``, ``analytics.period_reversed``, ``analytics.period_too_long``.
    """
    try:
        kind = Kind(kind)
    except ValueError:
        raise RuleViolation(
            "analytics.unknown_period", _("There is no such period."), field="period"
        ) from None
    today = clock.local(at).date()
    if kind == Kind.CUSTOM:
        return _custom(first, last)
    if kind == Kind.ALL:
        return Period(kind, min(beginning or today, today), today + DAY)
    return Period(kind, *_named(kind, today))


def _named(kind: Kind, today: date) -> tuple[date, date]:
    monday = today - DAY * today.weekday()
    month = today.replace(day=1)
    quarter = month.replace(month=month.month - (month.month - 1) % 3)
    after_quarter = next_month(next_month(next_month(quarter)))
    year = today.replace(month=1, day=1)
    return {
        Kind.TODAY: (today, today + DAY),
        Kind.YESTERDAY: (today - DAY, today),
        Kind.WEEK: (monday, monday + 7 * DAY),
        Kind.PREVIOUS_WEEK: (monday - 7 * DAY, monday),
        Kind.MONTH: (month, next_month(month)),
        Kind.PREVIOUS_MONTH: (previous_month(month), month),
        Kind.QUARTER: (quarter, after_quarter),
        Kind.YEAR: (year, year.replace(year=year.year + 1)),
    }[kind]


def _custom(first: date | None, last: date | None) -> Period:
    if first is None or last is None:
        field = "from" if first is None else "to"
        raise RuleViolation(
            "analytics.period_needs_dates", _("Enter the first and the last day."), field=field
        )
    if last < first:
        raise RuleViolation(
            "analytics.period_reversed", _("The last day lies before the first."), field="to"
        )
    if (last - first).days >= LONGEST_DAYS or last == date.max:
        raise RuleViolation(
            "analytics.period_too_long", _("The period is longer than 20 years."), field="to"
        )
    return Period(Kind.CUSTOM, first, last + DAY)


def previous(asked: Period, *, at: datetime) -> Period | None:
    """The same calendar unit before, cut at the same elapsed time; None for "all time".

    A running month of 12 days and 3 hours is compared with the first 12 days and 3 hours of the
    month before. The same wall clock, not the same number of hours: a day may have 23 or 25.
    """
    if asked.kind == Kind.ALL:
        return None
    first, after = _before(asked)
    if not asked.is_partial(at):
        return Period(asked.kind, first, after)
    now = clock.local(at)
    day = min(first + (now.date() - asked.first), after - DAY)
    cut = datetime.combine(day, now.timetz().replace(tzinfo=None), tzinfo=clock.zone())
    return Period(asked.kind, first, after, cut=min(cut, clock.day_start(after)))


def _before(asked: Period) -> tuple[date, date]:
    if asked.kind in {Kind.MONTH, Kind.PREVIOUS_MONTH}:
        return previous_month(asked.first), asked.first
    if asked.kind == Kind.QUARTER:
        back = previous_month(previous_month(previous_month(asked.first)))
        return back, asked.first
    if asked.kind == Kind.YEAR:
        return asked.first.replace(year=asked.first.year - 1), asked.first
    return asked.first - DAY * asked.days, asked.first


def next_month(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=1) + 31 * DAY).replace(day=1)


def previous_month(day: date) -> date:
    """The first day of the month before."""
    return (day.replace(day=1) - DAY).replace(day=1)
