"""Bars that lie: one per row, cut into parts, drawn in a box of a hundred units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part of a bar: where it begins, how long it is, which colour, what it says."""

    x: float
    width: float
    colour: int
    told: str


@dataclass(frozen=True)
class LyingBar:
    label: str
    count: int
    url: str
    parts: list[Part]


def lying(rows: Iterable[tuple[str, str, Sequence[int]]], names: Sequence[str]) -> list[LyingBar]:
    """(label, address, numbers of the parts) → bars; the longest is as long as the box.

    ``names`` says what each part is; its place is its colour. Without any number there are none.
    """
    found = list(rows)
    longest = max((sum(numbers) for _label, _url, numbers in found), default=0)
    if not longest:
        return []
    return [
        LyingBar(label, sum(numbers), url, _parts(numbers, names, longest))
        for label, url, numbers in found
    ]


def _parts(numbers: Sequence[int], names: Sequence[str], longest: int) -> list[Part]:
    parts, before = [], 0
    for colour, (count, name) in enumerate(zip(numbers, names, strict=True)):
        if count:
            width = round(100 * count / longest, 2)
            parts.append(Part(round(100 * before / longest, 2), width, colour, f"{name}: {count}"))
        before += count
    return parts
