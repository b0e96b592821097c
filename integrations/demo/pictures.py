"""Drawn watches for the photos of the demonstration: nobody's property, and plainly no photo."""

from __future__ import annotations

import io
from math import cos, pi, sin

from PIL import Image, ImageDraw

from receipts.services.images import Picture, re_encode

SIZE = 640


def dial(hour: float, colour: str) -> Picture:
    """A dial that shows ``hour``, marked DEMO."""
    image = Image.new("RGB", (SIZE, SIZE), "#d8d4cc")
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 60, SIZE - 60, SIZE - 60), fill=colour, outline="#8a8a8a", width=18)
    for mark in range(12):
        draw.line([_point(mark / 12, 215), _point(mark / 12, 240)], fill="#f4f1ea", width=8)
    draw.line([_point(0, 0), _point(hour / 12, 130)], fill="#f4f1ea", width=14)
    draw.line([_point(0, 0), _point(hour % 1, 195)], fill="#f4f1ea", width=8)
    draw.text((SIZE / 2, 400), "DEMO", fill="#f4f1ea", anchor="mm", font_size=44)
    out = io.BytesIO()
    image.save(out, "PNG")
    return re_encode(out.getvalue())


def _point(turn: float, radius: float) -> tuple[float, float]:
    """``turn`` of the way round the dial from twelve o'clock, pixels from the centre."""
    angle = 2 * pi * turn
    return SIZE / 2 + radius * sin(angle), SIZE / 2 - radius * cos(angle)
