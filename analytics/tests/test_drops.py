"""A drop is told once, of final works, and not again when weeks take the place of months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.events import QualityDropped, quality_stream
from analytics.services.drops import tell_drops
from analytics.tests.months import make_works
from analytics.tests.test_trend import make_months
from history.models import Event
from receipts.models import ReturnCase
from staff.models import Employee
from tests.cast import Cast, make_cast
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db

ACTOR = system_actor("analytics.tell_drops")
OCTOBER = date(2026, 10, 1)
FINAL = datetime(2026, 11, 14, 21, tzinfo=UTC)  # October has been over for two weeks


@pytest.fixture
def cast() -> Cast:
    """Maxim's October is bad, Mark's is as ever."""
    cast = make_cast()
    make_months(cast.maxim, [(40, 1)] * 10 + [(40, 12)], until=OCTOBER)
    make_months(cast.mark, [(40, 1)] * 11, until=OCTOBER)
    return cast


def told() -> list[tuple[str, str, str]]:
    rows = Event.objects.filter(kind=QualityDropped.kind).order_by("pk")
    return [(row.stream, row.payload["first"], row.payload["after"]) for row in rows]


def test_once_and_only_when_it_is_final(cast: Cast) -> None:
    assert tell_drops(actor=ACTOR, at=FINAL - timedelta(seconds=1)) == 0
    assert tell_drops(actor=ACTOR, at=FINAL) == 1
    expected = [(quality_stream(cast.maxim.pk), "2026-10-01", "2026-11-01")]
    assert told() == expected
    for days in (0, 1, 20):
        assert tell_drops(actor=ACTOR, at=FINAL + timedelta(days=days)) == 0
    assert told() == expected


def test_the_event_holds_no_figure(cast: Cast) -> None:
    tell_drops(actor=ACTOR, at=FINAL)
    payload = Event.objects.get(kind=QualityDropped.kind).payload
    assert set(payload) == {"employee", "first", "after"}


def test_what_is_long_past_is_not_told(cast: Cast) -> None:
    assert tell_drops(actor=ACTOR, at=FINAL + timedelta(days=31, seconds=1)) == 0
    assert tell_drops(actor=ACTOR, at=FINAL + timedelta(days=31)) == 1


def test_a_return_that_was_taken_back_is_no_drop(cast: Cast) -> None:
    ReturnCase.objects.filter(returned_at__gte=datetime(2026, 10, 1, tzinfo=UTC)).update(
        voided_at=FINAL
    )
    assert tell_drops(actor=ACTOR, at=FINAL) == 0


def test_a_return_that_was_registered_late_is(cast: Cast) -> None:
    ReturnCase.objects.filter(returned_at__gte=datetime(2026, 10, 1, tzinfo=UTC)).update(
        voided_at=FINAL
    )
    assert tell_drops(actor=ACTOR, at=FINAL) == 0
    ReturnCase.objects.update(voided_at=None)
    assert tell_drops(actor=ACTOR, at=FINAL + timedelta(days=3)) == 1


def test_weeks_of_a_month_that_was_told_are_not_told_again(cast: Cast) -> None:
    assert tell_drops(actor=ACTOR, at=FINAL) == 1
    # So many works were entered later that five returns are expected of a week.
    for week in range(50):
        day = date(2026, 10, 28) - timedelta(weeks=week)
        make_works(cast.maxim, day, checked=60, returned=40 if day >= OCTOBER else 6)
    assert tell_drops(actor=ACTOR, at=FINAL + timedelta(days=1)) == 0
    # Without the memory it would be.
    quiet = Employee.objects.get(pk=cast.mark.pk)
    for week in range(50):
        day = date(2026, 10, 28) - timedelta(weeks=week)
        make_works(quiet, day, checked=60, returned=40 if day >= date(2026, 10, 26) else 6)
    assert tell_drops(actor=ACTOR, at=FINAL + timedelta(days=1)) == 1
    assert told()[-1] == (quality_stream(quiet.pk), "2026-10-26", "2026-11-02")
