"""The day from the first /start to the last watch: scenes in their order, then the books."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from botapp.models import InboundUpdate
from history.verify import verify
from receipts.models import Receipt
from receipts.services.rebuilding import deviations
from tests.day import bench, control, intake, leaving, people, slips
from tests.day.stage import Day

SCENES: tuple[Callable[[Day], None], ...] = tuple(
    chain.from_iterable(part.SCENES for part in (intake, bench, control, leaving, slips, people))
)

BETWEEN = 13  # minutes from one scene to the next


def play(day: Day, scenes: Sequence[Callable[[Day], None]] = SCENES) -> None:
    for scene in scenes:
        scene(day)
        day.later(minutes=BETWEEN)
        day.every_chat_is_tidy(scene.__name__)


def faults() -> Iterator[str]:
    """What the books have to say against the day: nothing."""
    for finding in verify():
        yield f"history: {finding}"
    for deviation in deviations():
        yield f"receipt {deviation.receipt_id}: {deviation.fields}"
    for row in InboundUpdate.objects.exclude(state=InboundUpdate.DONE):
        yield f"update {row.update_id} is {row.state}: {row.error}"
    if not Receipt.objects.exists():
        yield "nothing was recorded at all"
