"""Control charts of a share that comes back: is a point worse than chance alone would make it?

Pure arithmetic, no tables of the workshop. A share of few cases is judged exactly, and shares that
vary more than chance allows get the wider limits of Laney.

- W. A. Shewhart, Economic Control of Quality of Manufactured Product, 1931: three standard errors.
- D. C. Montgomery, Introduction to Statistical Quality Control, 6th ed., 7.2: varying sample size.
- D. B. Laney, Improved control charts for attributes, Quality Engineering 14(4), 2002: p′.
- D. J. Spiegelhalter, Handling over-dispersion of performance indicators, Qual. Saf. Health Care
  14, 2005: the test of over-dispersion on winsorised distances.
- L. S. Nelson, The Shewhart control chart: tests for special causes, J. Quality Technology 16(4),
  1984: tests 1, 2 and 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import erfc, exp, lgamma, log, log1p, sqrt

from analytics.intervals import Proportion

ERRORS = 3.0
"""The limits, in standard errors."""

RARE = 0.00135
"""What lies beyond three standard errors on one side of a normal distribution."""

FUNNEL_ERRORS = 3.09
"""The outer limits of a funnel plot: 99.8 % (D. Spiegelhalter, Statist. Med. 24, 2005)."""

FEWEST_EXPECTED = 5
"""Below so many expected cases the normal approximation says too little: counted exactly."""

FEWEST_POINTS = 8
"""Over-dispersion is not looked for in fewer points."""

D2 = 1.128
"""The mean of the range of two normal values, in standard deviations."""

SURE = 0.05
"""Over-dispersed when chance alone scatters the points so far less often than this."""

RUN = 9
"""So many points in a row on one side of the centre are no chance (Nelson's test 2)."""


class Rule(StrEnum):
    """Why a point is a signal."""

    OUTSIDE = "outside"
    RUN = "run"
    TWO_OF_THREE = "two_of_three"


@dataclass(frozen=True)
class Signal:
    """``worse``: more came back than usual. ``index`` is the point at which it became visible."""

    rule: Rule
    index: int
    worse: bool


@dataclass(frozen=True)
class Centre:
    """What is usual: the share of all points together, and how far chance scatters them.

    ``spread`` is Laney's σz: 1 when the points scatter as chance alone does.
    """

    share: float
    spread: float = 1.0

    def error(self, cases: int) -> float:
        """The standard error of the share of so many cases."""
        return self.spread * sqrt(self.share * (1 - self.share) / cases)

    def limits(self, cases: int) -> tuple[float, float]:
        """Lower and upper limit, as shares from 0 to 1."""
        half = ERRORS * self.error(cases)
        return max(0.0, self.share - half), min(1.0, self.share + half)

    def distance(self, one: Proportion) -> float:
        """How many standard errors the point lies above (or, negative, below) the usual share."""
        error = self.error(one.whole)
        return (one.part / one.whole - self.share) / error if error else 0.0

    def is_outside(self, one: Proportion) -> bool:
        """Beyond a limit. Where few cases are expected it must be as rare as that by count too."""
        distance = self.distance(one)
        if abs(distance) <= ERRORS:
            return False
        if min(self.share, 1 - self.share) * one.whole >= FEWEST_EXPECTED:
            return True
        tail = at_least if distance > 0 else at_most
        return tail(one.part, one.whole, self.share) <= RARE


def centre(points: Sequence[Proportion]) -> Centre | None:
    """The usual share: trial limits of all points, then once more without those outside them.

    So a bad point does not count as usual itself (Montgomery, 7.2.1). None without cases.
    """
    trial = trial_centre(points)
    if trial is None:
        return None
    kept = [point for point in points if not (point.whole and trial.is_outside(point))]
    revised = trial_centre(kept)
    # Where all the rest is spotless there is no scatter to compare with.
    return revised if revised is not None and 0 < revised.share < 1 else trial


def trial_centre(points: Sequence[Proportion]) -> Centre | None:
    """The centre of a p-chart, or of a p′-chart where the points scatter more than chance allows.

    Every case counts for the share; for the scatter only points with enough cases.
    """
    whole = sum(points, Proportion(0, 0))
    if not whole.whole:
        return None
    plain = Centre(whole.part / whole.whole)
    distances = [plain.distance(point) for point in points if point.enough]
    if not is_over_dispersed(distances):
        return plain
    return Centre(plain.share, max(1.0, sigma_z(distances)))


def sigma_z(distances: Sequence[float]) -> float:
    """Laney's σz: the mean moving range of the distances / 1.128; at least two are needed."""
    ranges = [abs(after - before) for before, after in pairwise(distances)]
    return sum(ranges) / len(ranges) / D2


def is_over_dispersed(distances: Sequence[float]) -> bool:
    """Whether the points scatter more than chance alone makes them, one bad point set aside.

    The sum of the squared distances follows χ² with n − 1 degrees of freedom when only chance is
    at work. A tenth at each end, at least one, is drawn in to its neighbour first: else the drop
    that the chart shall show would itself widen the limits until it lies inside.
    """
    if len(distances) < FEWEST_POINTS:
        return False
    drawn_in = winsorised(distances)
    return chi_square_tail(sum(z * z for z in drawn_in), len(distances) - 1) < SURE


def winsorised(values: Sequence[float]) -> list[float]:
    """The values with the outermost tenth at each end, at least one, drawn in."""
    ends = max(1, round(len(values) / 10))
    ordered = sorted(values)
    low, high = ordered[ends], ordered[-1 - ends]
    return [min(high, max(low, value)) for value in values]


def signals(points: Sequence[Proportion], usual: Centre) -> list[Signal]:
    """What is no chance, by Nelson's tests 1, 2 and 5, in the order of the points.

    Points with too few cases are passed over: they neither make nor break a run.
    """
    places = [place for place, point in enumerate(points) if point.enough]
    judged = [points[place] for place in places]
    distances = [usual.distance(point) for point in judged]
    return [
        Signal(rule, places[number], distances[number] > 0)
        for number, point in enumerate(judged)
        for rule in _rules(number, usual.is_outside(point), distances)
    ]


def _rules(number: int, outside: bool, distances: Sequence[float]) -> Iterator[Rule]:
    if outside:
        yield Rule.OUTSIDE
    run = distances[max(0, number - RUN + 1) : number + 1]
    if len(run) == RUN and (all(z > 0 for z in run) or all(z < 0 for z in run)):
        yield Rule.RUN
    here, three = distances[number], distances[max(0, number - 2) : number + 1]
    same_side = [z for z in three if abs(z) > 2 and (z > 0) == (here > 0)]
    if abs(here) > 2 and len(three) == 3 and len(same_side) >= 2:
        yield Rule.TWO_OF_THREE


def above_funnel(one: Proportion, whole: Proportion) -> bool:
    """Whether a share lies above the outer limit of the funnel around the share of the whole."""
    if not one.enough or not whole.part:
        return False
    share = whole.part / whole.whole
    return one.part / one.whole > share + FUNNEL_ERRORS * sqrt(share * (1 - share) / one.whole)


# -- distributions ----------------------------------------------------------------------------


def at_least(part: int, whole: int, share: float) -> float:
    """The probability of ``part`` or more of ``whole`` when each comes back with ``share``."""
    return _binomial(range(part, whole + 1), whole, share)


def at_most(part: int, whole: int, share: float) -> float:
    """The probability of ``part`` or fewer."""
    return _binomial(range(part + 1), whole, share)


def _binomial(parts: range, whole: int, share: float) -> float:
    if not 0 < share < 1:
        return float((0 if share <= 0 else whole) in parts)
    logs = (
        lgamma(whole + 1)
        - lgamma(part + 1)
        - lgamma(whole - part + 1)
        + part * log(share)
        + (whole - part) * log1p(-share)
        for part in parts
    )
    return min(1.0, sum(exp(value) for value in logs))


def chi_square_tail(value: float, freedom: int) -> float:
    """The probability that χ² with so many degrees of freedom is larger.

    M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 26.4.4 and 26.4.5.
    """
    half = value / 2
    if half <= 0:
        return 1.0
    odd = freedom % 2
    tail = erfc(sqrt(half)) if odd else exp(-half)
    place = 0.5 if odd else 1.0
    while place < freedom / 2:
        tail += exp(place * log(half) - half - lgamma(place + 1))
        place += 1
    return min(1.0, tail)
