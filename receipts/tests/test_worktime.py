"""Working time against hand-computed cases and against an oracle that looks at every minute."""

from __future__ import annotations

import random
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receipts.worktime import (
    Calendar,
    Intervals,
    add_working,
    add_working_days,
    wall_instant,
    working_between,
    working_day_length,
)
from workshop.lib.errors import RuleViolation

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
NINE_TO_SIX: Intervals = ((time(9), time(18)),)
WITH_BREAK: Intervals = ((time(9), time(13)), (time(14), time(18)))
NIGHT: Intervals = ((time(0), time(6)), (time(22), time(0)))
MONDAY_TO_FRIDAY = range(5)
# The transferred days of the Russian calendar that the cases below meet.
SHOP = Calendar(
    weekly=dict.fromkeys(MONDAY_TO_FRIDAY, NINE_TO_SIX),
    days_off=frozenset(
        {date(2026, 2, 23), date(2025, 11, 3), date(2025, 11, 4), date(2026, 12, 31)}
        | {date(2027, 1, day) for day in range(1, 11)}
    ),
    special={date(2025, 11, 1): NINE_TO_SIX},
)
BREAKS = Calendar(
    weekly=dict.fromkeys(MONDAY_TO_FRIDAY, WITH_BREAK),
    days_off=SHOP.days_off,
    special={date(2025, 11, 1): WITH_BREAK},
)


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        ("2026-11-18 17:55", 15, "2026-11-19 09:10"),
        ("2026-02-20 17:55", 15, "2026-02-24 09:10"),
        ("2025-10-31 17:55", 15, "2025-11-01 09:10"),
        ("2026-02-20 17:45", 15, "2026-02-20 18:00"),
        ("2026-12-30 17:00", 120, "2027-01-11 10:00"),
        ("2026-11-21 12:00", 1, "2026-11-23 09:01"),
        ("2026-11-18 03:00", 60, "2026-11-18 10:00"),
        ("2026-11-18 23:00", 60, "2026-11-19 10:00"),
        ("2026-11-21 12:00", 0, "2026-11-21 12:00"),
        ("2026-11-16 09:00", 5 * 9 * 60, "2026-11-20 18:00"),
        ("2026-11-16 09:00", 5 * 9 * 60 + 1, "2026-11-23 09:01"),
    ],
)
def test_adding_working_minutes(start: str, minutes: int, expected: str) -> None:
    at = moment(start)
    found = add_working(at, minutes, SHOP, MOSCOW)
    assert found == moment(expected)
    assert found.tzinfo is UTC
    assert add_working(at, timedelta(minutes=minutes), SHOP, MOSCOW) == found
    assert working_between(at, found, SHOP, MOSCOW) == timedelta(minutes=minutes)


def test_a_break_is_no_working_time() -> None:
    assert add_working(moment("2026-11-18 12:50"), 30, BREAKS, MOSCOW) == moment("2026-11-18 14:20")
    assert add_working(moment("2026-11-18 13:20"), 1, BREAKS, MOSCOW) == moment("2026-11-18 14:01")


def test_a_pause_in_the_middle() -> None:
    start, paused = moment("2026-06-15 09:00"), moment("2026-06-15 15:00")
    left = timedelta(hours=16) - working_between(start, paused, BREAKS, MOSCOW)
    resumed = moment("2026-06-17 12:00")
    assert add_working(resumed, left, BREAKS, MOSCOW) == moment("2026-06-18 16:00")


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2025-10-31 17:00", "2025-11-05 10:00", 11),  # over a working Saturday
        ("2026-11-18 09:00", "2026-11-18 18:00", 9),
        ("2026-11-18 00:00", "2026-11-19 00:00", 9),
        ("2026-11-20 18:00", "2026-11-23 09:00", 0),
        ("2026-11-21 10:00", "2026-11-22 20:00", 0),
        ("2026-11-18 10:00", "2026-11-18 10:00", 0),
        ("2026-11-19 10:00", "2026-11-18 10:00", 0),
    ],
)
def test_working_time_between(start: str, end: str, hours: int) -> None:
    found = working_between(moment(start), moment(end), SHOP, MOSCOW)
    assert found == timedelta(hours=hours)


def test_working_time_between_without_the_breaks() -> None:
    start, end = moment("2025-10-31 17:00"), moment("2025-11-05 10:00")
    assert working_between(start, end, BREAKS, MOSCOW) == timedelta(hours=10)


