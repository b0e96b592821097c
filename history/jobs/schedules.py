"""When a job is due: slots, the moments of a schedule. Pure reckoning in the workshop's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol

from celery.schedules import crontab

from workshop.lib import clock

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FURTHEST: Final = 4 * 366 + 1  # days: a 29th of February is never further away
_ALL_HOURS: Final = 24
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Schedule(Protocol):
    """Slots are instants in UTC; a process that asks later gets the same ones."""

    def latest(self, now: datetime) -> datetime | None:
        """The newest slot at or before ``now``."""

    def after(self, moment: datetime) -> datetime | None:
        """The first slot later than ``moment``."""


@dataclass(frozen=True)
class Every:
    """Each so often, counted from the epoch, so that every machine sees the same slots."""

    period: timedelta

    def __post_init__(self) -> None:
        if self.period < timedelta(seconds=1):
            raise ValueError("a job runs once a second at most")

    def latest(self, now: datetime) -> datetime:
        return _EPOCH + (now - _EPOCH) // self.period * self.period

    def after(self, moment: datetime) -> datetime:
        return self.latest(moment) + self.period


@dataclass(frozen=True)
class Cron:
    """Times of the clock on the wall, in the fields of cron; all of them must match.

    On the day the clock is put forward a time that does not exist comes an hour later. When it is
    put back, a time comes once, except in a schedule of every hour.
    """

    minute: str = "*"
    hour: str = "*"
    day_of_week: str = "*"
    day_of_month: str = "*"
    month_of_year: str = "*"

    def __post_init__(self) -> None:
        self._sets()

    def _sets(self) -> crontab:
        return crontab(
            self.minute, self.hour, self.day_of_week, self.day_of_month, self.month_of_year
        )

    def latest(self, now: datetime) -> datetime | None:
        sets, day = self._sets(), clock.local(now).date()
        for back in range(_FURTHEST):
            found = [slot for slot in _slots_of(sets, day - timedelta(back)) if slot <= now]
            if found:
                return max(found)
        return None

    def after(self, moment: datetime) -> datetime | None:
        sets, day = self._sets(), clock.local(moment).date()
        for ahead in range(_FURTHEST):
            found = [slot for slot in _slots_of(sets, day + timedelta(ahead)) if slot > moment]
            if found:
                return min(found)
        return None


def _slots_of(sets: crontab, day: date) -> list[datetime]:
    if (
        day.isoweekday() % 7 not in sets.day_of_week
        or day.day not in sets.day_of_month
        or day.month not in sets.month_of_year
    ):
        return []
    hourly = len(sets.hour) == _ALL_HOURS
    return [
        slot
        for hour in sets.hour
        for minute in sets.minute
        for slot in _instants(datetime.combine(day, time(hour, minute)), hourly=hourly)
    ]


def _instants(wall: datetime, *, hourly: bool) -> list[datetime]:
    first, second = (
        wall.replace(tzinfo=clock.zone(), fold=fold).astimezone(UTC) for fold in (0, 1)
    )
    exists = clock.local(first).replace(tzinfo=None) == wall
    if not exists:
        return [] if hourly else [first]
    return [first, second] if hourly and second != first else [first]


def every(*, seconds: int = 0, minutes: int = 0, hours: int = 0) -> Every:
    """``every(minutes=5)``."""
    return Every(timedelta(seconds=seconds, minutes=minutes, hours=hours))


def daily(at: str) -> Cron:
    """``daily("04:00")``."""
    hour, minute = _clock(at)
    return Cron(minute, hour)


def weekly(day: str, at: str) -> Cron:
    """``weekly("mon", "09:00")``."""
    hour, minute = _clock(at)
    return Cron(minute, hour, day_of_week=day)


def monthly(day: int, at: str) -> Cron:
    """``monthly(1, "10:00")``."""
    hour, minute = _clock(at)
    return Cron(minute, hour, day_of_month=str(day))


def _clock(text: str) -> tuple[str, str]:
    moment = time.fromisoformat(text)
    return str(moment.hour), str(moment.minute)


def gap(schedule: Schedule, now: datetime) -> timedelta:
    """The time from the newest slot to the next one."""
    last = schedule.latest(now)
    following = schedule.after(now)
    return following - last if last and following else timedelta.max


def as_text(schedule: Schedule | None) -> str:
    """``every 300``, or the five fields of cron: how an event keeps a schedule."""
    if isinstance(schedule, Every):
        return f"every {int(schedule.period.total_seconds())}"
    if isinstance(schedule, Cron):
        fields = (schedule.minute, schedule.hour, schedule.day_of_month)
        return " ".join([*fields, schedule.month_of_year, schedule.day_of_week])
    return ""


def schedule_from(text: str) -> Schedule | None:
    """Inverse of :func:`as_text`; None for an empty text."""
    match text.split():
        case ["every", seconds]:
            return every(seconds=int(seconds))
        case [minute, hour, day_of_month, month_of_year, day_of_week]:
            return Cron(minute, hour, day_of_week, day_of_month, month_of_year)
    return None
