"""What an answer means for a delivery and its endpoint. Pure: no database, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from integrations.webhooks.transport import Answer

RETRIES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""Before the second, third … attempt; after the last one the delivery is given up."""

JITTER: Final = 0.1
"""Up to a tenth longer, never shorter: a receiver that was away for 72 hours still gets all."""

LONGEST_WAIT: Final = timedelta(hours=24)
"""However long a receiver asks to be left alone."""

PAUSED_AFTER: Final = timedelta(days=5)
"""Of nothing but failures."""

GONE: Final = 410
BUSY: Final = frozenset({429, 503})


@dataclass(frozen=True)
class Verdict:
    """``wait`` until the next attempt; None: it is over. ``closed``: leave the receiver alone."""

    done: bool = False
    wait: timedelta | None = None
    closed: timedelta | None = None
    gone: bool = False


def judge(answer: Answer, attempts: int, jitter: float) -> Verdict:
    """The verdict on the ``attempts``-th attempt; ``jitter`` from 0 to 1."""
    if succeeded(answer):
        return Verdict(done=True)
    if answer.status == GONE:
        return Verdict(gone=True)
    wait = _next(attempts, jitter)
    if answer.status in BUSY and answer.retry_after is not None:
        asked = min(timedelta(seconds=max(0, answer.retry_after)), LONGEST_WAIT)
        return Verdict(wait=max(wait, asked) if wait is not None else None, closed=asked)
    return Verdict(wait=wait)


def succeeded(answer: Answer) -> bool:
    return not answer.error and answer.status is not None and 200 <= answer.status < 300


def _next(attempts: int, jitter: float) -> timedelta | None:
    if attempts > len(RETRIES):
        return None
    return RETRIES[attempts - 1] * (1 + JITTER * jitter)
