"""A nudge after commit: wakes the relay at once. The periodic sweep is the guarantee."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[], None]] = []


def on_new_events(listener: Callable[[], None]) -> None:
    """Register what wakes the relay in this process (a broker message, an event in memory)."""
    _listeners.append(listener)


def nudge_relay() -> None:
    """Called after commit, never inside a transaction; errors are the caller's ``robust=True``."""
    for listener in _listeners:
        listener()
