"""Charts as pictures: names are only text, the ink is there, no language spoils a coordinate."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from xml.etree import ElementTree

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from analytics.control import Centre, Rule, Signal
from analytics.intervals import Proportion
from analytics.trend import Point, Step, Trend, month_steps
from analytics.trend_chart import trend_drawing
from workshop.lib.drawing import COLOURS, Block, Dot, Drawing, Line, Shape, Word
from workshop.lib.picture import drawable, page_svg, png

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def made(*counts: tuple[int, int], name: str = "Максим М.", final: bool = True) -> Trend:
    """A trend of these (checked, returned) with the usual share of 5 %."""
    steps = month_steps(date(2026, 11, 20))[-len(counts) - 1 :]
    usual = Centre(0.05)
    points = [
        Point(
            first,
            after,
            checked,
            Proportion(returned, checked),
            final,
            usual.limits(checked) if checked else None,
        )
        for (checked, returned), first, after in zip(counts, steps, steps[1:], strict=False)
    ]
    return Trend(1, name, Step.MONTH, points, usual)


def drawn(shown: Trend) -> Drawing:
    found = trend_drawing(shown)
    assert found is not None
    return found


def test_nothing_checked_is_no_chart() -> None:
    assert trend_drawing(made((0, 0), (0, 0))) is None


def test_the_limits_follow_the_number_of_works() -> None:
    """Fewer works, wider limits; a month without works has none and breaks the line."""
    limits = [
        one
        for one in drawn(made((40, 2), (200, 10), (0, 0), (40, 2))).shapes
        if isinstance(one, Line) and one.tone == "limit"
    ]
    assert len(limits) == 3  # the lower one of 200 works, and the upper ones on both sides
    heights = [y for line in limits for _x, y in line.points]
    assert len({round(y, 3) for y in heights}) == 3


def test_a_signal_is_red_and_what_is_not_judged_is_pale() -> None:
    shown = made((40, 1), (40, 12), (5, 0))
    points = list(shown.points)
    bad = Signal(Rule.OUTSIDE, 1, worse=True)
    points[1] = replace(points[1], signals=(bad,))
    drawing = drawn(Trend(1, "x", Step.MONTH, points, shown.centre))
    tones = [one.tone for one in drawing.shapes if isinstance(one, Dot)]
    assert tones == ["dot", "out", "inner"]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_picture_is_a_png_with_all_its_ink(language: str) -> None:
    with translation.override(language):
        drawing = drawn(made((40, 1), (60, 4), (30, 0)))
        content = png(drawing)
        page = str(page_svg(drawing))
    picture = Image.open(BytesIO(content)).convert("RGB")
    assert picture.width > 1200
    colours = {colour for _count, colour in picture.getcolors(1 << 24) or ()}
    assert {COLOURS["dot"], COLOURS["limit"], (255, 255, 255)} <= colours
    ElementTree.fromstring(page)
    numbers = re.findall(r'(?:c?[xy]|points|width|height)="([^"]*)"', page)
    assert numbers
    assert all(re.fullmatch(r"[-\d., ]*", one) for one in numbers)
    assert not any(re.search(r"\d,\d+,\d", one) for one in numbers), "a comma inside a number"


@given(st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_name_is_only_text(name: str) -> None:
    shapes: list[Shape] = [Word(10, 10, name), Block(1, 1, 5, 5)]
    drawing = Drawing(name, 100, 40, shapes)
    root = ElementTree.fromstring(str(page_svg(drawing)))
    assert [child.tag for child in root] == ["text", "rect"]
    assert png(drawing).startswith(b"\x89PNG")


def test_signs_without_a_glyph_are_left_out() -> None:
    assert drawable("Максим 🔥\x00<b> &\n Ко\u202e") == "Максим <b> & Ко"
