"""Charts that only the bot has: bars across with their names, and two counts in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analytics.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from workshop.lib.drawing import Block, Drawing, Line, Shape, Word
from workshop.lib.picture import drawable

MOST = 16
"""Bars of a picture; the table has the rest."""

LINE = 26.0
NAME = 190.0
LETTERS = 22
MARKS = 6


def across(title: str, rows: Sequence[tuple[str, float, str]], note: str = "") -> Drawing | None:
    """Name, length, and the value as it is written; None when all are empty."""
    shown = [row for row in rows if row[1] > 0][:MOST]
    if not shown:
        return None
    most = max(value for _name, value, _text in shown)
    room = WIDTH - NAME - 70
    shapes: list[Shape] = []
    for place, (name, value, text) in enumerate(shown):
        y, wide = TOP + LINE * place, max(1.0, room * value / most)
        shapes += [
            Word(NAME - 8, y + LINE / 2, _cut(name), "right"),
            Block(NAME, y + 4, wide, LINE - 8),
            Word(NAME + wide + 6, y + LINE / 2, text),
        ]
    return Drawing(title, WIDTH, TOP + LINE * len(shown) + 8, shapes, note)


def _cut(name: str) -> str:
    kept = drawable(name)
    return kept if len(kept) <= LETTERS else f"{kept[: LETTERS - 1]}…"


def in_time(
    title: str,
    rows: Sequence[tuple[str, int, int]],
    note: str = "",
) -> Drawing | None:
    """Label, a count as a bar, and another one as a line over it."""
    most = max((max(bar, line) for _label, bar, line in rows), default=0)
    if not most:
        return None
    return Drawing(title, WIDTH, HEIGHT, list(_in_time(rows, most)), note)


def _in_time(rows: Sequence[tuple[str, int, int]], most: int) -> Iterator[Shape]:
    up, slot = HEIGHT - TOP - BOTTOM, (WIDTH - LEFT - RIGHT) / len(rows)
    for mark in (0, most):
        y = TOP + up * (1 - mark / most)
        yield Line([(LEFT, y), (WIDTH - RIGHT, y)])
        yield Word(LEFT - 6, y, str(mark), "right")
    every = -(-len(rows) // MARKS)
    for place, (label, bar, _line) in enumerate(rows):
        high = up * bar / most
        yield Block(LEFT + slot * (place + 0.1), TOP + up - high, slot * 0.8, high)
        if place % every == 0:
            yield Word(LEFT + slot * (place + 0.5), HEIGHT - 14, label, "middle")
    points = [
        (LEFT + slot * (place + 0.5), TOP + up * (1 - line / most))
        for place, (_label, _bar, line) in enumerate(rows)
    ]
    yield Line(points, "sum")