def test_a_shortened_day_and_a_special_day_off_replace_the_week() -> None:
    short = Calendar(
        weekly=SHOP.weekly,
        days_off=frozenset({date(2026, 11, 18)}),
        special={date(2026, 11, 18): ((time(9), time(12)),), date(2026, 11, 19): ()},
    )
    start, end = moment("2026-11-18 00:00"), moment("2026-11-20 00:00")
    assert working_between(start, end, short, MOSCOW) == timedelta(hours=3)
    assert add_working(moment("2026-11-18 11:30"), 60, short, MOSCOW) == moment("2026-11-20 09:30")


class TestClockChanges:
    NIGHTS = Calendar(weekly=dict.fromkeys(range(7), NIGHT))

    def test_the_short_night_of_spring_and_the_long_one_of_autumn(self) -> None:
        spring = (moment("2026-03-28 12:00", BERLIN), moment("2026-03-29 12:00", BERLIN))
        autumn = (moment("2026-10-24 12:00", BERLIN), moment("2026-10-25 12:00", BERLIN))
        assert working_between(*spring, self.NIGHTS, BERLIN) == timedelta(hours=7)
        assert working_between(*autumn, self.NIGHTS, BERLIN) == timedelta(hours=9)

    def test_minutes_are_real_minutes(self) -> None:
        start = moment("2026-03-29 01:30", BERLIN)
        assert add_working(start, 60, self.NIGHTS, BERLIN) == moment("2026-03-29 03:30", BERLIN)

    def test_a_wall_time_in_the_gap_is_the_moment_of_the_change(self) -> None:
        change = datetime(2026, 3, 29, 1, tzinfo=UTC)
        walls = (time(2), time(2, 0, 1), time(2, 30), time(2, 59, 59, 999_999), time(3))
        assert {wall_instant(date(2026, 3, 29), wall, BERLIN) for wall in walls} == {change}

    def test_an_ambiguous_wall_time_is_its_first_occurrence(self) -> None:
        first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        for fold in (0, 1):
            assert wall_instant(date(2026, 10, 25), time(2, 30, fold=fold), BERLIN) == first

    def test_the_end_of_a_day_that_was_lived_twice(self) -> None:
        # In St. John's the clocks went from 00:01 on the 7th back to 23:01 on the 6th.
        zone = ZoneInfo("America/St_Johns")
        noon, second = moment("2010-11-06 12:00", zone), moment("2010-11-06 23:30", zone)
        spent = working_between(noon, second.replace(fold=1), self.NIGHTS, zone)
        assert spent == timedelta(hours=2, minutes=30)
        assert add_working(noon, spent, self.NIGHTS, zone) == second.replace(fold=1).astimezone(UTC)

    def test_a_date_that_was_skipped_has_no_length(self) -> None:
        apia = ZoneInfo("Pacific/Apia")
        always = Calendar(weekly={**SHOP.weekly, 5: NINE_TO_SIX})
        thursday, saturday = (wall_instant(date(2011, 12, day), time(12), apia) for day in (29, 31))
        assert wall_instant(date(2011, 12, 30), time(12), apia) == datetime(
            2011, 12, 30, 10, tzinfo=UTC
        )
        assert working_between(thursday, saturday, always, apia) == timedelta(hours=9)


def test_round_the_clock() -> None:
    always, at = Calendar.always(), moment("2026-03-28 12:00", BERLIN).astimezone(UTC)
    assert always.is_always
    assert working_day_length(always) == timedelta(hours=24)
    assert add_working(at, 24 * 60, always, BERLIN) - at == timedelta(hours=24)
    assert working_between(at, at + timedelta(days=400), always, BERLIN) == timedelta(days=400)
    assert not Calendar(weekly=always.weekly, days_off=frozenset({date(2026, 1, 1)})).is_always
    assert not SHOP.is_always


