"""Teaches SQLite the Russian alphabet: its own LIKE, LOWER and UPPER know A-Z only.

Registered on every new connection, so that `icontains='ИВАНОВ'` finds "Иванов" on both databases.
LIKE also takes ё for е, as people type it (`workshop.lib.lookups` does so on PostgreSQL). An index
over LOWER() or UPPER() must only be written through Django's connections, because another program
would compute other keys.
"""

import re
import sqlite3
from functools import lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

COLLATION = "russian"


def teach_cyrillic(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Receiver of `connection_created`; does nothing on another database."""
    if connection.vendor != "sqlite":
        return
    raw: sqlite3.Connection = connection.connection
    raw.create_function("like", 2, _like, deterministic=True)
    raw.create_function("like", 3, _like, deterministic=True)
    raw.create_function("lower", 1, _lower, deterministic=True)
    raw.create_function("upper", 1, _upper, deterministic=True)
    raw.create_collation(COLLATION, compare)


def fold(text: str) -> str:
    """The form in which two texts are compared: no case, ё as е."""
    return text.casefold().replace("ё", "е")


def compare(left: str, right: str) -> int:
    """Russian alphabetical order, ё beside е, case last. Negative, zero or positive."""
    one, other = (fold(left), left.casefold(), left), (fold(right), right.casefold(), right)
    return (one > other) - (one < other)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _lower(value: Any) -> str | None:
    return None if value is None else _text(value).lower()


def _upper(value: Any) -> str | None:
    return None if value is None else _text(value).upper()


def _like(pattern: Any, value: Any, escape: str = "") -> bool | None:
    """SQL's `value LIKE pattern ESCAPE escape`; SQLite passes the pattern first."""
    if pattern is None or value is None:
        return None
    return _matcher(_text(pattern), escape).fullmatch(fold(_text(value))) is not None


@lru_cache(maxsize=512)
def _matcher(pattern: str, escape: str) -> re.Pattern[str]:
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            parts.append(re.escape(fold(next(characters, escape))))
        elif character == "%":
            parts.append(".*")
        elif character == "_":
            parts.append(".")
        else:
            parts.append(re.escape(fold(character)))
    return re.compile("".join(parts), re.DOTALL)
