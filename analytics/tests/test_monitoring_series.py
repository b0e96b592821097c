"""Numbers in time: buckets of the workshop, gaps as gaps, and no seam where snapshots end."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from analytics.models import Snapshot
from analytics.monitoring import reading
from analytics.monitoring.reading import Bucket, Point, series
from analytics.services import snapshots
from receipts.models import OperationType
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

pytestmark = pytest.mark.django_db
AT = datetime(2026, 6, 16, 9, 20, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def put(at: datetime, **numbers: Any) -> None:
    Snapshot.objects.create(taken_at=at, duration_ms=1, schema=1, numbers=numbers)


def read(bucket: str, start: datetime, end: datetime, *codes: str, at: datetime = AT) -> Any:
    return series(codes or ("overdue",), start=start, end=end, bucket=Bucket(bucket), at=at)


def test_each_quarter_of_an_hour_and_what_is_missing() -> None:
    begin = datetime(2026, 6, 16, 8, 0, tzinfo=UTC)
    put(begin + 3 * MINUTE, overdue=2)
    put(begin + 9 * MINUTE, overdue=4)  # on demand, in the same quarter
    put(begin + 31 * MINUTE, overdue=None)
    put(begin + 45 * MINUTE, overdue=0)
    points = read("raw", begin + MINUTE, begin + HOUR)["overdue"]
    assert points == [
        Point(begin, 2, 4, 3, 4, 2),
        Point(begin + 15 * MINUTE),
        Point(begin + 30 * MINUTE),
        Point(begin + 45 * MINUTE, 0, 0, 0, 0, 1),
    ]


def test_nothing_lies_in_the_future() -> None:
    points = read("hour", AT - 2 * HOUR, AT + 5 * HOUR)["overdue"]
    assert [point.start.hour for point in points] == [7, 8, 9]
    assert read("hour", AT + HOUR, AT + 2 * HOUR) == {"overdue": []}


def test_days_are_those_of_the_workshop() -> None:
    midnight = clock.day_start(date(2026, 6, 15))
    put(midnight - MINUTE, overdue=7)
    put(midnight, overdue=1)
    put(midnight + DAY - MINUTE, overdue=5)
    points = read("day", midnight - DAY, midnight + DAY)["overdue"]
    assert points == [
        Point(midnight - DAY, 7, 7, 7, 7, 1),
        Point(midnight, 1, 5, 3, 5, 2),
    ]


@override_settings(TIME_ZONE="Europe/Berlin")
def test_a_day_may_have_23_hours_or_25() -> None:
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        start, end = clock.day_bounds(day)
        found = read("hour", start, end, at=end + DAY)["overdue"]
        assert len(found) == hours
        put(end - MINUTE, overdue=hours)
        days = read("day", start, end + DAY, at=end + 2 * DAY)["overdue"]
        assert [(point.start, point.last) for point in days] == [(start, hours), (end, None)]


def test_a_labelled_metric_stands_for_all_its_labels() -> None:
    put(AT - MINUTE, **{"open_by_status:in_work": 3, "open_by_status:ready": 1})
    found = read("hour", AT - HOUR, AT, "open_by_status")
    assert "open_by_status:on_hold" in found
    assert found["open_by_status:in_work"][-1].last == 3
    one = read("hour", AT - HOUR, AT, "open_by_status:ready", "overdue")
    assert list(one) == ["open_by_status:ready", "overdue"]
    assert one["open_by_status:ready"][-1].last == 1


@pytest.mark.parametrize(
    "name", ["nothing", "overdue:here", "", ":", "overdue:", "open_by_status:x\x00"]
)
def test_an_unknown_metric_is_named(name: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        read("hour", AT - HOUR, AT, "overdue", name)
    assert (caught.value.code, caught.value.field) == ("monitoring.unknown_metric", "metrics")
    assert f"«{name}»" in caught.value.text() or f"“{name}”" in caught.value.text()


@pytest.mark.parametrize(("bucket", "length"), [("raw", 15 * MINUTE), ("hour", HOUR), ("day", DAY)])
def test_too_many_points_ask_for_a_coarser_bucket(bucket: str, length: timedelta) -> None:
    long = length * (reading.MOST_POINTS + 1)
    with pytest.raises(RuleViolation) as caught:
        read(bucket, AT - long, AT)
    assert (caught.value.code, caught.value.field) == ("monitoring.too_many_points", "bucket")
    assert len(read(bucket, AT - length * (reading.MOST_POINTS - 1), AT)["overdue"]) <= 2_000


def test_the_end_may_not_lie_before_the_beginning() -> None:
    with pytest.raises(RuleViolation) as caught:
        read("day", AT, AT - DAY)
    assert caught.value.code == "monitoring.range_reversed"


def test_too_many_series_at_once() -> None:
    for number in range(reading.MOST_SERIES):
        OperationType.objects.create(code=f"t{number}", name=f"t{number}")
    with pytest.raises(RuleViolation) as caught:
        read("day", AT - DAY, AT, "works_today")
    assert caught.value.code == "monitoring.too_many_series"


class TestAcrossTheBorder:
    """Forty days of numbers: a series of days is the same before and after they are rolled up."""

    keys = ("overdue", "outbox_lag", "open_by_status:ready")
    first = clock.local(AT).date() - 40 * DAY

    def lay(self) -> dict[str, dict[date, list[float]]]:
        rng = random.Random(7)
        found: dict[str, dict[date, list[float]]] = {key: defaultdict(list) for key in self.keys}
        for n in range(41):
            day = self.first + n * DAY
            for hour in sorted(rng.sample(range(24), rng.randrange(4))):
                numbers = {key: rng.choice([None, 0, 1, 12, 2.125]) for key in self.keys}
                moment = clock.day_start(day) + hour * HOUR
                if moment >= AT:
                    continue
                put(moment, **numbers)
                for key, number in numbers.items():
                    if number is not None:
                        found[key][day].append(number)
        return found

    def test_no_seam(self) -> None:
        """Against a count by hand, before the clean-up, after it and after another one."""
        laid = self.lay()
        start = clock.day_start(self.first)
        expected = {
            key: [
                _by_hand(clock.day_start(self.first + n * DAY), days.get(self.first + n * DAY))
                for n in range(41)
            ]
            for key, days in laid.items()
        }
        assert read("day", start, AT, *self.keys) == expected
        assert snapshots.forget(at=AT).days > 3
        assert read("day", start, AT, *self.keys) == expected
        assert snapshots.forget(at=AT + 5 * DAY).days > 1
        assert read("day", start, AT, *self.keys) == expected

    def test_finer_buckets_are_gaps_there(self) -> None:
        self.lay()
        snapshots.forget(at=AT)
        found = read("hour", clock.day_start(self.first), clock.day_start(self.first + 3 * DAY))
        assert len(found["overdue"]) == 72
        assert not any(point.count for point in found["overdue"])


def _by_hand(start: datetime, numbers: list[float] | None) -> Point:
    if not numbers:
        return Point(start)
    average = round(sum(numbers) / len(numbers), 3)
    return Point(start, min(numbers), max(numbers), average, numbers[-1], len(numbers))


@pytest.mark.parametrize("bucket", Bucket.values)
def test_the_number_of_queries_does_not_grow(bucket: str) -> None:
    counted = []
    for several in (3, 60):
        for n in range(several):
            put(AT - n * 7 * MINUTE, overdue=n)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read(bucket, AT - DAY, AT, "overdue", "due_today", "bot_silent")
        counted.append(len([q for q in queries if "SELECT" in q["sql"]]))
    assert counted[0] == counted[1] == (2 if bucket == "day" else 1)