@pytest.mark.parametrize(
    ("weekly", "hours"),
    [
        (SHOP.weekly, 9),
        (BREAKS.weekly, 8),
        ({**SHOP.weekly, 4: ((time(9), time(16)),)}, 9),
        ({0: ((time(9), time(16)),), 1: NINE_TO_SIX}, 9),
        ({0: NIGHT, 1: ()}, 8),
    ],
)
def test_the_length_of_a_working_day(weekly: dict[int, Intervals], hours: int) -> None:
    assert working_day_length(Calendar(weekly=weekly)) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("start", "days", "at", "expected"),
    [
        ("2026-02-20 17:55", 1, None, "2026-02-24 17:55"),
        ("2026-11-18 14:30", 5, time(18), "2026-11-25 18:00"),
        ("2026-11-21 14:30", 1, time(18), "2026-11-23 18:00"),
        ("2026-11-21 14:30", 0, time(18), "2026-11-21 18:00"),
        ("2026-12-30 12:00", 1, time(18), "2027-01-11 18:00"),
        ("2025-10-31 12:00", 1, time(18), "2025-11-01 18:00"),
        ("2026-11-18 14:30", 1, time(20), "2026-11-19 20:00"),
        ("2026-11-18 23:30", 1, None, "2026-11-19 18:00"),
        ("2026-11-18 03:30", 1, None, "2026-11-19 09:00"),
        ("2026-11-18 00:30", 1, time(18), "2026-11-19 18:00"),
    ],
)
def test_adding_working_days(start: str, days: int, at: time | None, expected: str) -> None:
    found = add_working_days(moment(start), days, SHOP, MOSCOW, at)
    assert found == moment(expected)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-11-18 13:30", "2026-11-19 14:00"),
        ("2026-11-18 13:00", "2026-11-19 13:00"),
        ("2026-11-18 19:00", "2026-11-19 18:00"),
    ],
)
def test_a_kept_time_is_moved_into_the_hours(start: str, expected: str) -> None:
    assert add_working_days(moment(start), 1, BREAKS, MOSCOW) == moment(expected)


def test_a_kept_time_stays_where_the_day_ends_at_midnight_or_has_no_hours() -> None:
    late = moment("2026-11-18 23:30")
    nights = Calendar(weekly=dict.fromkeys(range(7), NIGHT))
    assert add_working_days(late, 1, nights, MOSCOW) == moment("2026-11-19 23:30")
    saturday = moment("2026-11-21 23:30")
    assert add_working_days(saturday, 0, SHOP, MOSCOW) == saturday


class TestNeverOpen:
    """A calendar without any working time is refused and never loops for ever."""

    NEVER = Calendar(weekly={0: ()})
    ONCE = Calendar(weekly={}, special={date(2026, 11, 20): NINE_TO_SIX})

    def test_refusals(self) -> None:
        at = moment("2026-11-18 12:00")
        for calendar, minutes, days in ((self.NEVER, 1, 1), (self.ONCE, 9 * 60 + 1, 2)):
            with pytest.raises(RuleViolation) as caught:
                add_working(at, minutes, calendar, MOSCOW)
            assert caught.value.code == "calendar.never_open"
            with pytest.raises(RuleViolation) as caught:
                add_working_days(at, days, calendar, MOSCOW, time(18))
            assert caught.value.code == "calendar.never_open"
            with pytest.raises(RuleViolation) as caught:
                working_day_length(calendar)
            assert caught.value.code == "calendar.never_open"
            assert caught.value.text()

    def test_what_needs_no_working_time_is_answered(self) -> None:
        at = moment("2026-11-18 12:00")
        assert add_working(at, 0, self.NEVER, MOSCOW) == at
        assert working_between(at, at + timedelta(days=30), self.NEVER, MOSCOW) == timedelta()
        assert add_working(at, 9 * 60, self.ONCE, MOSCOW) == moment("2026-11-20 18:00")

    def test_amounts_beyond_the_horizon(self) -> None:
        at = moment("2026-11-18 12:00")
        for calendar in (SHOP, Calendar.always()):
            with pytest.raises(RuleViolation):
                add_working(at, 10**9, calendar, MOSCOW)
            with pytest.raises(RuleViolation):
                add_working_days(at, 10**6, calendar, MOSCOW, time(18))


@pytest.mark.parametrize(
    "intervals",
    [
        ((time(9), time(9)),),
        ((time(18), time(9)),),
        ((time(9), time(13)), (time(12), time(18))),
        ((time(14), time(18)), (time(9), time(13))),
        ((time(9), time(0)), (time(10), time(11))),
    ],
)
def test_impossible_hours_are_refused(intervals: Intervals) -> None:
    for calendar in ({"weekly": {0: intervals}}, {"weekly": {}, "special": {date.min: intervals}}):
        with pytest.raises(RuleViolation) as caught:
            Calendar(**calendar)
        assert caught.value.code == "calendar.bad_intervals"


def test_negative_amounts_and_naive_times_are_bugs() -> None:
    at = moment("2026-11-18 12:00")
    naive = at.replace(tzinfo=None)
    with pytest.raises(ValueError, match="only added"):
        add_working(at, -1, SHOP, MOSCOW)
    with pytest.raises(ValueError, match="only added"):
        add_working_days(at, -1, SHOP, MOSCOW)
    with pytest.raises(ValueError, match="naive"):
        working_between(naive, naive, SHOP, MOSCOW)


