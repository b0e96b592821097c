"""Shares and their intervals: what must hold for any counts, and how often 95 % covers."""

from __future__ import annotations

from math import exp, lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.intervals import ENOUGH, Proportion

counts = st.integers(0, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_the_interval_holds_the_share_within_the_unit(case: tuple[int, int]) -> None:
    found = Proportion(*case)
    if found.interval is None or found.share is None:
        assert found.whole == 0
        assert found.share is None
        return
    low, high = found.interval
    assert 0 <= low <= found.share <= high <= 1
    assert low < high


@given(part=st.integers(0, 200), rest=st.integers(0, 200), times=st.integers(2, 50))
def test_more_cases_of_the_same_share_narrow_it(part: int, rest: int, times: int) -> None:
    whole = part + rest
    if not whole:
        return
    few, many = Proportion(part, whole).interval, Proportion(part * times, whole * times).interval
    assert few is not None
    assert many is not None
    assert many[1] - many[0] < few[1] - few[0]


def test_known_values() -> None:
    # Brown, Cai, DasGupta (2001) and any statistics program: Wilson 95 % of 45 of 50, of 0 of 10.
    assert Proportion(45, 50).interval == pytest.approx((0.7864, 0.9565), abs=1e-4)
    assert Proportion(0, 10).interval == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_no_cases_are_no_data() -> None:
    nothing = Proportion(0, 0)
    assert (nothing.share, nothing.interval, nothing.enough) == (None, None, False)
    assert Proportion(0, ENOUGH).enough
    assert not Proportion(0, ENOUGH - 1).enough


@pytest.mark.parametrize(("part", "whole"), [(-1, 5), (6, 5), (0, -1)])
def test_what_cannot_be_is_refused(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        Proportion(part, whole)


def coverage(n: int, p: float) -> float:
    """How likely the interval of a binomial count holds the true rate: exact, no simulation."""
    total = 0.0
    for part in range(n + 1):
        interval = Proportion(part, n).interval
        if interval is not None and interval[0] <= p <= interval[1]:
            ways = lgamma(n + 1) - lgamma(part + 1) - lgamma(n - part + 1)
            total += exp(ways + part * log(p) + (n - part) * log(1 - p))
    return total
