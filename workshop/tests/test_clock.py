"""Moments in their canonical text: hashes are reckoned over it, so it must never change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from workshop.lib import clock

MOMENTS = [
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 7, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC),
    datetime(987, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=3))),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_canonical_text(moment: datetime) -> None:
    told = clock.iso(moment)
    expected = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    assert told == f"{expected}Z"
    assert clock.from_iso(told) == moment


def test_nothing_stays_nothing_and_a_naive_moment_is_a_bug() -> None:
    assert clock.iso(None) is None
    with pytest.raises(ValueError, match="naive"):
        clock.iso(datetime(2026, 1, 2))  # noqa: DTZ001  # that is what is refused
