"""Names for buttons, made of full names."""

from __future__ import annotations

from collections.abc import Container
from itertools import count
from typing import Final

from workshop.lib.text import clip

FULL_LENGTH: Final = 150
SHORT_LENGTH: Final = 60
_SURNAME_LENGTH: Final = 40


def short_name(full_name: str, taken: Container[str] = ()) -> str:
    """``Иванов И.`` of ``Иванов Иван Петрович``; a name of one word stays as it is.

    Screens name people, never ids, so a taken name is told apart: ``Иванов И. П.``, then
    ``Иванов И. 2``.
    """
    surname, *given = full_name.split()
    surname = clip(surname, _SURNAME_LENGTH)
    initials = [f"{name[0].upper()}." for name in given[:2]]
    first = " ".join([surname, *initials[:1]])
    both = " ".join([surname, *initials])
    for candidate in (first, both):
        if candidate not in taken:
            return candidate
    return next(name for n in count(2) if (name := f"{first} {n}") not in taken)
