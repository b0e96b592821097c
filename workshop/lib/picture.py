"""A drawing as SVG for a page, and as a PNG for a messenger that shows no SVG."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import resvg_py
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workshop.lib.drawing import COLOURS, Block, Colour, Drawing, Line, Shape, Tone, Word

FONTS: Final = Path(__file__).with_name("fonts")
FAMILY: Final = "DejaVu Sans"
HEAD: Final = 36  # units above the drawing, for its title
SIDES: Final = (16, 20)  # units left and right of it: the letters are larger than on a page
LETTERS: Final = 14  # units; the picture is shown half as wide as it is
TITLE: Final = 58  # characters that fit
SCALE: Final = 2  # pixels of a unit: sharp on a phone
ANCHORS: Final = {"left": "start", "middle": "middle", "right": "end"}

CLASSES: Final[Mapping[Tone, str]] = {
    "bar": "office-bar",
    "grid": "office-grid",
    "middle": "office-middle",
    "limit": "office-limit",
    "inner": "office-limit office-limit-inner",
    "sum": "office-line-sum",
    "dot": "office-dot",
    "out": "office-dot office-dot-out",
}

Ink = Callable[[Tone, bool], SafeString]
"""The attributes of a shape of that tone; True: it is filled, not a line."""


def page_svg(drawing: Drawing) -> SafeString:
    """For a page of the office, whose style sheet knows the light and the dark ink."""
    return format_html(
        '<svg viewBox="0 0 {} {}" class="office-chart office-chart-wide" role="img" '
        'aria-label="{}">{}</svg>',
        drawing.width,
        drawing.height,
        drawable(drawing.title),
        _shapes(drawing, _classes),
    )


def png(drawing: Drawing) -> bytes:
    """Dark ink on white with the title above: readable on a light and on a dark phone.

    The fonts are our own, so that it looks the same everywhere; 25 ms.
    """
    left, right = SIDES
    width, height = round(drawing.width) + left + right, round(drawing.height + HEAD)
    svg = format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-family="{}" '
        'font-size="{}"><rect width="{}" height="{}" fill="#ffffff"/>'
        '<text x="{}" y="25" font-size="17" font-weight="bold" fill="#111827">{}</text>'
        '<g transform="translate({} {})" fill="#374151">{}</g></svg>',
        *(width, height, FAMILY, LETTERS, width, height, left),
        drawable(drawing.title)[:TITLE],
        *(left, HEAD),
        _shapes(drawing, _colours),
    )
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        width=width * SCALE,
        height=height * SCALE,
        skip_system_fonts=True,
        font_family=FAMILY,
        font_files=[str(FONTS / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")],
    )


def drawable(text: str) -> str:
    """Without signs that XML forbids or that our fonts have no glyph for (emoji)."""
    kept = (
        char
        for char in text
        if ord(char) <= 0xFFFF and unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Cn", "Co"}
    )
    return " ".join("".join(kept).split())


def _shapes(drawing: Drawing, ink: Ink) -> SafeString:
    return format_html_join("\n", "{}", ((_shape(one, ink),) for one in drawing.shapes))


def _shape(one: Shape, ink: Ink) -> SafeString:
    if isinstance(one, Word):
        return format_html(
            '<text x="{}" y="{}" dy="4" text-anchor="{}">{}</text>',
            *(_number(one.x), _number(one.y), ANCHORS[one.side]),
            drawable(one.text),
        )
    if isinstance(one, Block):
        return format_html(
            '<rect x="{}" y="{}" width="{}" height="{}"{}/>',
            *map(_number, (one.x, one.y, one.width, one.height)),
            ink(one.tone, True),
        )
    if isinstance(one, Line):
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in one.points)
        return format_html('<polyline points="{}"{}/>', points, ink(one.tone, False))
    return format_html(
        '<circle cx="{}" cy="{}" r="{}"{}/>',
        *map(_number, (one.x, one.y, one.radius)),
        ink(one.tone, True),
    )


def _number(value: float) -> str:
    """With a point in every language."""
    return f"{value:.1f}"


def _classes(tone: Tone, filled: bool) -> SafeString:
    pale = tone == "inner" and filled
    return format_html(' class="{}"', "office-dot office-dot-pale" if pale else CLASSES[tone])


def _colours(tone: Tone, filled: bool) -> SafeString:
    colour = _hex(COLOURS[tone])
    if filled:
        return format_html(' fill="{}"', colour)
    dashes = format_html(' stroke-dasharray="{}"', "5 4") if tone in {"middle", "inner"} else ""
    wide = 1 if tone == "grid" else 1.6
    return format_html(' fill="none" stroke="{}" stroke-width="{}"{}', colour, wide, dashes)


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
