"""Counting roll-ups anew: all of them, or some months, while people work."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from analytics import counting
from analytics.counting import KINDS, Sums
from analytics.models import Counted
from analytics.periods import next_month
from analytics.services import cells
from analytics.services.rollups import state_of_rollups


@transaction.atomic
def forget() -> None:
    """Begin from nothing: until the walk is over again, answers are counted from the facts."""
    state = state_of_rollups()
    for kind in KINDS.values():
        kind.rows.delete()
    Counted.objects.all().delete()
    state.position, state.complete = 0, False
    state.save(update_fields=["position", "complete"])


@transaction.atomic
def rebuild_month(first: date) -> int:
    """Sum up the month of ``first`` anew from its receipts; how many there were.

    A row never leaves its receipt nor its day, void ones included: so no other receipt can have
    added anything to this month. What these receipts add to other months follows as always.
    """
    state_of_rollups()
    first = first.replace(day=1)
    after = next_month(first)
    receipts = counting.touching(first, after)
    new, old = counting.counted(receipts), counting.stored(receipts)
    for kind in KINDS.values():
        kind.rows.filter(day__gte=first, day__lt=after).delete()
    whole = counting.difference(new.values(), [])
    changes = counting.difference(new.values(), old.values())
    cells.add({kind: _days(sums, first, after, inside=True) for kind, sums in whole.items()})
    cells.add({kind: _days(sums, first, after, inside=False) for kind, sums in changes.items()})
    cells.keep(receipts, new)
    return len(receipts)


def _days(sums: Sums, first: date, after: date, *, inside: bool) -> Sums:
    begin, end = first.toordinal(), after.toordinal()
    return {key: values for key, values in sums.items() if (begin <= key[0] < end) == inside}
