"""Ids for rows that are not written yet: of the database's own sequences, many at a time.

Nobody else gets them, a service of the same transaction neither.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import orjson
from django.db import connection, models

if TYPE_CHECKING:
    from history.bulk_sending import Sending

AT_ONCE: Final = 1000


class Blocks:
    """Ids for one table, block by block."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.ahead: deque[Iterable[int]] = deque()
        self._left: int | None = None  # about so many are not given out; None: none were asked for

    def __iter__(self) -> Iterator[Iterable[int]]:
        return self

    def __next__(self) -> Iterable[int]:
        if not self.ahead:
            self._left = (self._left or 0) + AT_ONCE
            taken = _take(self.model, AT_ONCE)  # after what is under way: there may be others now
            self.ahead.append(taken)
        return self.ahead.popleft()

    def lacking(self, used: int) -> int:
        """After so many were given out: how many to ask for, to have twice as many at hand: one
        part is used while the other is on its way."""
        if self._left is None:
            return 0
        lacking = max(0, 2 * used - (self._left - used))
        self._left += lacking - used
        return lacking


def stock_up(sending: Sending, used: Mapping[Blocks, int]) -> None:
    """After so many were given out: ask for more beside the work, so that nobody waits for them."""
    asked = {blocks: lacking for blocks in used if (lacking := blocks.lacking(used[blocks]))}
    if not asked:
        return

    def arrived(columns: Sequence[bytes]) -> None:
        for blocks, array in zip(asked, columns, strict=True):
            blocks.ahead.append(orjson.loads(b"[%b]" % array[1:-1]))  # {1,2,3}

    queries = ", ".join(f"({_query(blocks.model, number)})" for blocks, number in asked.items())
    sending.ask(f"SELECT {queries}".encode(), arrived)


def _take(model: type[models.Model], number: int) -> Iterable[int]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_query(model, number))
            ids: list[int] = cursor.fetchone()[0]
            return ids
        table = model._meta.db_table
        advance = "UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s RETURNING seq"
        cursor.execute(advance, [number, table])
        found = cursor.fetchone()
        if found is None:  # nothing was ever written there
            begin = "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)"
            cursor.execute(begin, [table, number])
        last = found[0] if found else number
    return range(last - number + 1, last + 1)


def _query(model: type[models.Model], number: int) -> str:
    sequence = _sequence(model._meta.db_table, model._meta.pk.column)
    return f"SELECT array_agg(nextval('{sequence}')) FROM generate_series(1, {number})"  # noqa: S608  # our own names


@cache
def _sequence(table: str, column: str) -> str:
    """Its name, asked once: asked for each number, it took most of their time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', column])
        return str(cursor.fetchone()[0])
