"""Geometry of the charts: counts to coordinates in a box of units, drawn by templates as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from analytics.intervals import Proportion
from analytics.returns import Bar

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 32
LIMITS = ((1.96, "95 %"), (3.09, "99.8 %"))
"""Control limits of a funnel plot in standard errors (D. Spiegelhalter, Statist. Med. 24, 2005)."""


@dataclass(frozen=True)
class Dot:
    """One person in the funnel; ``outside`` the wide limits, upwards."""

    x: float
    y: float
    label: str
    key: int
    outside: bool
    side: str = "right"

    @property
    def text_x(self) -> float:
        return self.x + 9 if self.side == "right" else self.x - 9


@dataclass(frozen=True)
class Funnel:
    """Shares against the number of cases, with the limits chance alone would keep."""

    dots: list[Dot]
    curves: list[tuple[str, str]]
    middle: float
    marks_x: list[tuple[float, int]]
    marks_y: list[tuple[float, int]]


def funnel(points: Iterable[tuple[int, str, Proportion]], whole: Proportion) -> Funnel | None:
    """``points`` are (key, label, returned of checked); those with too few cases are left out.

    None when fewer than two can be shown, or nothing ever came back.
    """
    shown = [(key, label, one) for key, label, one in points if one.enough]
    if len(shown) < 2 or not whole.part:
        return None
    share = whole.part / whole.whole
    most = max(one.whole for _key, _label, one in shown)
    wide = share + LIMITS[-1][0] * sqrt(share * (1 - share) / min(one.whole for *_k, one in shown))
    top = min(1.0, 1.1 * max(wide, *(one.part / one.whole for *_k, one in shown)))
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(number: float) -> float:
        return round(LEFT + across * number / (most * 1.05), 1)

    def y(value: float) -> float:
        return round(TOP + up * (1 - min(value, top) / top), 1)

    def limit(errors: float, number: int) -> float:
        return max(0.0, share + errors * sqrt(share * (1 - share) / number))

    cases = [max(1, round(most * 1.05 * step / 60)) for step in range(1, 61)]
    curves = [
        (name, " ".join(f"{x(n)},{y(limit(sign * errors, n))}" for n in cases))
        for errors, name in LIMITS
        for sign in (1, -1)
    ]
    dots = [
        Dot(
            x(one.whole),
            y(one.part / one.whole),
            label,
            key,
            one.part / one.whole > limit(LIMITS[-1][0], one.whole),
        )
        for key, label, one in shown
    ]
    return Funnel(
        _labelled(dots),
        curves,
        y(share),
        [(x(number), number) for number in _marks(most)],
        [(y(mark / 100), mark) for mark in _marks(round(top * 100))],
    )


def _labelled(dots: list[Dot]) -> list[Dot]:
    """Names stand beside their dots unless they would stand on each other: then none."""
    placed: list[tuple[float, float, float]] = []
    found = []
    for dot in sorted(dots, key=lambda one: (not one.outside, one.y, one.x)):
        wide = 7.0 * len(dot.label) + 9
        side = "right" if dot.x + wide < WIDTH else "left"
        left, right = (dot.x, dot.x + wide) if side == "right" else (dot.x - wide, dot.x)
        free = all(abs(dot.y - y) > 13 or right < start or left > end for start, end, y in placed)
        if free:
            placed.append((left, right, dot.y))
        found.append(replace(dot, side=side if free else ""))
    return found


def _marks(most: int) -> list[int]:
    """Round numbers up to ``most``, about five."""
    step = next(
        unit * ten
        for ten in (1, 10, 100, 1000, 10_000, 100_000, 1_000_000)
        for unit in (1, 2, 5)
        if unit * ten * 6 >= most
    )
    return list(range(0, most + 1, step))


@dataclass(frozen=True)
class Column:
    """A bar of the Pareto chart and the point of the cumulative line above it."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    line: float
    bar: Bar


def pareto(bars: Sequence[Bar]) -> list[Column]:
    """Bars side by side, the highest as high as the box; the line ends at 100 %."""
    if not bars:
        return []
    highest = max(bar.count for bar in bars)
    up, slot = HEIGHT - TOP - BOTTOM, (WIDTH - LEFT - RIGHT) / len(bars)
    columns = []
    for number, bar in enumerate(bars):
        height = up * bar.count / highest
        x = LEFT + slot * number + slot * 0.1
        columns.append(
            Column(
                round(x, 1),
                round(TOP + up - height, 1),
                round(slot * 0.8, 1),
                round(height, 1),
                round(x + slot * 0.4, 1),
                round(TOP + up * (1 - bar.cumulative), 1),
                bar,
            )
        )
    return columns
