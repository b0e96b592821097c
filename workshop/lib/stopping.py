"""Whether this process has been asked to end, and how long what it has begun may still take.

A worker has 30 seconds from SIGTERM until it is killed. Short work is brought to its end; what is
still at work after :data:`GRACE` gives its place up at its next query and is done by another
worker, from where it stopped.
"""

from __future__ import annotations

import time
from typing import Final

GRACE: Final = 12.0  # seconds; together with a query and what has to be written down under 30


class Stopping(Exception):
    """This process ends: the work is left to another one. Let it through."""


_asked: list[float] = []  # when, by the monotonic clock


def ask() -> None:
    """The process is to end. Called from the handler of a signal: it only notes the time."""
    _asked.append(time.monotonic())


def forget() -> None:
    """For tests: this process goes on after all."""
    _asked.clear()


def is_asked() -> bool:
    """Nothing new should be begun."""
    return bool(_asked)


def is_late() -> bool:
    """What was begun before has had its time."""
    return bool(_asked) and time.monotonic() - _asked[0] > GRACE


def ensure_time() -> None:
    """Raises Stopping when it is late. For long work, between two steps."""
    if is_late():
        raise Stopping
