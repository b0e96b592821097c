"""Working time: opening hours, breaks, days off, and counting in them.

The workshop's hours are wall time; what is counted is real elapsed time, so a night when the
clocks change is as long as it really was. A boundary of an interval is the first moment at which
the wall clock shows that time or a later one of the day (see :func:`wall_instant`). Pure
functions: no models, no database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from workshop.lib.errors import RuleViolation

Interval = tuple[time, time]
"""From (included) to (excluded); an end of 00:00 is the midnight that ends the day."""
Intervals = tuple[Interval, ...]

HORIZON_DAYS = 20 * 366
"""How far ahead is searched; a calendar that is closed for so long is never open."""

_DAY = timedelta(days=1)
_WHOLE_DAY: Intervals = ((time.min, time.min),)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the workshop works.

    ``weekly`` holds the intervals per weekday (0 = Monday), a break splits an interval in two.
    ``special`` replaces a whole date (transferred or shortened day) and wins over ``days_off``.
    Raises RuleViolation ``calendar.bad_intervals`` when the intervals of a day are empty,
    unordered, overlapping or across midnight.
    """

    weekly: Mapping[int, Intervals]
    days_off: frozenset[date] = frozenset()
    special: Mapping[date, Intervals] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for intervals in (*self.weekly.values(), *self.special.values()):
            _ensure_ordered(intervals)

    @classmethod
    def always(cls) -> Calendar:
        """Round the clock: what holds while no hours were entered."""
        return cls(weekly=dict.fromkeys(range(7), _WHOLE_DAY))

    @property
    def is_always(self) -> bool:
        """True when every minute is a working one."""
        closed = self.days_off or self.special
        return not closed and all(self.weekly.get(day) == _WHOLE_DAY for day in range(7))

    def intervals(self, day: date) -> Intervals:
        """The working intervals of a date; empty on a day off."""
        if day in self.special:
            return self.special[day]
        return () if day in self.days_off else self.weekly.get(day.weekday(), ())


def wall_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant at which the clock of ``zone`` shows ``at`` on ``day``.

    A time that exists twice (clocks put back) is its first occurrence; one that never exists
    (clocks put forward) is the instant of the change.
    """
    wall = datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # In a gap both readings of the wall time are wrong, and the change lies between them.
    return _offset_change(wall.replace(fold=1).astimezone(UTC), instant, zone)


def add_working(
    at: datetime, amount: timedelta | int, calendar: Calendar, zone: ZoneInfo
) -> datetime:
    """The earliest UTC moment by which ``amount`` of working time has passed since ``at``.

    ``amount`` is a timedelta or whole minutes, not negative (ValueError). Raises RuleViolation
    ``calendar.never_open`` when the calendar does not hold that much within the horizon.
    """
    left = amount if isinstance(amount, timedelta) else timedelta(minutes=amount)
    if left < timedelta():
        raise ValueError("working time is only added")
    moment = _utc(at)
    if not left or (calendar.is_always and left < _DAY * HORIZON_DAYS):
        return moment + left
    first = moment.astimezone(zone).date()
    for opens, end in _spans(first, first + _DAY * HORIZON_DAYS, calendar, zone):
        start = max(opens, moment)
        if end - start >= left:
            return start + left
        left -= max(end - start, timedelta())
    raise _never_open()


def working_between(
    start: datetime, end: datetime, calendar: Calendar, zone: ZoneInfo
) -> timedelta:
    """Working time from ``start`` to ``end``; zero when the end is not after the start."""
    begin, finish = _utc(start), _utc(end)
    if begin >= finish:
        return timedelta()
    if calendar.is_always:
        return finish - begin
    # One day more: where clocks go back over midnight, a day has begun before the last one ended.
    first, last = begin.astimezone(zone).date(), finish.astimezone(zone).date() + _DAY
    parts = (
        min(end, finish) - max(start, begin) for start, end in _spans(first, last, calendar, zone)
    )
    return sum((part for part in parts if part > timedelta()), timedelta())


def working_day_length(calendar: Calendar) -> timedelta:
    """The length of an ordinary working day: the most frequent of the week, of equals the longest.

    Raises RuleViolation ``calendar.never_open`` when no weekday works.
    """
    lengths = Counter(
        _length(intervals) for day, intervals in calendar.weekly.items() if day in range(7)
    )
    del lengths[timedelta()]
    if not lengths:
        raise _never_open()
    return max(lengths, key=lambda length: (lengths[length], length))


def add_working_days(
    at: datetime, n: int, calendar: Calendar, zone: ZoneInfo, time: time | None = None
) -> datetime:
    """The UTC moment ``n`` working days after the date of ``at``, at the wall time ``time``.

    A working day is a date with any working interval. Without ``time`` the wall time of ``at`` is
    kept, moved into that day's hours: to the next opening, or back to closing time. ``n`` is not
    negative (ValueError); 0 means the same date, whether it works or not. Raises RuleViolation
    ``calendar.never_open`` when there are not so many working days within the horizon.
    """
    if n < 0:
        raise ValueError("working days are only added")
    local = _utc(at).astimezone(zone)
    day = _nth_working_day(local.date(), n, calendar)
    wall = _clamped(local.time(), calendar.intervals(day)) if time is None else time
    return wall_instant(day, wall, zone)


def _nth_working_day(day: date, n: int, calendar: Calendar) -> date:
    last = day + _DAY * HORIZON_DAYS
    while n:
        day += _DAY
        if day > last:
            raise _never_open()
        n -= bool(calendar.intervals(day))
    return day


def _clamped(wall: time, intervals: Intervals) -> time:
    """``wall`` moved into ``intervals``; kept when there are none."""
    for start, end in intervals:
        if wall < start:
            return start
        if wall <= end or end == time.min:
            return wall
    return intervals[-1][1] if intervals else wall


def _spans(
    first: date, last: date, calendar: Calendar, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """The working spans of the dates ``first`` to ``last`` in UTC, in order, none empty."""
    day = first
    while day <= last:
        for opens, closes in calendar.intervals(day):
            closing_day = day + _DAY if closes == time.min else day
            start = wall_instant(day, opens, zone)
            end = wall_instant(closing_day, closes, zone)
            if start < end:
                yield start, end
        day += _DAY


def _offset_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant, to the second, at which the offset of ``zone`` changes between two instants."""
    old = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return (before + timedelta(seconds=high)).replace(microsecond=0)


def _ensure_ordered(intervals: Intervals) -> None:
    edges = [_since_midnight(edge) for start, end in intervals for edge in (start, end)]
    edges[1::2] = [end or _DAY for end in edges[1::2]]
    if any(one > other for one, other in pairwise(edges)) or any(
        start == end for start, end in zip(edges[::2], edges[1::2], strict=True)
    ):
        raise RuleViolation(
            "calendar.bad_intervals",
            _("Working hours of a day must follow one another and must not overlap."),
            field="intervals",
        )


def _length(intervals: Intervals) -> timedelta:
    return sum(
        ((_since_midnight(end) or _DAY) - _since_midnight(start) for start, end in intervals),
        timedelta(),
    )


def _since_midnight(wall: time) -> timedelta:
    return datetime.combine(date.min, wall) - datetime.combine(date.min, time.min)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a naive datetime reached the working calendar")
    return moment.astimezone(UTC)


def _never_open() -> RuleViolation:
    return RuleViolation(
        "calendar.never_open",
        _("The working calendar has no working time: enter the working hours first."),
        field="calendar",
    )
