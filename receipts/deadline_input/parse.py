"""From a text to one instant: every rule of how a deadline is resolved, in one place."""

from __future__ import annotations

from calendar import monthrange
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from receipts.deadline_input.grammar import After, Day, InDays, OnDate, OnWeekday, read
from receipts.worktime import wall_instant
from workshop.lib.errors import Message, RuleViolation

NEXT_YEAR_WITHIN = timedelta(days=180)
"""A date without a year that has passed means next year only when it is as near as this."""
YEARS_AHEAD = 5

_DAY = timedelta(days=1)
_MINUTES = {"minutes": 1, "hours": 60}
_DAYS = {"days": 1, "weeks": 7}
_MONTHS = {"months": 1, "years": 12}
# Amounts are cut where they are refused anyway, so that no sum leaves the calendar.
_BEYOND_DAYS = 366 * (YEARS_AHEAD + 1)
_BEYOND_MONTHS = 12 * (YEARS_AHEAD + 1)


@dataclass(frozen=True, slots=True)
class ParsedDeadline:
    """``at`` is aware and in UTC; ``explicit_time`` is False when the default time was taken."""

    at: datetime
    explicit_time: bool


def parse_deadline(
    text: str, *, now: datetime, default_time: time, zone: ZoneInfo
) -> ParsedDeadline:
    """The moment that ``text`` names, seen from ``now`` (aware), in the wall time of ``zone``.

    Without a time ``default_time`` holds; a lone time means today; minutes and hours count
    exactly, to the full minute. A wall time that does not exist is the moment the clocks change,
    one that exists twice its first occurrence. Raises RuleViolation on the field ``deadline``:
    ``receipts.deadline_unreadable``, ``receipts.deadline_no_such_date``,
    ``receipts.deadline_needs_year``, ``receipts.deadline_in_past``, ``receipts.deadline_too_far``
    (more than :data:`YEARS_AHEAD` years).
    """
    if now.tzinfo is None:
        raise ValueError("a naive datetime reached the deadline")
    phrase = read(text)
    if phrase is None:
        raise _unreadable()
    if isinstance(phrase.day, After) and phrase.day.exact:
        at = _elapsed(phrase.day, now.astimezone(UTC), zone)
        return ParsedDeadline(at, explicit_time=True)
    at = _resolved(phrase.day or InDays(0), phrase.clock or default_time, now, zone)
    return ParsedDeadline(at, explicit_time=phrase.clock is not None)


def _elapsed(after: After, now: datetime, zone: ZoneInfo) -> datetime:
    minutes = min(after.count * _MINUTES[after.unit], _BEYOND_DAYS * 24 * 60)
    at = (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
    return _ensure_allowed(at, at.astimezone(zone).date(), now, zone)


def _resolved(day: Day, clock: time, now: datetime, zone: ZoneInfo) -> datetime:
    today = now.astimezone(zone).date()
    match day:
        case InDays():
            found = today + _DAY * day.days
        case OnWeekday():
            found = today + _DAY * ((day.weekday - today.weekday()) % 7)
            if found == today and wall_instant(today, clock, zone) <= now:
                found += _DAY * 7
        case OnDate():
            found = _nearest(day, today) if day.year is None else _existing(day, day.year)
        case _:
            found = _later(day, today)
    # Before the zone is asked: the first and the last days of all have no instant in UTC.
    if found < today:
        raise _in_past()
    if found > _last_day(today):
        raise _too_far()
    return _ensure_allowed(wall_instant(found, clock, zone), found, now, zone)


def _ensure_allowed(at: datetime, day: date, now: datetime, zone: ZoneInfo) -> datetime:
    if at <= now:
        raise _in_past()
    if day > _last_day(now.astimezone(zone).date()):
        raise _too_far()
    return at


def _existing(day: OnDate, year: int) -> date:
    found = _date_or_none(day, year)
    if found is None:
        raise _no_such_date()
    return found


def _nearest(day: OnDate, today: date) -> date:
    """The date without a year: this year's, or next year's when that one has passed and is near."""
    this, following = (_date_or_none(day, today.year + ahead) for ahead in (0, 1))
    if this and this >= today:
        return this
    if following and following - today <= NEXT_YEAR_WITHIN:
        return following
    if this is None and following is None:
        raise _no_such_date()
    raise _refusal(
        "needs_year",
        _("It is not clear which year is meant. Add the year, for example %(example)s"),
        example=f"{day.day:02}.{day.month:02}.{_next_year_of(day, today.year)}",
    )


def _next_year_of(day: OnDate, year: int) -> int:
    """The next year that has the date, which exists in some year: 29 February needs up to eight."""
    return next(year + ahead for ahead in range(1, 9) if _date_or_none(day, year + ahead))


def _later(after: After, today: date) -> date:
    if after.unit in _DAYS:
        return today + timedelta(days=min(after.count * _DAYS[after.unit], _BEYOND_DAYS))
    return _add_months(today, min(after.count * _MONTHS[after.unit], _BEYOND_MONTHS))


def _add_months(day: date, months: int) -> date:
    """The same day so many months on, or the last one of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _last_day(today: date) -> date:
    return _add_months(today, 12 * YEARS_AHEAD)


def _date_or_none(day: OnDate, year: int) -> date | None:
    with suppress(ValueError):  # the calendar knows which dates exist
        return date(year, day.month, day.day)
    return None


def _unreadable() -> RuleViolation:
    return _refusal(
        "unreadable",
        _("The deadline is not understood. Examples: %(examples)s"),
        examples=_("25.12 · 25.12 18:00 · tomorrow 12:00 · on friday 15:00 · in 3 days"),
    )


def _no_such_date() -> RuleViolation:
    return _refusal("no_such_date", _("There is no such date in the calendar."))


def _in_past() -> RuleViolation:
    return _refusal("in_past", _("The deadline must be in the future."))


def _too_far() -> RuleViolation:
    return _refusal(
        "too_far",
        _("The deadline is more than %(years)s years ahead."),
        years=YEARS_AHEAD,
    )


def _refusal(code: str, message: Message, **params: object) -> RuleViolation:
    return RuleViolation(f"receipts.deadline_{code}", message, field="deadline", params=params)
