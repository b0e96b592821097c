"""Telling of stays that are too long, and of holds whose date has come: each once, with memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from history import locks as history_locks
from history.commands import CommandRef, Outcome, Run, verb
from history.models import Event
from receipts import stays
from receipts.events.reminders import LimitsExceeded, notices_stream
from receipts.models import Hold, Overstay, Receipt
from receipts.reminding import MORNING
from receipts.states import Status
from receipts.worktime import wall_instant
from workshop.lib import clock
from workshop.lib.actor import Actor

QUIET_FROM: Final = time(22)
QUIET_UNTIL: Final = time(6)
HOLD_EXPECTED: Final = "hold_expected"  # the expected date has passed
HOLD_UNKNOWN: Final = "hold_unknown"  # no date was known: asked again every week
EVERY: Final = timedelta(days=7)


@dataclass(frozen=True)
class Overdue:
    """What is to be told of one receipt; ``since`` names the stay or the date."""

    receipt_id: int
    limit: str
    since: datetime


def is_quiet(at: datetime) -> bool:
    """Service limits wait for the morning; deadlines never do."""
    wall = clock.local(at).time()
    return wall >= QUIET_FROM or wall < QUIET_UNTIL


def tell_over_limits(*, actor: Actor, at: datetime | None = None) -> int:
    """Tell of every stay over its limit and every hold to be asked about; how many were new."""
    at = at or clock.now()
    if is_quiet(at):
        return 0
    here = Receipt.objects.in_workshop()
    found = [Overdue(stay.receipt.pk, stay.limit.code, stay.since) for stay in stays.over(here, at)]
    found += due_holds(at)
    return _tell_new(actor, found, at)


@transaction.atomic
def _tell_new(actor: Actor, found: Sequence[Overdue], at: datetime) -> int:
    # Two runs at once: the second waits here and then knows what the first has told.
    history_locks.stream(notices_stream(at))
    known = _told([one.receipt_id for one in found])
    new = [one for one in dict.fromkeys(found) if one not in known]
    if new:
        _tell(new=new, actor=actor, at=at)
    return len(new)


def _told(ids: Sequence[int]) -> set[Overdue]:
    rows = Overstay.objects.filter(receipt__in=ids)
    return {Overdue(*row) for row in rows.values_list("receipt_id", "limit", "since")}


@verb("limits.tell", "history.Event", secret=("new",))
def _tell(
    *,
    new: Sequence[Overdue],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Event]:
    run = Run.of(actor, command, at)
    groups: dict[str, list[int]] = defaultdict(list)
    for one in new:
        groups[one.limit].append(one.receipt_id)
    event = run.record(notices_stream(run.at), LimitsExceeded(receipts=dict(groups)))
    Overstay.objects.bulk_create(
        Overstay(
            receipt_id=one.receipt_id,
            limit=one.limit,
            since=one.since,
            told_at=run.at,
            event=event,
        )
        for one in new
    )
    return Outcome(event)


def due_holds(at: datetime) -> list[Overdue]:
    """Holds to be asked about at 10:00: the day after the expected one; without one, each week."""
    today = clock.local(at).date()
    rows = Hold.objects.valid().filter(
        Q(expected_on__lt=today) | Q(expected_on__isnull=True, ask_again_on__lte=today),
        ended_at__isnull=True,
        receipt__status=Status.ON_HOLD,
        receipt__voided_at__isnull=True,
    )
    found = []
    for row in rows:
        if row.expected_on is not None:
            code, day = HOLD_EXPECTED, row.expected_on + timedelta(days=1)
        elif row.ask_again_on is not None:
            code, day = HOLD_UNKNOWN, row.ask_again_on
            day += ((today - day) // EVERY) * EVERY
        since = wall_instant(day, MORNING, clock.zone())
        if since <= at:
            found.append(Overdue(row.receipt_id, code, since))
    return found
