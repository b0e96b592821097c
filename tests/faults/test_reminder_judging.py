"""The judge of R4 finds what is missing, extra, twice and late: checked on a hand-made chat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.judging import Person, Verdict, judge
from tests.faults.quarter import MOSCOW
from tests.faults.reminder_oracle import OPEN_END, Opening, Span, openings
from tests.faults.virtual import Arrival

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
IGOR = Person(7, BEGIN, OPEN_END)


def expected(end: datetime = OPEN_END) -> list[Opening]:
    """A watch due on the 25th at 18:00 in Moscow."""
    deadline = datetime(2026, 11, 25, 15, tzinfo=UTC)
    return openings(
        [Span(BEGIN, end, deadline, 1)],
        lambda at: at,
        max,
        lambda at: at + 90 * SECOND,
        datetime(2026, 11, 26, 8, tzinfo=UTC),
        MOSCOW,
    )


def verdict(*times: datetime, text: str = "🔔 Сроки\n№101 · 18:00") -> Verdict:
    arrivals = [Arrival(at, 7, text) for at in times]
    return judge(IGOR, arrivals, {"101": expected()}, lambda at: None)


TIMES = [one.at + SECOND for one in expected()]


def test_the_oracle_knows_the_rules() -> None:
    assert [(one.kind, one.number, one.at.astimezone(MOSCOW).strftime("%d %H:%M"))
            for one in expected()] == [
        ("day", 0, "25 10:00"), ("hour", 0, "25 17:00"), ("overdue", 0, "25 18:05"),
        ("daily", 1, "26 10:00"),
    ]  # fmt: skip
    passed = expected(datetime(2026, 11, 25, 14, 0, 30, tzinfo=UTC))
    assert [(one.kind, one.must) for one in passed] == [("day", True), ("hour", False)]


def test_everything_in_time() -> None:
    found = verdict(*TIMES)
    assert (found.expected, found.once, found.missing, found.extra) == (4, 4, [], [])
    assert found.late == [1.0] * 4
    assert found.met


@pytest.mark.parametrize("gone", range(4))
def test_one_is_missing(gone: int) -> None:
    found = verdict(*TIMES[:gone], *TIMES[gone + 1 :])
    assert len(found.missing) == 1
    assert not found.met


def test_one_comes_twice() -> None:
    found = verdict(*TIMES, TIMES[-1] + HOUR)
    assert (found.once, len(found.twice), len(found.unmarked)) == (3, 1, 1)
    assert not found.met


def test_one_that_nobody_expects() -> None:
    assert len(verdict(BEGIN + HOUR, *TIMES).extra) == 1
    assert len(verdict(*TIMES, text="№102 · 18:00").extra) == 4


def test_one_that_is_late() -> None:
    found = verdict(*TIMES[:3], TIMES[3] + 100 * SECOND)
    assert max(found.late) == 101
    assert not found.met


def test_what_was_told_before_does_not_count() -> None:
    text = "🔔 Сроки\n№102 · 18:00\n\nСообщалось раньше: №101"
    assert len(verdict(*TIMES, text=text).missing) == 4
