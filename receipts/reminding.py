"""When a deadline is reminded of, as pure arithmetic of wall clocks (spec 6.3). No database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from receipts.worktime import wall_instant
from workshop.lib import clock

DAY: Final = "deadline_day"
EVE: Final = "deadline_eve"
HOUR: Final = "deadline_hour"
OVERDUE: Final = "overdue"

MORNING: Final = time(10, 0)
EVENING: Final = time(18, 0)
BEFORE: Final = timedelta(hours=1)
AFTER: Final = timedelta(minutes=5)
CLOSE: Final = timedelta(minutes=60)

INSPECTORS_UNTIL: Final = 3  # days after the deadline on which inspectors are told
MANAGERS_FROM: Final = 2  # the day after the deadline from which managers are told too


def due_times(deadline: datetime) -> dict[str, datetime]:
    """When to remind of ``deadline``: kind → moment in UTC, whatever the present moment is.

    10:00 of the day, unless the deadline is not after it or the one-hour notice comes within
    60 minutes of it; a deadline before 10:00 gets 18:00 of the day before instead.
    """
    # In UTC: hours are counted as they pass, also in the night when the clocks are changed.
    moment = deadline.astimezone(UTC)
    day = clock.local(moment).date()
    morning = wall_instant(day, MORNING, clock.zone())
    hour = moment - BEFORE
    planned = {HOUR: hour, OVERDUE: moment + AFTER}
    if moment <= morning:
        planned[EVE] = wall_instant(day - timedelta(days=1), EVENING, clock.zone())
    elif abs(hour - morning) >= CLOSE:
        planned[DAY] = morning
    return planned


def daily_kind(day: date) -> str:
    """The kind of the daily notice of an overdue receipt: it carries its day."""
    return f"{OVERDUE}:{day.isoformat()}"


def is_overdue_kind(kind: str) -> bool:
    """The first notice after the deadline, or a daily one."""
    return kind.partition(":")[0] == OVERDUE


def day_number(kind: str, deadline: datetime) -> int:
    """How many days after the deadline's date a daily notice is; 0 for every other kind."""
    _name, _colon, day = kind.partition(":")
    return (date.fromisoformat(day) - clock.local(deadline).date()).days if day else 0


def next_daily(deadline: datetime, after: datetime) -> tuple[str, datetime]:
    """The first daily notice later than ``after``: its kind, and 10:00 of its day in UTC."""
    day = max(
        clock.local(deadline).date() + timedelta(days=1),
        clock.local(after).date(),
    )
    moment = wall_instant(day, MORNING, clock.zone())
    if moment <= after:
        day += timedelta(days=1)
        moment = wall_instant(day, MORNING, clock.zone())
    return daily_kind(day), moment


def last_daily(deadline: datetime, until: datetime) -> tuple[str, datetime] | None:
    """The latest daily notice that should have come by ``until``; None when there is none yet."""
    day = clock.local(until).date()
    if wall_instant(day, MORNING, clock.zone()) > until:
        day -= timedelta(days=1)
    if day <= clock.local(deadline).date():
        return None
    return daily_kind(day), wall_instant(day, MORNING, clock.zone())


def for_inspectors(number: int) -> bool:
    return number <= INSPECTORS_UNTIL


def for_managers(number: int) -> bool:
    return number >= MANAGERS_FROM