# Zone and the first day of a fortnight with a clock change (Moscow: without one). Lord Howe moves
# by half an hour, Havana jumps at midnight, Asunción and St. John's lived the end of a day twice.
FORTNIGHTS = [
    ("Europe/Berlin", date(2026, 3, 22)),
    ("Europe/Berlin", date(2026, 10, 18)),
    ("Europe/Moscow", date(2026, 12, 25)),
    ("Australia/Lord_Howe", date(2026, 3, 29)),
    ("America/Havana", date(2026, 3, 1)),
    ("America/Asuncion", date(2023, 3, 19)),
    ("America/St_Johns", date(2010, 10, 31)),
    ("Pacific/Apia", date(2011, 12, 23)),
]


@pytest.mark.parametrize(("zone_name", "first"), FORTNIGHTS)
def test_against_every_minute(zone_name: str, first: date) -> None:
    zone, rng = ZoneInfo(zone_name), random.Random(f"{zone_name} {first}")
    shown = minutes_shown(first, zone)
    for _ in range(20):
        calendar = random_calendar(rng, first)
        oracle = MinuteOracle(calendar, shown)
        for _ in range(65):
            one, other = rng.randrange(oracle.size), rng.randrange(oracle.size)
            begin, end = oracle.start + one * MINUTE, oracle.start + other * MINUTE
            expected = oracle.between(one, other)
            assert working_between(begin, end, calendar, zone) == expected * MINUTE, calendar
            moved = oracle.add(one, expected)
            assert add_working(begin, expected, calendar, zone) == (
                oracle.start + moved * MINUTE
            ), calendar


@given(
    st.integers(1_760_000_000_000_000, 1_800_000_000_000_000),
    st.integers(1, 60 * 3_600_000_000),
    st.sampled_from([SHOP, BREAKS, TestClockChanges.NIGHTS, Calendar.always()]),
    st.sampled_from([MOSCOW, BERLIN]),
)
def test_adding_is_the_earliest_inverse_of_between(
    at_us: int, amount_us: int, calendar: Calendar, zone: ZoneInfo
) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
    amount = timedelta(microseconds=amount_us)
    end = add_working(at, amount, calendar, zone)
    just_before = end - timedelta(microseconds=1)
    assert working_between(at, end, calendar, zone) == amount
    assert working_between(at, just_before, calendar, zone) == amount - timedelta(microseconds=1)


def minutes_shown(first: date, zone: ZoneInfo) -> tuple[datetime, list[datetime]]:
    """Per UTC minute of a fortnight the latest wall time shown so far: a clock put back waits."""
    start = datetime.combine(first, time(12), tzinfo=UTC)
    walls = (
        (start + minute * MINUTE).astimezone(zone).replace(tzinfo=None)
        for minute in range(14 * 24 * 60)
    )
    return start, list(accumulate(walls, max))


class MinuteOracle:
    """Counts minute by minute, knowing nothing of offsets or spans."""

    def __init__(self, calendar: Calendar, shown: tuple[datetime, list[datetime]]) -> None:
        self.start, walls = shown
        self.size = len(walls)
        self.worked = [0, *accumulate(int(self.is_open(calendar, wall)) for wall in walls)]

    @staticmethod
    def is_open(calendar: Calendar, wall: datetime) -> bool:
        day, now = wall.date(), wall.time()
        if day in calendar.special:
            hours = calendar.special[day]
        elif day in calendar.days_off:
            hours = ()
        else:
            hours = calendar.weekly.get(day.weekday(), ())
        return any(start <= now and (now < end or end == time(0)) for start, end in hours)

    def between(self, one: int, other: int) -> int:
        return max(0, self.worked[other] - self.worked[one])

    def add(self, at: int, minutes: int) -> int:
        """The first minute by which so much was worked; the fortnight must hold it."""
        return max(at, bisect_left(self.worked, self.worked[at] + minutes, lo=at))


def random_calendar(rng: random.Random, first: date) -> Calendar:
    days = [first + timedelta(days=number) for number in range(15)]
    return Calendar(
        weekly={weekday: random_hours(rng) for weekday in range(7) if rng.random() < 0.8},
        days_off=frozenset(rng.sample(days, rng.randrange(3))),
        special={day: random_hours(rng) for day in rng.sample(days, rng.randrange(4))},
    )


def random_hours(rng: random.Random) -> Intervals:
    """Up to three intervals at odd minutes, some of them to midnight, some back to back."""
    edges = sorted(rng.sample(range(0, 24 * 60 + 1, rng.choice((1, 15, 30))), 2 * rng.randrange(4)))
    if edges and rng.random() < 0.3:
        edges[-1] = 24 * 60
    walls = [time(edge // 60 % 24, edge % 60) for edge in edges]
    return tuple(zip(walls[::2], walls[1::2], strict=True))


def moment(local: str, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=zone)
