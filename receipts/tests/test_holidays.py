"""The production calendar: seeded once, kept for two years, never over what the office decided."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from receipts.models import CalendarDay, WorkCalendar
from receipts.services.calendars import create_calendar, current_calendar, set_day, set_week
from receipts.services.holidays import fill_holidays, holidays_of, keep_holidays, seed_calendar
from receipts.worktime import add_working
from tests.cast import Cast, make_cast
from tests.domain.snapshot import refused, writes
from workshop.lib.actor import system_actor
from workshop.lib.errors import NotAllowed, RuleViolation

MOSCOW = ZoneInfo("Europe/Moscow")
SEED = system_actor("seed", silent=True)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
NINE_TO_SIX = [(time(9), time(13)), (time(14), time(18))]


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def calendar(cast: Cast) -> WorkCalendar:
    weekly = dict.fromkeys(range(5), NINE_TO_SIX)
    return create_calendar(name="x", weekly=weekly, actor=cast.actor("anna")).object


def test_the_russian_calendar_of_this_and_the_next_year() -> None:
    found = {one.day: one for year in (2026, 2027) for one in holidays_of("RU", year)}
    assert {date(2026, 1, day) for day in range(1, 10)} <= found.keys()
    assert found[date(2026, 12, 31)].like is None
    assert "Новогодн" in found[date(2027, 1, 1)].note
    saturday = found[date(2027, 2, 20)]
    assert saturday.like == 0, "it was swapped with Monday the 22nd"
    assert found[date(2027, 2, 22)].like is None


def test_a_new_workshop_begins_with_one_and_only_once(db: None) -> None:
    assert current_calendar().is_always
    assert seed_calendar(actor=SEED, at=AT)
    assert not seed_calendar(actor=SEED, at=AT)
    hours = current_calendar()
    assert hours.intervals(date(2026, 11, 20)) == ((time(10), time(19)),)
    assert hours.intervals(date(2026, 12, 31)) == ()
    assert hours.intervals(date(2027, 2, 20)) == ((time(10), time(19)),)
    assert hours.intervals(date(2027, 11, 5)) == ()
    assert keep_holidays(actor=SEED, at=AT) == 0
    assert keep_holidays(actor=SEED, at=AT + timedelta(days=60)) > 10, "2028 came in"


def test_a_transferred_day_has_the_breaks_of_its_weekday(cast: Cast, calendar: Any) -> None:
    fill_holidays(calendar_id=calendar.pk, year=2027, country="RU", actor=cast.actor("anna"))
    hours = current_calendar()
    assert hours.intervals(date(2027, 2, 20)) == tuple(NINE_TO_SIX)
    noon = datetime(2027, 2, 20, 12, 30, tzinfo=MOSCOW)
    assert add_working(noon, 60, hours, MOSCOW) == datetime(2027, 2, 20, 14, 30, tzinfo=MOSCOW)
    set_week(calendar_id=calendar.pk, weekly={0: [(time(8), time(12))]}, actor=cast.actor("anna"))
    assert current_calendar().intervals(date(2027, 2, 20)) == ((time(8), time(12)),)


def test_what_the_office_decided_stays(cast: Cast, calendar: Any) -> None:
    anna = cast.actor("anna")
    same = {"calendar_id": calendar.pk, "actor": anna}
    set_day(day=date(2027, 1, 8), hours=(time(10), time(15)), **same)
    set_day(day=date(2027, 1, 7), **same)
    set_day(day=date(2027, 1, 7), usual=True, **same)
    with writes("settings.calendar_changed") as events:
        fill_holidays(year=2027, country="RU", **same)
    assert "01.01.2027: как обычно → выходной (Новогодние каникулы)" in events[0].payload["changes"]
    hours = current_calendar()
    assert hours.intervals(date(2027, 1, 8)) == ((time(10), time(15)),)
    assert hours.intervals(date(2027, 1, 7)) == tuple(NINE_TO_SIX)
    with writes():
        fill_holidays(year=2027, country="RU", **same)


def test_a_workshop_without_public_holidays(db: None, settings: Any) -> None:
    settings.WORKSHOP_HOLIDAYS = "none"
    seed_calendar(actor=SEED, at=AT)
    assert CalendarDay.objects.count() == 0


def test_refusals(cast: Cast, calendar: Any) -> None:
    anna = cast.actor("anna")
    with refused(RuleViolation, "calendar.unknown_country", "country"):
        fill_holidays(calendar_id=calendar.pk, year=2027, country="ZZ", actor=anna)
    with refused(NotAllowed, "access.not_allowed"):
        fill_holidays(calendar_id=calendar.pk, year=2027, country="RU", actor=cast.actor("igor"))
    for more in ({"like": 7}, {"like": 0, "hours": (time(9), time(18))}):
        with refused(RuleViolation, "calendar.bad_weekday", "like"):
            set_day(calendar_id=calendar.pk, day=date(2027, 1, 1), actor=anna, **more)
