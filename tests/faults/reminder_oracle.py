"""What should have been told: worked out from what people did, without the product's code.

A notice opens at the first moment at which the workshop's clock shows its time, and only in a span
of time in which the watch is still to be finished and that deadline holds. It must be told when
nothing took it back before the system had a fair chance (a fault, and 90 seconds after it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPEN_END = datetime(9999, 1, 1, tzinfo=ZoneInfo("UTC"))


@dataclass(frozen=True)
class Span:
    """From ``start`` to ``end`` the watch is to be finished by ``deadline`` (its n-th version)."""

    start: datetime
    end: datetime
    deadline: datetime
    version: int


@dataclass(frozen=True)
class Opening:
    """A notice may be told from ``at`` on. ``must``: nothing took it back in time."""

    version: int
    kind: str
    number: int  # of a daily one: days after the deadline
    at: datetime
    settled: datetime
    must: bool


def times(deadline: datetime, until: datetime, zone: ZoneInfo) -> list[tuple[str, int, datetime]]:
    """(kind, number, when) of every notice of a deadline up to ``until``, by the wall clock."""
    day = deadline.astimezone(zone).date()

    def wall(on: date, hour: int) -> datetime:
        return datetime.combine(on, time(hour), tzinfo=zone)

    found = [("hour", 0, deadline - HOUR), ("overdue", 0, deadline + 5 * MINUTE)]
    if deadline <= wall(day, 10):
        found.append(("eve", 0, wall(day - DAY, 18)))
    elif not -HOUR < deadline - HOUR - wall(day, 10) < HOUR:
        found.append(("day", 0, wall(day, 10)))
    number = 1
    while wall(day + number * DAY, 10) <= until:
        found.append(("daily", number, wall(day + number * DAY, 10)))
        number += 1
    return sorted(found, key=lambda one: one[2])


def openings(
    spans: Sequence[Span],
    shows: Callable[[datetime], datetime],
    first_showing: Callable[[datetime, datetime], datetime],
    settled: Callable[[datetime], datetime],
    until: datetime,
    zone: ZoneInfo,
) -> list[Opening]:
    """All openings of one receipt, by time. ``first_showing(t, since)``: when the clock of the
    machine shows ``t`` for the first time after ``since``.
    """
    found = []
    for span in spans:
        ahead = [one for one in times(span.deadline, until, zone) if one[2] > shows(span.start)]
        opened = [(kind, n, t, first_showing(t, span.start)) for kind, n, t in ahead]
        for place, (kind, number, _when, at) in enumerate(opened):
            if at >= min(span.end, until):
                continue
            fair = settled(at)
            later = any(other[3] <= fair for other in opened[place + 1 :])
            in_time = kind in ("overdue", "daily") or shows(fair) < span.deadline
            must = in_time and not later and fair < min(span.end, until)
            found.append(Opening(span.version, kind, number, at, fair, must))
    return sorted(found, key=lambda one: one.at)
