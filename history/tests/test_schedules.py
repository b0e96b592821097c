"""Slots of schedules: midnight, month end, leap days, and days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from history.jobs.schedules import (
    Cron,
    Every,
    Schedule,
    daily,
    every,
    gap,
    monthly,
    weekly,
)
from workshop.lib import clock

MICRO = timedelta(microseconds=1)


def local(text: str, fold: int = 0) -> datetime:
    """A time of the workshop's wall clock, in UTC."""
    wall = datetime.fromisoformat(text).replace(tzinfo=clock.zone(), fold=fold)
    return wall.astimezone(UTC)


@pytest.fixture
def berlin(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.mark.parametrize(
    ("schedule", "slot", "following"),
    [
        (every(seconds=5), "2026-11-20 10:00:05", "2026-11-20 10:00:10"),
        (every(minutes=15), "2026-11-20 00:00", "2026-11-20 00:15"),
        (daily("00:00"), "2026-12-31 00:00", "2027-01-01 00:00"),
        (daily("04:00"), "2026-02-28 04:00", "2026-03-01 04:00"),
        (weekly("mon", "09:00"), "2026-11-16 09:00", "2026-11-23 09:00"),
        (monthly(1, "10:00"), "2026-11-01 10:00", "2026-12-01 10:00"),
        (monthly(31, "10:00"), "2026-10-31 10:00", "2026-12-31 10:00"),
        (Cron("30", "10", "*", "29", "2"), "2024-02-29 10:30", "2028-02-29 10:30"),
        (Cron("*/20", "9-10"), "2026-11-20 10:40", "2026-11-21 09:00"),
    ],
)
def test_a_slot_begins_on_its_instant(schedule: Schedule, slot: str, following: str) -> None:
    here, then = local(slot), local(following)
    assert schedule.latest(here) == here
    assert schedule.latest(then - MICRO) == here
    assert schedule.latest(then) == then
    assert schedule.after(here - MICRO) == here
    assert schedule.after(here) == then
    assert schedule.after(then - MICRO) == then
    assert gap(schedule, here) == then - here


def test_a_time_that_does_not_exist_comes_an_hour_later(berlin: None) -> None:
    nightly = daily("02:30")
    assert nightly.after(local("2026-03-28 02:30")) == local("2026-03-29 03:30")
    assert nightly.after(local("2026-03-29 03:30")) == local("2026-03-30 02:30")


def test_a_time_that_comes_twice_is_one_slot(berlin: None) -> None:
    nightly = daily("02:30")
    first = local("2026-10-25 02:30")
    assert nightly.after(first - MICRO) == first
    assert nightly.after(first) == local("2026-10-26 02:30")


def test_a_schedule_of_every_hour_loses_and_doubles_none(berlin: None) -> None:
    hourly = Cron("30", "*")
    for day in ("2026-03-29 00:00", "2026-10-25 00:00"):
        slot = local(day)
        for _hour in range(26):
            following = hourly.after(slot)
            assert following is not None
            assert following - slot in {timedelta(hours=1), timedelta(minutes=30)}
            assert hourly.latest(following) == following
            slot = following


def test_what_is_years_away_is_not_due() -> None:
    never = Cron("0", "10", "mon", "29", "2")  # 2016, then 2044
    assert never.latest(local("2026-11-20 10:00")) is None
    assert never.after(local("2026-11-20 10:00")) is None


def test_a_schedule_that_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="once a second"):
        Every(timedelta(milliseconds=100))
    with pytest.raises(ValueError, match="61"):
        Cron("61")
