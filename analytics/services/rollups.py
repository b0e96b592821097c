"""The refresher: roll-ups and facts of receipts follow the marks; roll-ups also walk over what was
there before them.

Exact whatever happens beside it. What a receipt has added is kept with it, and what is added now
is the difference to that, both in one transaction under one lock: the roll-ups are always the sum
of what is kept. A receipt that changes while it is counted carries a mark that was not read here,
and is counted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from django.db import transaction
from django.db.models import Max

from analytics import counting, locks
from analytics.marks import MARKING, STREAM
from analytics.models import Mark, RollupState
from analytics.receipt_facts import services as receipt_facts
from analytics.services import cells
from history.models import Event
from receipts.models import Receipt

MARKS: Final = 1000
RECEIPTS: Final = 500
"""Bounds of one transaction."""

TIME: Final = timedelta(seconds=25)
"""No further transaction is begun after that."""


@dataclass(frozen=True)
class Refreshed:
    """What a run did; ``left``: there is more to do."""

    marks: int = 0
    receipts: int = 0
    left: bool = False

    def __add__(self, other: Refreshed) -> Refreshed:
        return Refreshed(
            self.marks + other.marks, self.receipts + other.receipts, self.left or other.left
        )


def refresh(*, at: datetime, time: timedelta = TIME) -> Refreshed:
    """Bring the roll-ups to what the marks tell of, in transactions of bounded size.

    The first runs on an existing database also walk over its receipts, as far as ``time`` reaches.
    """
    end = monotonic() + time.total_seconds()
    total = Refreshed()
    while True:
        done = step(at=at)
        total += Refreshed(done.marks, done.receipts)
        if not done.left:
            return total
        if monotonic() >= end:
            return total + Refreshed(left=True)


@transaction.atomic
def step(*, at: datetime) -> Refreshed:
    """One transaction: the oldest marks; when there are none, the next receipts of the walk."""
    state = state_of_rollups()
    marks = list(Mark.objects.order_by("event").values_list("event", "receipt")[:MARKS])
    receipts = sorted({receipt for _event, receipt in marks})
    if not marks and not state.complete:
        receipts = _next_of_the_walk(state)
    count_again(receipts)
    if marks:
        receipt_facts.refresh(receipts)
    Mark.objects.filter(event__in=[event for event, _receipt in marks]).delete()
    state.refreshed_at = at
    state.save(update_fields=["position", "complete", "refreshed_at"])
    return Refreshed(len(marks), len(receipts), left=len(marks) == MARKS or not state.complete)


def state_of_rollups() -> RollupState:
    """The locked state; whoever begins at the same moment waits here, and finds it."""
    state = locks.rollups()
    if state is None:
        RollupState.objects.bulk_create([RollupState()], ignore_conflicts=True)
        state = locks.rollups()
    if state is None:
        raise RuntimeError("the state of the roll-ups cannot be begun")
    return state


def _next_of_the_walk(state: RollupState) -> list[int]:
    """Whoever registers meanwhile leaves a mark, so the end of the table is the end."""
    rows = Receipt.objects.filter(pk__gt=state.position).order_by("pk")
    receipts = list(rows.values_list("pk", flat=True)[:RECEIPTS])
    if receipts:
        state.position = receipts[-1]
    else:
        state.complete = True
    return receipts


def count_again(receipts: Sequence[int]) -> None:
    """These receipts as they are now, instead of what was counted of them. Under the lock."""
    new, old = counting.counted(receipts), counting.stored(receipts)
    changed = [pk for pk in receipts if new.get(pk) != old.get(pk)]
    cells.add(
        counting.difference(
            [new[pk] for pk in changed if pk in new], [old[pk] for pk in changed if pk in old]
        )
    )
    cells.keep(changed, {pk: new[pk] for pk in changed if pk in new})


RECENT: Final = timedelta(hours=50)


@transaction.atomic
def mark_recent(*, at: datetime) -> int:
    """Mark every receipt to which something happened in the last two days; how many there are.

    Beside a new version an old one may still run that leaves no marks, and rows may have been
    repaired by hand: a day later the roll-ups are right again.
    """
    rows = Event.objects.filter(kind__in=MARKING, occurred_at__gt=at - RECENT)
    last = rows.order_by().values("stream").annotate(last=Max("pk")).values_list("stream", "last")
    marks = [
        Mark(event_id=event, receipt_id=int(stream.removeprefix(STREAM))) for stream, event in last
    ]
    Mark.objects.bulk_create(marks, 1000, ignore_conflicts=True)
    return len(marks)
