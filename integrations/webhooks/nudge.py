"""A nudge after a commit: wakes the dispatcher, here or in another process.

Nothing is lost with it: every dispatcher asks the database by itself every few seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings

from history.jobs.sending import send

TASK: Final = "integrations.wake_webhooks"

_listeners: list[Callable[[], None]] = []


def listen(listener: Callable[[], None]) -> None:
    """A dispatcher of this process wants to be woken."""
    _listeners.append(listener)


def leave(listener: Callable[[], None]) -> None:
    _listeners.remove(listener)


def wake_here() -> int:
    """Wake the dispatchers of this process; how many there are."""
    for listener in list(_listeners):
        listener()
    return len(_listeners)


def wake() -> None:
    """Called after a commit, never inside a transaction."""
    if not wake_here() and not settings.CELERY_BROKER_URL.startswith("memory:"):
        send(TASK, expires=30)
