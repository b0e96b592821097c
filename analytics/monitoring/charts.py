"""Series as charts: a line breaks where nothing was measured, what still runs is pale."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from analytics.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from analytics.monitoring.reading import SLOT, Bucket, Point
from workshop.lib import clock

LENGTHS: Final = {Bucket.RAW: SLOT, Bucket.HOUR: timedelta(hours=1)}
SPARK_WIDTH, SPARK_HEIGHT = 120, 28
MOST_MARKS: Final = 6


def bucket_end(bucket: Bucket, start: datetime) -> datetime:
    """The beginning of the following bucket; a day may have 23 or 25 hours."""
    if bucket == Bucket.DAY:
        return clock.day_bounds(clock.local(start).date())[1]
    return start + LENGTHS[bucket]


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    title: str
    partial: bool


@dataclass(frozen=True)
class Chart:
    """``lines`` are the runs without a gap, ``bands`` the runs from lowest to highest, ``gaps``
    the places (x, width) where nothing was measured; ``marks_y`` are (y, text), ``marks_x`` (x,
    anchor, text).
    """

    width: int
    height: int
    lines: list[str]
    bands: list[str]
    dots: list[Dot]
    gaps: list[tuple[float, float]]
    marks_y: list[tuple[float, str]]
    marks_x: list[tuple[float, str, str]]


@dataclass(frozen=True)
class _Box:
    """Where points lie, from zero at its lower to ``top`` at its upper edge."""

    count: int
    top: float
    left: float
    right: float
    upper: float
    lower: float

    @property
    def slot(self) -> float:
        return (self.right - self.left) / self.count

    def x(self, place: int) -> float:
        return round(self.left + self.slot * (place + 0.5), 1)

    def y(self, value: float) -> float:
        share = max(0.0, value) / self.top
        return round(self.lower - (self.lower - self.upper) * share, 1)


def chart(
    points: Sequence[Point], bucket: Bucket, *, at: datetime, words: Callable[[float], str]
) -> Chart | None:
    """The last value of each bucket, and the range within it; None when all is a gap.

    ``words`` says a value with its unit. The scale begins at zero: a change must not look larger
    than it is.
    """
    known = [one for one in points if one.count]
    if not known:
        return None
    marks = _steps(max(float(one.highest or 0) for one in known))
    box = _Box(len(points), marks[-1], LEFT + 22, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM)
    return Chart(
        WIDTH,
        HEIGHT,
        list(_lines(points, box)),
        list(_bands(points, box)),
        [
            Dot(
                box.x(place),
                box.y(float(one.last or 0)),
                f"{moment(one.start, bucket)}: {words(float(one.last or 0))}",
                bucket_end(bucket, one.start) > at,
            )
            for place, one in enumerate(points)
            if one.count
        ],
        list(_gaps(points, box)),
        [(box.y(mark), words(mark)) for mark in marks],
        list(_marks_x(points, bucket, box)),
    )


def spark(points: Sequence[Point]) -> Chart | None:
    """The same in a line of text: only its course."""
    known = [float(one.last or 0) for one in points if one.count]
    if len(known) < 2:
        return None
    box = _Box(len(points), max(1.0, *known), 0, SPARK_WIDTH, 3, SPARK_HEIGHT - 3)
    lines, gaps = list(_lines(points, box)), list(_gaps(points, box))
    place, last = max((place, one) for place, one in enumerate(points) if one.count)
    dot = Dot(box.x(place), box.y(float(last.last or 0)), "", partial=False)
    return Chart(SPARK_WIDTH, SPARK_HEIGHT, lines, [], [dot], gaps, [], [])


def moment(start: datetime, bucket: Bucket) -> str:
    """A bucket as people write it, in the workshop's time."""
    local = clock.local(start)
    return f"{local:%d.%m.%Y}" if bucket == Bucket.DAY else f"{local:%d.%m %H:%M}"


def _runs(points: Sequence[Point]) -> Iterator[tuple[bool, list[tuple[int, Point]]]]:
    """Neighbours with numbers, and neighbours without, in turn."""
    for known, run in groupby(enumerate(points), key=lambda one: bool(one[1].count)):
        yield known, list(run)


def _lines(points: Sequence[Point], box: _Box) -> Iterator[str]:
    for known, run in _runs(points):
        if known and len(run) > 1:
            yield " ".join(f"{box.x(n)},{box.y(float(one.last or 0))}" for n, one in run)


def _bands(points: Sequence[Point], box: _Box) -> Iterator[str]:
    for known, run in _runs(points):
        if known and len(run) > 1 and any(one.highest != one.lowest for _n, one in run):
            above = [f"{box.x(n)},{box.y(float(one.highest or 0))}" for n, one in run]
            below = [f"{box.x(n)},{box.y(float(one.lowest or 0))}" for n, one in reversed(run)]
            yield " ".join([*above, *below])


def _gaps(points: Sequence[Point], box: _Box) -> Iterator[tuple[float, float]]:
    for known, run in _runs(points):
        if not known:
            yield round(box.left + box.slot * run[0][0], 1), round(box.slot * len(run), 1)


def _steps(highest: float) -> list[float]:
    """Whole round values from zero to the highest or above it, about four of them."""
    step = next(
        float(unit * 10**power)
        for power in range(16)
        for unit in (1, 2, 5)
        if unit * 10**power * 4 >= highest
    )
    marks = [0.0, step]
    while marks[-1] < highest:
        marks.append(marks[-1] + step)
    return marks


def _marks_x(
    points: Sequence[Point], bucket: Bucket, box: _Box
) -> Iterator[tuple[float, str, str]]:
    """From the newest backwards: the last point is the one that is looked for."""
    every = -(-len(points) // MOST_MARKS)
    for place in range(len(points) - 1, -1, -every):
        local = clock.local(points[place].start)
        text = f"{local:%d.%m}" if bucket == Bucket.DAY else f"{local:%d.%m %H:%M}"
        near_left, near_right = place * box.slot < 40, (len(points) - place) * box.slot < 40
        yield box.x(place), "start" if near_left else "end" if near_right else "middle", text
