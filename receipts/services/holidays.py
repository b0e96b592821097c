"""The production calendar: public holidays and transferred days, brought into the work calendar.

The library knows days off and working weekends; shortened days are for the office to enter. What
the office has decided about a date is never overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

import holidays
from django.conf import settings
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import CommandKey, CommandRef, Outcome, Run, verb
from receipts import locks, policies
from receipts.models import CalendarDay, WorkCalendar
from receipts.services.calendars import create_calendar, day_words, record
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation

NONE: Final = "NONE"  # the setting of a workshop that keeps no public holidays
# What a workshop that has entered nothing begins with; the office changes it.
USUAL_WEEK: Final = {day: [(time(10), time(19))] for day in range(5)}
NOTE_LENGTH: Final = 100


@dataclass(frozen=True)
class Holiday:
    """A day off, or (``like``) a weekend day that works with the hours of that weekday."""

    day: date
    note: str
    like: int | None = None


def holidays_of(country: str, year: int) -> list[Holiday]:
    """The production calendar of a country (ISO code) and year, in the installation's language.

    Raises RuleViolation ``calendar.unknown_country``.
    """
    if country not in holidays.list_supported_countries():
        raise RuleViolation(
            "calendar.unknown_country",
            _("No public holidays are known of this country."),
            field="country",
        )
    language = settings.LANGUAGE_CODE[:2]
    known = holidays.list_localized_countries().get(country, [])
    found = holidays.country_holidays(
        country, years=year, language=language if language in known else None
    )
    off = {day: str(name)[:NOTE_LENGTH] for day, name in found.items() if day.year == year}
    return sorted(
        [*(Holiday(day, note) for day, note in off.items()), *_working_weekends(found, off)],
        key=lambda one: one.day,
    )


def _working_weekends(found: holidays.HolidayBase, off: dict[date, str]) -> Iterator[Holiday]:
    """A weekend day that works has the hours of the weekday it was swapped with."""
    for day in sorted(found.weekend_workdays):
        yield Holiday(day, _now("transferred working day"), like=_nearest_weekday_off(day, off))


def _nearest_weekday_off(day: date, off: dict[date, str]) -> int:
    """The nearest day off that is no weekend: that is what it was swapped with."""
    weekdays = [one for one in off if one.weekday() < 5]
    nearest = min(weekdays, key=lambda one: abs(one - day), default=None)
    return nearest.weekday() if nearest is not None else 0


@verb("calendar.fill_holidays", "receipts.WorkCalendar")
def fill_holidays(
    *,
    calendar_id: int,
    year: int,
    country: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[WorkCalendar]:
    """Bring the public holidays of a year into a calendar; dates that have a row keep it.

    Raises RuleViolation ``calendar.unknown_country``, NotAllowed, NotFound.
    """
    run = Run.of(actor, command, at)
    policies.ensure_manager(actor)
    calendar = locks.calendar(calendar_id)
    wanted = holidays_of(country, year)
    decided = set(
        CalendarDay.objects.filter(calendar=calendar, day__year=year).values_list("day", flat=True)
    )
    rows = [_row(calendar, one) for one in wanted if one.day not in decided]
    CalendarDay.objects.bulk_create(rows)
    if rows:
        usual = day_words(None)
        record(run, calendar, [f"{row.day:%d.%m.%Y}: {usual} → {day_words(row)}" for row in rows])
    return Outcome(calendar, extra={"days": len(rows)})


def _row(calendar: WorkCalendar, one: Holiday) -> CalendarDay:
    return CalendarDay(
        calendar=calendar,
        day=one.day,
        working=one.like is not None,
        like_weekday=one.like,
        note=one.note,
    )


def keep_holidays(*, actor: Actor, at: datetime | None = None) -> int:
    """This and the next year are in the active calendar; how many days came in. Safe to repeat."""
    at = at or clock.now()
    country = settings.WORKSHOP_HOLIDAYS.upper()
    calendar = WorkCalendar.objects.filter(active=True).first()
    if calendar is None or country == NONE:
        return 0
    year = clock.local(at).year
    years: Sequence[int] = (year, year + 1)
    return sum(
        int(
            fill_holidays(
                calendar_id=calendar.pk, year=one, country=country, actor=actor, at=at
            ).extra["days"]
        )
        for one in years
    )


def seed_calendar(*, actor: Actor, at: datetime | None = None) -> bool:
    """A workshop that never had a calendar begins with the usual week; whether one was made."""
    if WorkCalendar.objects.exists():
        return False
    create_calendar(
        name=_now("Production calendar"),
        weekly=USUAL_WEEK,
        actor=actor,
        command=CommandKey("seed", "calendar"),
        at=at,
    )
    keep_holidays(actor=actor, at=at)
    return True
