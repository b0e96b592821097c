"""A chart as plain shapes in a box of units, and how it is drawn into a PDF. Knows no business."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from fpdf import FPDF

Tone = Literal["bar", "grid", "middle", "limit", "inner", "sum", "dot", "out"]
Side = Literal["left", "middle", "right"]
Colour = tuple[int, int, int]

BLUE: Final = (37, 99, 235)
RED: Final = (185, 28, 28)
GREY: Final = (110, 110, 110)
COLOURS: Final[dict[Tone, Colour]] = {
    "bar": (147, 180, 244),
    "grid": (228, 231, 236),
    "middle": GREY,
    "limit": (203, 140, 60),
    "inner": (160, 174, 192),
    "sum": BLUE,
    "dot": BLUE,
    "out": RED,
}
THIN: Final = 0.15  # mm
TEXT: Final = 7.0  # pt
SHIFT: Final = 0.9  # mm; from the middle of a line of text to its base


@dataclass(frozen=True)
class Block:
    """A rectangle; ``y`` grows downwards, as everywhere here."""

    x: float
    y: float
    width: float
    height: float
    tone: Tone = "bar"


@dataclass(frozen=True)
class Line:
    points: Sequence[tuple[float, float]]
    tone: Tone = "grid"


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    radius: float = 5.0
    tone: Tone = "dot"


@dataclass(frozen=True)
class Word:
    """A short text; ``side`` says which part of it stands at ``x``, ``y`` is its middle."""

    x: float
    y: float
    text: str
    side: Side = "left"


Shape = Block | Line | Dot | Word


@dataclass(frozen=True)
class Drawing:
    """``note`` says how it is read."""

    title: str
    width: float
    height: float
    shapes: Sequence[Shape]
    note: str = ""


def paint(paper: FPDF, drawing: Drawing, clean: Callable[[str], str]) -> None:
    """Draw it over the whole width at the present height, and go on below it.

    The caller sees to it that it fits on the page. ``clean`` makes a text drawable.
    """
    scale = paper.epw / drawing.width
    left, top = paper.l_margin, paper.get_y()
    pen = _Pen(paper, left, top, scale, clean)
    for shape in drawing.shapes:
        pen.put(shape)
    paper.set_draw_color(0)
    paper.set_fill_color(255)
    paper.set_text_color(0)
    paper.set_xy(left, top + drawing.height * scale)


@dataclass(frozen=True)
class _Pen:
    paper: FPDF
    left: float
    top: float
    scale: float
    clean: Callable[[str], str]

    def put(self, shape: Shape) -> None:
        if isinstance(shape, Word):
            self._word(shape)
            return
        colour = COLOURS[shape.tone]
        self.paper.set_draw_color(*colour)
        self.paper.set_fill_color(*colour)
        self.paper.set_line_width(THIN)
        if isinstance(shape, Block):
            x, y = self._at(shape.x, shape.y)
            size = shape.width * self.scale, shape.height * self.scale
            self.paper.rect(x, y, *size, style="F")
        elif isinstance(shape, Dot):
            x, y = self._at(shape.x, shape.y)
            self.paper.circle(x, y, shape.radius * self.scale, style="F")
        elif len(shape.points) > 1:
            if shape.tone != "grid":
                self.paper.set_line_width(3 * THIN)
            self.paper.polyline([self._at(x, y) for x, y in shape.points])

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x * self.scale, self.top + y * self.scale

    def _word(self, word: Word) -> None:
        text = self.clean(word.text)
        self.paper.set_font_size(TEXT)
        self.paper.set_text_color(*GREY)
        x, y = self._at(word.x, word.y)
        wide = self.paper.get_string_width(text)
        x -= {"left": 0.0, "middle": wide / 2, "right": wide}[word.side]
        self.paper.text(x, y + SHIFT, text)
