"""Proportions with what they are worth: a number of few cases says little."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution: two-sided 95 %."""

ENOUGH = 20
"""Fewer cases are neither coloured, sorted, compared nor alerted."""


@dataclass(frozen=True)
class Proportion:
    """``part`` of ``whole``; without cases there is no share (None), never 0 % or 100 %."""

    part: int
    whole: int

    def __post_init__(self) -> None:
        if not 0 <= self.part <= self.whole:
            raise ValueError(f"{self.part} of {self.whole} is no proportion")

    @property
    def share(self) -> float | None:
        """0 to 1."""
        return self.part / self.whole if self.whole else None

    @property
    def enough(self) -> bool:
        return self.whole >= ENOUGH

    @property
    def interval(self) -> tuple[float, float] | None:
        """The Wilson score interval, 95 %, as shares from 0 to 1; None without cases.

        E. B. Wilson, Probable inference, the law of succession, and statistical inference,
        JASA 22 (1927): ``(p + z²/2n ± z·sqrt(p(1−p)/n + z²/4n²)) / (1 + z²/n)``.
        """
        if not self.whole:
            return None
        share, square = self.part / self.whole, Z95 * Z95 / self.whole
        middle = share + square / 2
        half = Z95 * sqrt(share * (1 - share) / self.whole + square / (4 * self.whole))
        # Rounding must not push an end past the estimate or out of the unit.
        low = max(0.0, min(share, (middle - half) / (1 + square)))
        high = min(1.0, max(share, (middle + half) / (1 + square)))
        return low, high

    def __add__(self, other: Proportion) -> Proportion:
        return Proportion(self.part + other.part, self.whole + other.whole)
