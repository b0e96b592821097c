"""The state machine of one alert: by example, and against whatever readings may come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.monitoring.judging import (
    MEMORY,
    Act,
    Comparison,
    Mark,
    Quiet,
    Terms,
    breaches,
    is_beyond,
    keys_of,
    step,
)

START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ABOVE_5 = Terms(Comparison.ABOVE, Decimal(5))


@dataclass(frozen=True)
class Rule:
    metric: str = "lag"
    label: str = ""
    comparison: str = Comparison.ABOVE
    threshold: Decimal = Decimal(5)


def play(
    terms: Terms, *readings: tuple[int, object], mark: Mark | None = None
) -> list[tuple[int, Act]]:
    """What happened at which minute; a callable in place of a value is what a person does."""
    now, found = mark or Mark(), []
    for minute, value in readings:
        if callable(value):
            now = value(now)
            continue
        at = START + minute * MINUTE
        number = None if value is None else Decimal(str(value))
        done = step(terms, now, number, at=at, local=at)
        now = done.mark
        found += [(minute, act) for act in done.acts]
    return found


def acknowledge(mark: Mark) -> Mark:
    return replace(mark, acknowledged=True)


def snooze_until(minute: int):  # type: ignore[no-untyped-def]
    return lambda mark: replace(mark, snoozed_until=START + minute * MINUTE)


# --- one moment -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comparison", "value", "expected"),
    [
        (Comparison.ABOVE, "5", False),
        (Comparison.ABOVE, "5.001", True),
        (Comparison.BELOW, "5", False),
        (Comparison.BELOW, "4.999", True),
        (Comparison.EQUAL, "5.000", True),
        (Comparison.EQUAL, "5.001", False),
    ],
)
def test_on_which_side(comparison: str, value: str, expected: bool) -> None:
    assert is_beyond(comparison, Decimal(5), Decimal(value)) is expected


def test_none_and_what_is_not_there_is_never_a_breach() -> None:
    assert breaches([Rule(), Rule("other"), Rule("late", "a")], {"lag": None, "late:b": 9}) == []


def test_a_rule_without_a_label_speaks_of_all_and_of_no_other_metric() -> None:
    numbers = {"late:b": 7, "late:a": 6, "later:a": 9, "late_at:a": 9, "late:c": 5}
    assert list(keys_of(Rule("late"), numbers)) == ["late:a", "late:b", "late:c"]
    found = breaches([Rule("late")], numbers)
    assert [(one.key, one.value) for one in found] == [
        ("late:a", Decimal(6)),
        ("late:b", Decimal(7)),
    ]
    assert list(keys_of(Rule("late", "b"), numbers)) == ["late:b"]


def test_a_float_is_compared_as_it_is_shown() -> None:
    assert breaches([Rule(threshold=Decimal("0.3"))], {"lag": 0.1 + 0.2 - 5e-17}) == []


# --- time -----------------------------------------------------------------------------------------


def test_it_fires_tells_and_is_over_once() -> None:
    assert play(ABOVE_5, (0, 5), (1, 6), (2, 9), (3, 5), (4, 1)) == [
        (1, Act.FIRE),
        (1, Act.TELL),
        (3, Act.RESOLVE),
        (3, Act.TELL_OVER),
    ]


def test_a_breach_has_to_last_without_a_break() -> None:
    terms = replace(ABOVE_5, lasts=10 * MINUTE)
    broken = [(0, 6), (5, 6), (9, 5), (10, 6), (19, 6)]
    assert play(terms, *broken) == []
    assert play(terms, *broken, (20, 6)) == [(20, Act.FIRE), (20, Act.TELL)]


def test_no_data_neither_breaks_a_breach_nor_ends_an_alert() -> None:
    terms = replace(ABOVE_5, lasts=10 * MINUTE)
    found = play(terms, (0, 6), (5, None), (10, 6), (11, None), (12, 1), (13, None))
    assert found == [
        (10, Act.FIRE),
        (10, Act.TELL),
        (12, Act.RESOLVE),
        (12, Act.TELL_OVER),
    ]


def test_a_breach_that_nobody_has_looked_at_begins_anew() -> None:
    """The machine was off overnight: two readings a night apart do not prove ten minutes."""
    terms = replace(ABOVE_5, lasts=10 * MINUTE)
    gap = int(MEMORY / MINUTE) + 1
    assert play(terms, (0, 6), (gap, 6), (gap + 9, 6)) == []
    assert play(terms, (0, 6), (gap, 6), (gap + 10, 6))[0] == (gap + 10, Act.FIRE)


def test_it_has_to_come_back_further_than_it_went() -> None:
    terms = replace(ABOVE_5, clear_at=Decimal(2))
    found = play(terms, (0, 6), (1, 5), (2, 3), (3, 6), (4, 2))
    assert [act for _minute, act in found] == [Act.FIRE, Act.TELL, Act.RESOLVE, Act.TELL_OVER]
    assert found[2][0] == 4


def test_below_and_equal_clear_on_their_own_sides() -> None:
    below = Terms(Comparison.BELOW, Decimal(5), clear_at=Decimal(8))
    assert [
        minute for minute, act in play(below, (0, 4), (1, 7), (2, 8)) if act is Act.RESOLVE
    ] == [2]
    equal = Terms(Comparison.EQUAL, Decimal(5))
    assert [
        minute for minute, act in play(equal, (0, 5), (1, 5), (2, 6)) if act is Act.RESOLVE
    ] == [2]


def test_what_is_gone_is_over() -> None:
    mark = step(ABOVE_5, Mark(), Decimal(6), at=START, local=START).mark
    done = step(ABOVE_5, mark, None, at=START + MINUTE, local=START, gone=True)
    assert done.acts == (Act.RESOLVE, Act.TELL_OVER)


# --- messages -------------------------------------------------------------------------------------


def test_it_is_told_again_after_the_cooldown_until_somebody_has_seen_it() -> None:
    terms = replace(ABOVE_5, cooldown=30 * MINUTE)
    minutes = [(n, 6) for n in range(0, 100, 10)]
    told = [minute for minute, act in play(terms, *minutes) if act is Act.TELL]
    assert told == [0, 30, 60, 90]
    seen = play(terms, *minutes[:5], (45, acknowledge), *minutes[5:], (100, 1))
    assert [entry for entry in seen if entry[1] is not Act.FIRE] == [
        (0, Act.TELL),
        (30, Act.TELL),
        (100, Act.RESOLVE),
        (100, Act.TELL_OVER),
    ]


def test_one_that_flaps_is_told_once_in_a_cooldown() -> None:
    terms = replace(ABOVE_5, cooldown=30 * MINUTE)
    found = play(terms, *[(n, 6 if n % 2 == 0 else 1) for n in range(40)])
    assert [minute for minute, act in found if act is Act.TELL] == [0, 30]
    assert [minute for minute, act in found if act is Act.TELL_OVER] == [1, 31]


def test_it_is_told_higher_up_once_when_nobody_answers() -> None:
    terms = replace(ABOVE_5, cooldown=30 * MINUTE, escalate_after=45 * MINUTE)
    minutes = [(n, 6) for n in range(0, 200, 5)]
    found = play(terms, *minutes)
    assert [minute for minute, act in found if act is Act.ESCALATE] == [45]
    seen = play(terms, *minutes[:3], (11, acknowledge), *minutes[3:])
    assert Act.ESCALATE not in {act for _minute, act in seen}


def test_snoozed_it_is_silent_and_then_told_again() -> None:
    terms = replace(ABOVE_5, cooldown=10 * MINUTE, escalate_after=15 * MINUTE)
    minutes = [(n, 6) for n in range(0, 100, 5)]
    found = play(terms, *minutes[:2], (6, snooze_until(60)), *minutes[2:])
    assert [minute for minute, act in found if 5 < minute < 60] == []
    assert (60, Act.TELL) in found
    assert (60, Act.ESCALATE) in found


NIGHT = Quiet(time(22), time(6))


@pytest.mark.parametrize(
    ("hour", "quiet"), [(21, False), (22, True), (23, True), (0, True), (5, True), (6, False)]
)
def test_quiet_hours_pass_midnight(hour: int, quiet: bool) -> None:
    assert NIGHT.holds(START.replace(hour=hour)) is quiet
    assert Quiet(time(12), time(14)).holds(START.replace(hour=hour)) is False


def test_quiet_hours_delay_a_message() -> None:
    terms = replace(ABOVE_5, quiet=Quiet(time(9), time(10)))  # the first sixty minutes
    found = play(terms, (0, 6), (30, 6), (59, 6), (60, 6))
    assert found == [(0, Act.FIRE), (60, Act.TELL)]


def test_what_came_and_went_in_quiet_hours_is_told_after_them() -> None:
    terms = replace(ABOVE_5, quiet=Quiet(time(9), time(10)))
    found = play(terms, (0, 6), (30, 1), (60, 1), (61, 1))
    assert found == [(0, Act.FIRE), (30, Act.RESOLVE), (60, Act.TELL_OVER)]


def test_that_it_is_over_waits_for_the_morning_too() -> None:
    terms = replace(ABOVE_5, quiet=Quiet(time(9, 30), time(10)))
    found = play(terms, (0, 6), (40, 1), (60, 1))
    assert found[-1] == (60, Act.TELL_OVER)
    assert [act for _minute, act in found].count(Act.TELL_OVER) == 1


# --- whatever comes -------------------------------------------------------------------------------

EVENTS = st.lists(
    st.tuples(
        st.integers(1, 90),
        st.one_of(st.none(), st.integers(0, 10), st.sampled_from(["ack", "snooze"])),
    ),
    max_size=60,
)
TERMS = st.builds(
    Terms,
    comparison=st.just(Comparison.ABOVE.value),
    threshold=st.just(Decimal(5)),
    clear_at=st.sampled_from([None, Decimal(5), Decimal(3)]),
    lasts=st.sampled_from([timedelta(), 5 * MINUTE, 30 * MINUTE]),
    cooldown=st.sampled_from([5 * MINUTE, 60 * MINUTE]),
    escalate_after=st.sampled_from([None, 20 * MINUTE]),
    quiet=st.sampled_from([None, NIGHT, Quiet(time(9, 30), time(11))]),
)


@given(TERMS, EVENTS)
def test_whatever_comes_the_promises_hold(
    terms: Terms, events: list[tuple[int, int | str | None]]
) -> None:
    """Fires and ends alternate; nothing is told in quiet hours, of a snoozed or an acknowledged
    alert, or within the cooldown; higher up once; over only after on; and nothing is lost."""
    mark, at = Mark(), START
    run: list[datetime] = []
    told_at: datetime | None = None
    escalated = believed = False
    for minutes, value in events:
        at += minutes * MINUTE
        if isinstance(value, str):
            if mark.is_open and value == "ack":
                mark = replace(mark, acknowledged=True)
            elif mark.is_open:
                mark = replace(mark, snoozed_until=at + 60 * MINUTE)
            continue
        before, number = mark, None if value is None else Decimal(value)
        done = step(terms, mark, number, at=at, local=at)
        mark = done.mark
        # The breach by the readings themselves, oldest first, since the last one that was none.
        if number is not None:
            run = [*run, at] if number > 5 else []
        for act in done.acts:
            if act is Act.FIRE:
                assert not before.is_open
                assert run
                assert run[-1] - run[0] >= terms.lasts
                escalated = False
            elif act is Act.RESOLVE:
                assert before.is_open
                assert number is not None
                assert number <= (terms.clear_at or 5)
            else:
                assert terms.quiet is None or not terms.quiet.holds(at)
            if act in {Act.TELL, Act.ESCALATE}:
                assert mark.is_open
                assert not mark.acknowledged
                assert mark.snoozed_until is None or at >= mark.snoozed_until
            if act is Act.TELL:
                assert told_at is None or at - told_at >= terms.cooldown
                told_at, believed = at, True
            if act is Act.ESCALATE:
                assert not escalated
                escalated = True
            if act is Act.TELL_OVER:
                assert not mark.is_open
                assert believed or terms.quiet is not None
                believed = False
        if number is None:
            assert mark.is_open is before.is_open
    # In the next quiet-free moment whatever people believe comes right.
    later = (at + timedelta(days=1)).replace(hour=15)
    mark = step(terms, mark, Decimal(0), at=later, local=later).mark
    assert not mark.is_open
    assert not mark.believed
    assert not mark.owed
