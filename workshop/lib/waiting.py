"""Waiting on for what somebody else has begun to wait for."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Self

from psycopg.waiting import Ready


class TakenUp:
    """A generator of the driver that was left in the middle, for whoever waits for it from here on.

    Who waits begins with ``next()``. A generator that was left would take that for the answer to
    what it waits for: while a statement is still being sent, the compiled driver expects a number
    there and raises TypeError. Nothing was ready meanwhile, and that is what it is told.
    """

    def __init__(self, left: Generator[Any, Any, Any]) -> None:
        self._left = left

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return self._left.send(Ready.NONE)

    def send(self, ready: Any) -> Any:
        return self._left.send(ready)
