"""The nearest rank is what it says: a value that was observed, with enough others below it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.percentiles import MEDIAN, P90, percentile
from analytics.working import WorkingTime
from receipts.worktime import Calendar, working_between
from workshop.lib import clock

BEGIN = datetime(2026, 3, 20, tzinfo=UTC)
LATER = st.integers(0, 60 * 24 * 3600).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
CALENDARS = [
    Calendar.always(),
    Calendar(weekly={}),
    Calendar(
        weekly={day: ((time(10), time(13)), (time(14), time(19))) for day in range(6)},
        days_off=frozenset({date(2026, 4, 6), date(2026, 5, 1)}),
        special={date(2026, 4, 12): ((time(12), time.min),)},
    ),
    Calendar(weekly={4: ((time(22), time.min),), 5: ((time.min, time(6)),)}),
]


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40), st.integers(1, 100))
def test_a_percentile_was_observed_and_holds(values: list[int], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    up_to = sum(value <= found for value in values)
    below = sum(value < found for value in values)
    assert up_to * 100 >= percent * len(values) > below * 100


def test_known_ones() -> None:
    assert percentile([], MEDIAN) is None
    assert percentile([7], P90) == 7
    assert percentile(list(range(1, 11)), P90) == 9
    assert percentile([4, 1, 3, 2], MEDIAN) == 2


@pytest.mark.parametrize("percent", [0, 101, -1])
def test_there_are_no_others(percent: int) -> None:
    with pytest.raises(ValueError, match="no percentile"):
        percentile([1], percent)


@given(
    st.sampled_from(CALENDARS), LATER, LATER, st.sampled_from(["Europe/Berlin", "Europe/Moscow"])
)
def test_the_laid_out_calendar_counts_as_the_walked_one(
    calendar: Calendar, one: datetime, other: datetime, zone: str
) -> None:
    where = clock._zone(zone)  # Berlin puts its clocks forward on 29.03.2026
    laid = WorkingTime(BEGIN, BEGIN + timedelta(days=60), calendar, where)
    assert laid.between(one, other) == working_between(one, other, calendar, where)


@given(st.sampled_from(CALENDARS), LATER, st.integers(1, 400 * 60))
def test_a_stay_since_then_took_exactly_as_long(
    calendar: Calendar, at: datetime, minutes: int
) -> None:
    laid = WorkingTime(BEGIN, BEGIN + timedelta(days=60), calendar, clock.zone())
    amount = timedelta(minutes=minutes)
    since = laid.back(at, amount)
    if since is None:
        assert laid.between(BEGIN, at) < amount
        return
    assert laid.between(since, at) == amount
    assert laid.between(since + timedelta(seconds=1), at) < amount or since >= at
