"""Working time between many pairs of moments: the calendar is laid out once, then looked up."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from receipts.worktime import Calendar, wall_instant

DAY = timedelta(days=1)
ZERO = timedelta()


class WorkingTime:
    """Working time of ``calendar`` between moments from ``first`` to ``last``, in O(log days) each.

    The same as ``receipts.worktime.working_between``, which walks every day between its moments.
    """

    def __init__(self, first: datetime, last: datetime, calendar: Calendar, zone: ZoneInfo) -> None:
        self._always = calendar.is_always
        self._starts: list[datetime] = []
        self._lengths: list[timedelta] = []
        self._before: list[timedelta] = []
        if not self._always:
            self._lay_out(first.astimezone(zone), last.astimezone(zone), calendar, zone)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Zero when the end is not after the start."""
        if end <= start:
            return ZERO
        if self._always:
            return end - start
        return self._worked(end) - self._worked(start)

    def back(self, at: datetime, amount: timedelta) -> datetime | None:
        """The latest moment since which ``amount`` was worked until ``at``; None: before the first.

        Who has been somewhere since a later moment cannot have spent so much working time there.
        """
        if self._always:
            return at - amount
        target = self._worked(at) - amount
        if target < ZERO or not self._starts:
            return None
        # The last span that begins with no more than the target behind it.
        place = bisect_right(self._before, target) - 1
        return self._starts[place] + (target - self._before[place])

    def _worked(self, moment: datetime) -> timedelta:
        place = bisect_right(self._starts, moment) - 1
        if place < 0:
            return ZERO
        return self._before[place] + min(moment - self._starts[place], self._lengths[place])

    def _lay_out(self, first: datetime, last: datetime, calendar: Calendar, zone: ZoneInfo) -> None:
        day, done = first.date() - DAY, ZERO
        while day <= last.date() + DAY:
            for opens, closes in calendar.intervals(day):
                # 00:00 as an end is the midnight that ends the day.
                start = wall_instant(day, opens, zone)
                end = wall_instant(day if closes > opens else day + DAY, closes, zone)
                if end > start:
                    self._starts.append(start.astimezone(UTC))
                    self._lengths.append(end - start)
                    self._before.append(done)
                    done += end - start
            day += DAY
