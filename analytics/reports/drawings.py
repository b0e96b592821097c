"""The charts of the pages as drawings for paper: the same geometry, other ink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from analytics.charts import HEIGHT, LEFT, LIMITS, RIGHT, WIDTH, Column, Funnel
from workshop.lib.drawing import Block, Dot, Drawing, Line, Shape, Word

BASE = HEIGHT - 14
"""Where the marks below the chart stand."""

MOST_NUMBERS = 31
"""Bars that carry their number; of more only some do."""


def funnel_drawing(found: Funnel) -> Drawing:
    """Returned share against the number of cases."""
    return Drawing(
        _("Returned share against the number of checked works"),
        WIDTH,
        HEIGHT,
        list(_funnel(found)),
        _(
            "Between the curves lies what chance alone does: 95 and 99.8 per cent of it. "
            "Only a dot above the outer curve asks for a talk."
        ),
    )


def _funnel(found: Funnel) -> Iterator[Shape]:
    inner = LIMITS[0][1]
    for y, mark in found.marks_y:
        yield Line([(LEFT, y), (WIDTH - RIGHT, y)])
        yield Word(LEFT - 6, y, f"{mark} %", "right")
    for x, mark in found.marks_x:
        yield Word(x, BASE, str(mark), "middle")
    yield Line([(LEFT, found.middle), (WIDTH - RIGHT, found.middle)], "middle")
    for name, points in found.curves:
        yield Line(_points(points), "inner" if name == inner else "limit")
    for dot in found.dots:
        yield Dot(dot.x, dot.y, tone="out" if dot.outside else "dot")
        if dot.side:
            yield Word(dot.text_x, dot.y, dot.label, "left" if dot.side == "right" else "right")


def _points(text: str) -> list[tuple[float, float]]:
    """The points of a polyline as the page writes them."""
    pairs = (pair.split(",") for pair in text.split())
    return [(float(x), float(y)) for x, y in pairs]


def pareto_drawing(title: str, columns: Sequence[Column]) -> Drawing:
    """Bars by their frequency, numbered as in the table below, and the cumulative line."""
    shapes: list[Shape] = []
    for number, column in enumerate(columns, start=1):
        shapes += [_bar(column), Word(column.middle, BASE, str(number), "middle")]
        shapes.append(Word(column.middle, column.y - 7, str(column.bar.count), "middle"))
    shapes.append(Line([(column.middle, column.line) for column in columns], "sum"))
    shapes += [Dot(column.middle, column.line, 3.5) for column in columns]
    note = _("The line is the cumulative share; the numbers are those of the table.")
    return Drawing(title, WIDTH, HEIGHT, shapes, note)


def bars_drawing(title: str, columns: Sequence[Column], ends: tuple[str, str]) -> Drawing:
    """Bars in time, from the first to the last of ``ends``."""
    step = 1 + (len(columns) - 1) // MOST_NUMBERS
    shapes: list[Shape] = []
    for number, column in enumerate(columns):
        shapes.append(_bar(column))
        if column.bar.count and number % step == 0:
            shapes.append(Word(column.middle, column.y - 7, str(column.bar.count), "middle"))
    shapes.append(Word(LEFT, BASE, ends[0]))
    shapes.append(Word(WIDTH - RIGHT, BASE, ends[1], "right"))
    return Drawing(title, WIDTH, HEIGHT, shapes)


def _bar(column: Column) -> Block:
    return Block(column.x, column.y, column.width, column.height)
