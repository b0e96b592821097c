"""The chart of a trend as a drawing: quality in per cent, the usual share, the limits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from math import floor
from typing import Literal

from django.utils.translation import gettext as _

from analytics.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from analytics.trend import Point, Step, Trend
from workshop.lib.drawing import Dot, Drawing, Line, Shape, Word

MOST_MARKS = 8
"""Points that carry their date."""

RADIUS = 4.0


def trend_drawing(shown: Trend) -> Drawing | None:
    """None when nothing was checked yet."""
    if not any(point.returned.whole for point in shown.points):
        return None
    return Drawing(
        _("Quality in time: %(name)s") % {"name": shown.name},
        WIDTH,
        HEIGHT,
        list(_Box(shown).shapes()),
        _(
            "Between the outer lines lies what chance alone does to the usual share (dashed). "
            "Pale points have too few checked works or are not final; red ones are signals."
        ),
    )


class _Box:
    """Quality from the lowest that is shown up to 100 %."""

    def __init__(self, shown: Trend) -> None:
        self.shown, self.points = shown, shown.points
        self.numbered = list(enumerate(self.points))
        self.slot = (WIDTH - LEFT - RIGHT) / len(self.points)
        worst = [
            one.returned.part / one.returned.whole for one in self.points if one.returned.whole
        ]
        wide = [one.limits[1] for one in self.points if one.limits]
        # Limits of very few works would press everything else together.
        lowest = 100 * (1 - max([*worst, min([1.0, *wide]), *[x for x in wide if x < 0.5]]))
        self.floor = max(0, 10 * floor(lowest / 10))

    def x(self, number: int) -> float:
        return LEFT + self.slot * (number + 0.5)

    def y(self, returned: float) -> float:
        """Of the returned share; what lies below the box stands on its edge."""
        good = max(100 * (1 - returned), self.floor)
        return TOP + (HEIGHT - TOP - BOTTOM) * (100 - good) / (100 - self.floor)

    def shapes(self) -> Iterator[Shape]:
        yield from self._scale()
        usual = self.shown.centre
        if usual is not None:
            y = self.y(usual.share)
            yield Line([(LEFT, y), (WIDTH - RIGHT, y)], "middle")
            yield from self._limits()
        known = [(n, one) for n, one in self.numbered if one.returned.whole]
        yield Line([(self.x(n), self._place(one)) for n, one in known], "sum")
        for number, one in known:
            yield Dot(self.x(number), self._place(one), RADIUS, _tone(one))

    def _scale(self) -> Iterator[Shape]:
        step = 10 if self.floor >= 50 else 20
        for mark in range(self.floor, 101, step):
            y = self.y(1 - mark / 100)
            yield Line([(LEFT, y), (WIDTH - RIGHT, y)])
            yield Word(LEFT - 6, y, f"{mark} %", "right")
        every = -(-len(self.points) // MOST_MARKS)
        # From the newest backwards: the last point is the one that is looked for.
        for number in range(len(self.points) - 1, -1, -every):
            one = self.points[number].first
            label = f"{one:%m.%Y}" if self.shown.step == Step.MONTH else f"{one:%d.%m}"
            yield Word(self.x(number), HEIGHT - 14, label, "middle")

    def _limits(self) -> Iterator[Shape]:
        """A step for each point; none without works, or where no share can be outside."""
        for side in (0, 1):
            numbered = ((n, one.limits[side] if one.limits else 0.0) for n, one in self.numbered)
            for there, run in groupby(numbered, key=lambda pair: pair[1] > 0):
                half = self.slot / 2
                steps = [
                    (x, self.y(limit))
                    for number, limit in run
                    for x in (self.x(number) - half, self.x(number) + half)
                ]
                if there:
                    yield Line(steps, "limit")

    def _place(self, one: Point) -> float:
        return self.y(one.returned.part / one.returned.whole)


def _tone(one: Point) -> Literal["dot", "out", "inner"]:
    if any(signal.worse for signal in one.signals):
        return "out"
    return "dot" if one.judged else "inner"
