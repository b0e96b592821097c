"""Percentiles of what was really observed: never a value between two cases."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, Final, Protocol, TypeVar


class Ordered(Protocol):
    """Anything that can be sorted: durations, numbers."""

    def __lt__(self, other: Any, /) -> bool: ...


T = TypeVar("T", bound=Ordered)

MEDIAN: Final = 50
P90: Final = 90


def percentile(values: Sequence[T], percent: int) -> T | None:
    """The smallest value that at least ``percent`` of a hundred values do not exceed; None of none.

    The nearest rank: the inverse of the empirical distribution function, definition 1 of R. J.
    Hyndman and Y. Fan, Sample Quantiles in Statistical Packages, The American Statistician 50
    (1996). "Nine of ten took no longer" is then true as it is said. ValueError outside 1…100.
    """
    if not 1 <= percent <= 100:
        raise ValueError(f"there is no percentile {percent}")
    if not values:
        return None
    # In whole numbers: 0.9 * 10 is not 9 for a computer.
    return sorted(values)[ceil(percent * len(values) / 100) - 1]
