"""Charts of receipts: counts per bucket of time as stacked columns or lines, drawn as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from analytics.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from analytics.periods import DAY, Period

ACROSS, UP = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM


@dataclass(frozen=True)
class Rect:
    """A part of a column; ``part`` is its place in the legend."""

    x: float
    y: float
    width: float
    height: float
    part: int
    title: str


@dataclass(frozen=True)
class Line:
    points: str
    part: int
    dots: list[tuple[float, float, str]]


@dataclass(frozen=True)
class Drawing:
    """``marks_y`` are (y, number), ``marks_x`` (x, anchor, text), ``legend`` (part, text)."""

    legend: list[tuple[int, str]]
    rects: list[Rect]
    lines: list[Line]
    marks_y: list[tuple[float, int]]
    marks_x: list[tuple[float, str, str]]


Row = tuple[str, Sequence[int]]  # label, one number per part

SHORT, MOST_NAMES = 7, 9
LINES = (0, 2, 3)
"""Colours of lines: the second of columns means something bad."""


def stacked(rows: Sequence[Row], legend: Sequence[str]) -> Drawing | None:
    """Columns of parts on each other; None without anything to show."""
    most = max((sum(numbers) for _label, numbers in rows), default=0)
    if not most:
        return None
    slot = ACROSS / len(rows)
    rects = []
    for place, (label, numbers) in enumerate(rows):
        below = 0
        for part, number in enumerate(numbers):
            if number:
                height = UP * number / most
                rects.append(
                    Rect(
                        round(LEFT + slot * (place + 0.1), 1),
                        round(TOP + UP * (1 - below / most) - height, 1),
                        round(slot * 0.8, 1),
                        round(height, 1),
                        part,
                        f"{label}: {legend[part]} {number}"
                        if legend[part]
                        else f"{label}: {number}",
                    )
                )
            below += number
    named = [(part, name) for part, name in enumerate(legend) if name]
    return Drawing(named, rects, [], _marks_y(most), _marks_x(rows))


def lines(rows: Sequence[Row], legend: Sequence[str]) -> Drawing | None:
    """One line per part; None without anything to show."""
    most = max((max(numbers) for _label, numbers in rows), default=0)
    if not most:
        return None
    slot = ACROSS / len(rows)
    drawn = []
    for part, name in enumerate(legend):
        dots = [
            (
                round(LEFT + slot * (place + 0.5), 1),
                round(TOP + UP * (1 - numbers[part] / most), 1),
                f"{label}: {name} {numbers[part]}",
            )
            for place, (label, numbers) in enumerate(rows)
        ]
        points = " ".join(f"{x},{y}" for x, y, _title in dots)
        drawn.append(Line(points, LINES[part], dots))
    named = [(line.part, name) for line, name in zip(drawn, legend, strict=True)]
    return Drawing(named, [], drawn, _marks_y(most), _marks_x(rows))


def bucket_name(first: date, after: date) -> str:
    """A day, or the first and the last day of a longer one."""
    last = after - DAY
    return f"{first:%d.%m.%Y}" if first == last else f"{first:%d.%m.%Y} – {last:%d.%m.%Y}"


def buckets(asked: Period) -> Iterator[tuple[date, date, str]]:
    for first, after in asked.buckets():
        yield first, after, bucket_name(first, after)


def _marks_y(most: int) -> list[tuple[float, int]]:
    step = next(
        unit * ten
        for ten in (1, 10, 100, 1000, 10_000, 100_000)
        for unit in (1, 2, 5)
        if unit * ten * 5 >= most
    )
    return [(round(TOP + UP * (1 - mark / most), 1), mark) for mark in range(0, most + 1, step)]


def _marks_x(rows: Sequence[Row]) -> list[tuple[float, str, str]]:
    """Short names stand below every few columns, long ones below the first and the last."""
    slot = ACROSS / len(rows)
    if len(rows) == 1 or max(len(label) for label, _numbers in rows) <= SHORT:
        step = -(-len(rows) // MOST_NAMES)
        return [
            (round(LEFT + slot * (place + 0.5), 1), "middle", label)
            for place, (label, _numbers) in enumerate(rows)
            if place % step == 0
        ]
    return [(LEFT, "start", rows[0][0]), (WIDTH - RIGHT, "end", rows[-1][0])]
