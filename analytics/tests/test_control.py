"""Control charts: worked examples of textbooks, laws on generated data, false alarms counted."""

from __future__ import annotations

import random
from math import comb, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import control
from analytics.control import Centre, Rule, centre, chi_square_tail, sigma_z, signals, trial_centre
from analytics.intervals import ENOUGH, Proportion

# D. C. Montgomery, Introduction to Statistical Quality Control, 6th ed., table 7.4: purchase
# orders with an error, 25 weeks, sample size varies. The text: p̄ = 234/2450 = 0.096; week 11
# lies above its limit.
PURCHASES = [
    (12, 100), (8, 80), (6, 80), (9, 100), (10, 110), (12, 110), (11, 100), (16, 100), (10, 90),
    (6, 90), (20, 110), (15, 120), (9, 120), (8, 120), (6, 110), (8, 80), (10, 80), (7, 80),
    (5, 90), (8, 100), (5, 100), (8, 100), (10, 100), (6, 90), (9, 90),
]  # fmt: skip

# The same, table 7.1: orange juice cans, 30 samples of 50. The text: p̄ = 0.2313, limits 0.0524
# and 0.4102; samples 15 and 23 lie above.
CANS = [
    12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12,
    7, 13, 9, 6,
]  # fmt: skip


def points(pairs: list[tuple[int, int]]) -> list[Proportion]:
    return [Proportion(*pair) for pair in pairs]


def test_montgomery_varying_sample_size() -> None:
    orders = points(PURCHASES)
    usual = trial_centre(orders)
    assert usual is not None
    assert usual.share == pytest.approx(234 / 2450)
    assert usual.spread == 1
    low, high = usual.limits(100)
    assert (low, high) == (pytest.approx(0.0073, abs=5e-4), pytest.approx(0.1837, abs=5e-4))
    assert usual.limits(80)[0] == 0  # −0.003 in the book: no share is negative
    assert usual.limits(110)[1] == pytest.approx(0.1796, abs=5e-4)
    outside = [one.index for one in signals(orders, usual) if one.rule == Rule.OUTSIDE]
    assert outside == [10]


def test_montgomery_constant_sample_size() -> None:
    cans = points([(part, 50) for part in CANS])
    usual = Centre(sum(CANS) / 1500)
    assert usual.share == pytest.approx(0.2313, abs=5e-5)
    assert usual.limits(50) == (
        pytest.approx(0.0524, abs=1e-4),
        pytest.approx(0.4102, abs=1e-4),
    )
    found = [one for one in signals(cans, usual) if one.rule == Rule.OUTSIDE]
    assert [(one.index, one.worse) for one in found] == [(14, True), (22, True)]


def test_montgomery_revised_limits() -> None:
    """The text leaves samples 15 and 23 out: 301/1400 = 0.2150, limits 0.0407 and 0.3893; then
    sample 21 lies above. (Its chart is a p-chart throughout, so is this one.)"""
    cans = points([(part, 50) for part in CANS])
    kept = [one for one in cans if not Centre(sum(CANS) / 1500).is_outside(one)]
    assert len(kept) == 28
    whole = sum(kept, Proportion(0, 0))
    usual = Centre(whole.part / whole.whole)
    assert usual.share == pytest.approx(0.2150, abs=5e-5)
    assert usual.limits(50) == (
        pytest.approx(0.0407, abs=1e-4),
        pytest.approx(0.3893, abs=1e-4),
    )
    assert [one.index for one in signals(cans, usual) if one.rule == Rule.OUTSIDE] == [14, 20, 22]


def test_laney_by_hand() -> None:
    """Ten points of 100 at 20 % on average: z is ±2.5 in turn (5 of 100 are 1.25 σ)."""
    swinging = points([(10, 100), (30, 100)] * 5)
    usual = centre(swinging)
    assert usual is not None
    assert usual.share == pytest.approx(0.2)
    # σ = √(0.2 · 0.8 / 100) = 0.04; z = ±2.5; every moving range 5; σz = 5 / 1.128 = 4.4326
    assert usual.spread == pytest.approx(5 / 1.128)
    low, high = usual.limits(100)
    assert low == 0
    assert high == pytest.approx(0.2 + 3 * 4.43262 * 0.04, abs=1e-5)
    assert signals(swinging, usual) == []


