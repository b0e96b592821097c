"""What is possible with several receipts at once: one query for all of them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q

from history.models import Event
from receipts import policies, states
from receipts.events.status import STATUS_KINDS, DecisionVoided
from receipts.models import Receipt
from receipts.states import Status
from workshop.lib.actor import Actor


def possible_of_all(receipts: Iterable[Receipt], actor: Actor) -> dict[int, tuple[str, ...]]:
    """:func:`receipts.selectors.possible_verbs` by the id of each receipt."""
    rows = list(receipts)
    decided = _with_decision([row for row in rows if row.status == Status.RECEIVED])
    found = {}
    for row in rows:
        undecided = row.status == Status.RECEIVED and row.stream not in decided
        found[row.pk] = tuple(
            code
            for code in states.possible(row.status)
            if policies.may(actor, code, row) and not (undecided and code == "void_decision")
        )
    return found


def _with_decision(rows: list[Receipt]) -> set[str]:
    """Streams in which a decision stands: more of them than were voided."""
    events = Event.objects.filter(stream__in=[row.stream for row in rows], kind__in=STATUS_KINDS)
    voids = Count("id", filter=Q(kind=DecisionVoided.kind))
    counted = events.order_by().values("stream").annotate(all=Count("id"), voids=voids)
    return {row["stream"] for row in counted if row["all"] - row["voids"] > row["voids"]}
