"""Periods around months' ends, leap days, Mondays, and clocks that change."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.periods import LABELS, Kind, period, previous
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

NAMED = [kind for kind in Kind if kind not in {Kind.CUSTOM, Kind.ALL}]


def msk(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=clock.zone())  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("kind", "first", "after"),
    [
        (Kind.TODAY, date(2024, 2, 29), date(2024, 3, 1)),
        (Kind.YESTERDAY, date(2024, 2, 28), date(2024, 2, 29)),
        (Kind.WEEK, date(2024, 2, 26), date(2024, 3, 4)),
        (Kind.PREVIOUS_WEEK, date(2024, 2, 19), date(2024, 2, 26)),
        (Kind.MONTH, date(2024, 2, 1), date(2024, 3, 1)),
        (Kind.PREVIOUS_MONTH, date(2024, 1, 1), date(2024, 2, 1)),
        (Kind.QUARTER, date(2024, 1, 1), date(2024, 4, 1)),
        (Kind.YEAR, date(2024, 1, 1), date(2025, 1, 1)),
    ],
)
def test_named_periods_on_a_leap_day(kind: Kind, first: date, after: date) -> None:
    # Half past midnight in Moscow is the day before in UTC.
    asked = period(kind, at=datetime(2024, 2, 28, 21, 30, tzinfo=UTC))
    assert (asked.first, asked.after) == (first, after)
    assert (asked.start, asked.end) == (msk(*first.timetuple()[:3]), msk(*after.timetuple()[:3]))


def test_a_running_month_is_compared_with_as_much_of_the_month_before() -> None:
    at = msk(2026, 3, 12, 15, 30)
    before = previous(period(Kind.MONTH, at=at), at=at)
    assert before is not None
    assert (before.start, before.end) == (msk(2026, 2, 1), msk(2026, 2, 12, 15, 30))


def test_the_end_of_a_long_month_has_no_fellow_in_a_short_one() -> None:
    at = msk(2026, 3, 31, 12)
    before = previous(period(Kind.MONTH, at=at), at=at)
    assert before is not None
    assert before.end <= msk(2026, 3, 1)


def test_a_closed_period_is_compared_whole() -> None:
    at = msk(2026, 5, 5, 9)
    before = previous(period(Kind.PREVIOUS_MONTH, at=at), at=at)
    assert before is not None
    assert (before.start, before.end) == (msk(2026, 3, 1), msk(2026, 4, 1))


def test_days_of_23_and_25_hours(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    spring = period(Kind.TODAY, at=datetime(2026, 3, 29, 12, tzinfo=UTC))
    autumn = period(Kind.TODAY, at=datetime(2026, 10, 25, 12, tzinfo=UTC))
    assert spring.end - spring.start == timedelta(hours=23)
    assert autumn.end - autumn.start == timedelta(hours=25)


@given(
    kind=st.sampled_from(NAMED),
    at=st.integers(978_307_200, 4_070_908_800).map(lambda s: datetime.fromtimestamp(s, UTC)),
)
def test_every_period_is_cut_into_buckets_without_a_gap(kind: Kind, at: datetime) -> None:
    asked = period(kind, at=at)
    buckets = list(asked.buckets())
    assert (buckets[0][0], buckets[-1][1]) == (asked.first, asked.after)
    assert all(first < after for first, after in buckets)
    assert all(one[1] == two[0] for one, two in itertools.pairwise(buckets))
    assert len(buckets) <= 62
    before = previous(asked, at=at)
    assert before is not None
    assert before.start < before.end <= asked.start
    assert asked.is_partial(at) == (asked.end > at)


def test_all_time_has_a_beginning_and_nothing_before_it() -> None:
    at = msk(2026, 5, 5, 9)
    asked = period("all", at=at, beginning=date(2020, 2, 2))
    assert (asked.first, asked.last, previous(asked, at=at)) == (
        date(2020, 2, 2),
        date(2026, 5, 5),
        None,
    )


@pytest.mark.parametrize(
    ("kind", "first", "last", "code", "field"),
    [
        ("fortnight", None, None, "analytics.unknown_period", "period"),
        ("custom", None, date(2026, 1, 1), "analytics.period_needs_dates", "from"),
        ("custom", date(2026, 1, 1), None, "analytics.period_needs_dates", "to"),
        ("custom", date(2026, 1, 2), date(2026, 1, 1), "analytics.period_reversed", "to"),
        ("custom", date(1900, 1, 1), date(2026, 1, 1), "analytics.period_too_long", "to"),
        ("custom", date.max - timedelta(days=2), date.max, "analytics.period_too_long", "to"),
    ],
)
def test_bad_periods_name_the_field(
    kind: str, first: date | None, last: date | None, code: str, field: str
) -> None:
    with pytest.raises(RuleViolation) as caught:
        period(kind, at=msk(2026, 5, 5), first=first, last=last)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_every_kind_has_a_name() -> None:
    assert set(LABELS) == set(Kind)