def test_one_bad_point_does_not_widen_the_limits() -> None:
    """Else the drop that the chart shall show would hide itself; nor does it count as usual."""
    steady = [(3, 60), (2, 60), (4, 60), (3, 60), (3, 60), (2, 60), (4, 60), (3, 60), (3, 60)]
    usual = centre(points([*steady, (14, 60)]))
    assert usual == Centre(27 / 540)
    found = signals(points([*steady, (14, 60)]), usual)
    assert [(one.rule, one.index, one.worse) for one in found] == [(Rule.OUTSIDE, 9, True)]


@pytest.mark.parametrize(
    ("value", "freedom", "tail"),
    [
        (3.841459, 1, 0.05),
        (5.991465, 2, 0.05),
        (18.307038, 10, 0.05),
        (19.675138, 11, 0.05),
        (35.172462, 23, 0.05),
        (29.588298, 10, 0.001),
        (0.0, 4, 1.0),
    ],
)
def test_chi_square_of_the_tables(value: float, freedom: int, tail: float) -> None:
    """Critical values of any table of χ²."""
    assert chi_square_tail(value, freedom) == pytest.approx(tail, rel=1e-5)


@given(st.integers(1, 60), st.floats(0.001, 0.999), st.data())
def test_the_binomial_is_summed_exactly(whole: int, share: float, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    exact = sum(
        comb(whole, k) * share**k * (1 - share) ** (whole - k) for k in range(part, whole + 1)
    )
    assert control.at_least(part, whole, share) == pytest.approx(exact, rel=1e-9, abs=1e-12)
    both = control.at_least(part, whole, share) + control.at_most(part, whole, share)
    assert both >= 1 - 1e-9
    assert control.at_least(0, whole, share) == pytest.approx(1)


def test_shares_of_nothing_and_everything() -> None:
    assert control.at_least(1, 5, 0.0) == 0
    assert control.at_least(0, 5, 0.0) == 1
    assert control.at_most(4, 5, 1.0) == 0
    assert centre([]) is None
    assert centre([Proportion(0, 0)]) is None
    clean = centre(points([(0, 40)] * 12))
    assert clean == Centre(0.0)
    assert clean.limits(40) == (0, 0)
    assert signals(points([(0, 40)] * 12), clean) == []
    spotless = points([*[(0, 40)] * 11, (6, 40)])
    usual = centre(spotless)
    assert usual is not None
    assert [(one.rule, one.index) for one in signals(spotless, usual) if one.worse] == [
        (Rule.OUTSIDE, 11)
    ]


cells = st.integers(0, 400).flatmap(
    lambda whole: st.builds(Proportion, st.integers(0, whole), st.just(whole))
)


@given(st.lists(cells, min_size=1, max_size=40))
def test_laws(cases: list[Proportion]) -> None:
    usual = centre(cases)
    if usual is None:
        assert not any(one.whole for one in cases)
        return
    assert 0 <= usual.share <= 1
    assert usual.spread >= 1
    for one in filter(lambda one: one.whole, cases):
        low, high = usual.limits(one.whole)
        assert 0 <= low <= usual.share <= high <= 1
        inside = low - 1e-12 <= one.part / one.whole <= high + 1e-12
        assert not (usual.is_outside(one) and inside)
        wider, narrower = usual.limits(one.whole), usual.limits(one.whole * 4)
        assert narrower[1] - narrower[0] <= wider[1] - wider[0] + 1e-12
    found = signals(cases, usual)
    assert all(cases[one.index].whole >= ENOUGH for one in found), "few cases are never judged"
    assert [one.index for one in found] == sorted(one.index for one in found)


@given(st.lists(cells, min_size=1, max_size=40))
def test_few_cases_are_passed_over(cases: list[Proportion]) -> None:
    """A point of few cases between two others changes nothing about the others' signals."""
    usual = centre(cases)
    if usual is None:
        return
    whole = [(one.rule, one.worse) for one in signals(cases, usual)]
    kept = [one for one in cases if one.enough]
    assert [(one.rule, one.worse) for one in signals(kept, usual)] == whole


def test_a_run_of_nine() -> None:
    usual = Centre(0.1)
    above = points([(11, 100)] * 9)
    assert [one.rule for one in signals(above[:8], usual)] == []
    assert [(one.rule, one.index, one.worse) for one in signals(above, usual)] == [
        (Rule.RUN, 8, True)
    ]
    below = points([(9, 100)] * 9)
    assert [(one.rule, one.worse) for one in signals(below, usual)] == [(Rule.RUN, False)]
    assert signals([*above[:8], Proportion(10, 100)], usual) == []  # on the line: no side


def test_two_of_three_beyond_two_errors() -> None:
    usual = Centre(0.1)  # of 100 cases: 3 % an error
    far, near = (17, 100), (10, 100)
    found = signals(points([far, near, far]), usual)
    assert [(one.rule, one.index) for one in found] == [(Rule.TWO_OF_THREE, 2)]
    assert signals(points([far, near, near, far]), usual) == []
    assert signals(points([far, near, (3, 100)]), usual) == []  # the other side
    assert signals(points([far, far]), usual) == []  # two only


def simulated(
    share: float, cases: int, count: int, extra: float, rng: random.Random
) -> list[Proportion]:
    """``extra`` is the standard deviation of the true share between points."""
    found = []
    for _number in range(count):
        true = min(1.0, max(0.0, rng.gauss(share, extra)))
        found.append(Proportion(sum(rng.random() < true for _case in range(cases)), cases))
    return found


def test_false_alarms_are_as_rare_as_promised() -> None:
    """Where nothing changes: points outside by chance, and p′ where p would do."""
    rng = random.Random(1)
    outside = wide = judged = charts = 0
    for share, cases in [(0.03, 30), (0.03, 60), (0.05, 40), (0.1, 25), (0.1, 80)] * 40:
        shown = simulated(share, cases, 24, 0.0, rng)
        usual = centre(shown)
        assert usual is not None
        outside += sum(one.rule == Rule.OUTSIDE for one in signals(shown, usual))
        wide += usual.spread > 1
        judged, charts = judged + 24, charts + 1
    assert outside / judged < 0.0027, outside / judged  # both sides of three errors
    assert wide / charts < 0.08, wide / charts


def test_without_the_exact_count_few_cases_would_alarm() -> None:
    """3 of 30 at 2 %: beyond three errors, and yet chance does it every 45th time."""
    usual, bad = Centre(0.02), Proportion(3, 30)
    assert usual.distance(bad) > 3
    assert control.at_least(3, 30, 0.02) == pytest.approx(0.0217, abs=5e-4)
    assert not usual.is_outside(bad)
    assert usual.is_outside(Proportion(6, 30))


def test_over_dispersion_is_found_and_laney_agrees_with_the_truth() -> None:
    """The true share swings by 4 %: σz ≈ √(1 + (0.04/0.02)²) at 0.1 and 225 cases."""
    rng = random.Random(2)
    found, spreads = 0, []
    for _number in range(60):
        usual = centre(simulated(0.1, 225, 24, 0.04, rng))
        assert usual is not None
        found += usual.spread > 1
        spreads.append(usual.spread)
    assert found > 55, found
    assert sum(spreads) / 60 == pytest.approx(sqrt(5), rel=0.08)


def test_sigma_z_is_one_where_only_chance_is_at_work() -> None:
    rng = random.Random(3)
    sigmas = []
    for _number in range(60):
        shown = simulated(0.2, 150, 24, 0.0, rng)
        usual = Centre(0.2)
        sigmas.append(sigma_z([usual.distance(one) for one in shown]))
    assert sum(sigmas) / 60 == pytest.approx(1, abs=0.05)


def test_a_drop_is_found() -> None:
    """From 3 % to 20 % in a month of 60 works: found nearly always."""
    rng, found = random.Random(4), 0
    for _number in range(100):
        shown = simulated(0.03, 60, 23, 0.0, rng) + simulated(0.2, 60, 1, 0.0, rng)
        usual = centre(shown)
        assert usual is not None
        found += any(one.index == 23 and one.worse and one.rule == Rule.OUTSIDE
                     for one in signals(shown, usual))  # fmt: skip
    assert found > 85, found


def test_above_the_funnel() -> None:
    whole = Proportion(50, 1000)
    assert control.above_funnel(Proportion(12, 60), whole)
    assert not control.above_funnel(Proportion(7, 60), whole)
    assert not control.above_funnel(Proportion(19, 19), whole)  # too few to judge
    assert not control.above_funnel(Proportion(0, 60), Proportion(0, 1000))
