"""What must hold for any life of a receipt, also one that clocks of two machines have told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analytics.receipt_facts.derived import Check, Derived, Promise, Source, Step, derive, spans
from analytics.working import WorkingTime
from receipts.states import Status
from receipts.worktime import Calendar
from workshop.lib import clock

BEGIN = datetime(2026, 3, 2, 7, tzinfo=UTC)
LONGEST = 40 * 86_400
MOMENTS = st.integers(0, LONGEST * 1_000_000).map(lambda us: BEGIN + timedelta(microseconds=us))
WEEK = Calendar(
    weekly={day: ((time(10), time(13)), (time(14), time(19))) for day in range(5)},
    days_off=frozenset({date(2026, 3, 9)}),
)
WORKING = WorkingTime(BEGIN - timedelta(seconds=1), BEGIN + timedelta(days=60), WEEK, clock.zone())


@st.composite
def sources(draw: st.DrawFn) -> Source:
    """Decisions in the order of the history; their moments mostly in order, too."""
    moments = sorted(draw(st.lists(MOMENTS, max_size=12)))
    if draw(st.booleans()):
        moments = draw(st.permutations(moments))
    steps = [
        Step(at, status, 1 if status == Status.ON_HOLD else None)
        for at in moments
        for status in [draw(st.sampled_from(Status.values))]
    ]
    # Nothing follows a hand-over.
    last = next((i for i, one in enumerate(steps) if one.status == Status.ISSUED), len(steps))
    checks = draw(st.lists(st.tuples(st.integers(1, 5), MOMENTS, st.booleans()), max_size=4))
    promises = draw(st.lists(st.tuples(MOMENTS, MOMENTS), max_size=3))
    return Source(
        id=1,
        received_at=BEGIN,
        steps=steps[: last + 1],
        promises=[Promise(at, until, until) for at, until in sorted(promises)],
        checks=[Check(pk, at, passed) for pk, at, passed in checks],
        returned=draw(st.lists(MOMENTS, max_size=3)),
        works=[(kind, at) for kind, at in draw(st.lists(st.tuples(st.integers(1, 3), MOMENTS)))],
    )


def made(source: Source, at: datetime | None = None) -> Derived:
    return derive(source, WORKING.between, at)


@given(sources())
def test_the_statuses_add_up_to_the_lead_time(source: Source) -> None:
    found = made(source)
    if found.ready is None:
        assert found.times == {}
        return
    assert sum(one.seconds for one in found.times.values()) == found.ready.seconds
    assert sum(one.working for one in found.times.values()) == found.ready.working
    assert all(0 <= one.working <= one.seconds for one in found.times.values())


@given(sources())
def test_stays_follow_one_another(source: Source) -> None:
    stays = list(spans(source.received_at, source.steps))
    assert stays[0].since == source.received_at
    assert stays[-1].until is None
    for one, other in pairwise(stays):
        assert one.until == other.since >= one.since
        assert one.status != other.status


@given(sources())
def test_a_watch_is_ready_or_refused_and_never_both(source: Source) -> None:
    found = made(source)
    assert found.ready_at is None or found.refused_at is None
    assert (found.ready is None) == (found.ready_at is None)
    assert found.repaired_at is None or found.issued is not None
    if found.issued and found.ready:
        assert found.issued.seconds >= found.ready.seconds
        assert found.issued.working >= found.ready.working
    assert (found.first_passed is None) == (found.first_check_at is None) == (not source.checks)


@given(sources(), MOMENTS)
def test_the_past_knows_nothing_of_the_future(source: Source, at: datetime) -> None:
    found = made(source, at)
    moments = (found.ready_at, found.issued_at, found.refused_at, found.first_check_at)
    in_order = sorted(one.at for one in source.steps) == [one.at for one in source.steps]
    if in_order:
        assert all(moment <= at for moment in moments if moment is not None)
    assert found.returns == sum(moment <= at for moment in source.returned)


@given(sources())
def test_after_the_latest_moment_nothing_changes(source: Source) -> None:
    """What makes it right to read the stored row for any question from then on."""
    found = made(source)
    assert made(source, found.last_at) == found
    assert made(source, found.last_at + timedelta(days=1)) == found
