"""What is counted of the updates that a bot process handles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from botapp.inbox import ClaimLost
from botapp.models import InboundUpdate
from botapp.transport.port import Incoming
from workshop.lib import clock, telemetry

DONE: Final = "done"
DROPPED: Final = "dropped"  # by the limit of inputs
FAILED: Final = "failed"  # tried again, or given up
GIVEN_UP: Final = "given_up"
LEFT: Final = "left"  # another worker has the chat now
NOT_UNDERSTOOD: Final = "unknown"


@contextmanager
def attempt(row: InboundUpdate, incoming: Incoming, *, dropped: bool) -> Iterator[None]:
    """One step; how long it took, and how long the person had been waiting at its end."""
    began = time.perf_counter()
    try:
        yield
    except ClaimLost:
        telemetry.updates.add(incoming.kind, LEFT)
        raise
    except Exception:
        telemetry.updates.add(incoming.kind, FAILED)
        raise
    telemetry.updates.add(incoming.kind, DROPPED if dropped else DONE)
    telemetry.step_seconds.note(time.perf_counter() - began, incoming.kind)
    telemetry.update_seconds.note(max(0.0, (clock.now() - row.received_at).total_seconds()))
    if dropped:
        telemetry.refusals.add("bot_person")


@contextmanager
def leading_to(screen: Callable[[], str]) -> Iterator[None]:
    """Counts for the screen that stands when the block is over."""
    began = time.perf_counter()
    yield
    telemetry.screen_seconds.note(time.perf_counter() - began, screen())


def given_up(kind: str) -> None:
    """The last attempt has failed."""
    telemetry.updates.add(kind, GIVEN_UP)
