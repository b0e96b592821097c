"""Undo: for 15 minutes the same person takes back his command, while nothing came after it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from history.models import Command, Event
from history.registry import undoer_of, undoes
from receipts import locks, policies
from receipts.events.facts import Registered, UrgencyChanged, WatchChanged
from receipts.events.status import STATUS_KINDS, DecisionVoided
from receipts.events.work import WorkRecorded, WorkWaived
from receipts.models import Operation, Receipt
from receipts.services.facts import set_urgent
from receipts.services.voiding import void_last
from receipts.services.works import void_waiver, void_work
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

VERB: Final = "receipt.undo"
WINDOW: Final = timedelta(minutes=15)
ALBUM: Final = 20  # events of an album at most: ten pictures, and a remark to each


@verb(VERB, "receipts.Receipt")
def undo(
    *,
    command_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Take back what the command did, event by event, last first.

    Raises NotFound ``undo.nothing``, NotAllowed ``undo.not_yours``, RuleViolation
    ``undo.too_late``, ``undo.overtaken``, ``undo.impossible``.
    """
    run = Run.of(actor, command, at)
    events = _events(command_id)
    ensure_undoable(command_id, events, actor, run.at)
    receipts = locks.receipts({_receipt_id(event) for event in events if _of_receipt(event)})
    _ensure_last(events)
    reason = _now("undone")
    for event in _to_take_back(events):
        undoer = undoer_of(event.kind)
        if undoer is None:
            raise impossible()
        undoer(run, event, reason)
    receipt = next(iter(receipts.values()))
    receipt.refresh_from_db()
    return Outcome(receipt)


def impossible() -> RuleViolation:
    return RuleViolation("undo.impossible", _("This cannot be undone: correct it on the receipt."))


def can_undo(kinds: Collection[str]) -> bool:
    """Whether a command that wrote these kinds can be taken back at all."""
    return bool(kinds) and (Registered.kind in kinds or all(map(undoer_of, kinds)))


def _to_take_back(events: list[Event]) -> list[Event]:
    """What was entered together with a new receipt goes with it: its void covers them all."""
    return [event for event in events if event.kind == Registered.kind] or events


def _events(command_id: int) -> list[Event]:
    """What the command did to receipts and to the facts of known watches, the last first.

    New customers and watches stay; those of one album go together.
    """
    kinds = Q(stream__startswith="receipt:") | Q(kind=WatchChanged.kind)
    rows = Event.objects.filter(kinds, command_id=command_id)
    found = list(rows.order_by("-ordinal"))
    return [*found, *_album_before(found)]


def _album_before(events: list[Event]) -> list[Event]:
    """The messenger sends the pictures of an album one by one: what stands directly before."""
    newest = events[0] if events else None
    if newest is None or not newest.payload.get("album"):
        return []
    earlier = Event.objects.filter(stream=newest.stream, sequence__lt=events[-1].sequence)
    found: list[Event] = []
    for event in earlier.select_related("command").order_by("-sequence")[:ALBUM]:
        same_person = (event.actor_kind, event.actor_id) == (newest.actor_kind, newest.actor_id)
        with_remark = bool(found) and event.command_id == found[-1].command_id
        same_album = event.payload.get("album") == newest.payload["album"]
        if not same_person or not (same_album or with_remark):
            break
        found.append(event)
    return found


def _of_receipt(event: Event) -> bool:
    return event.stream.startswith("receipt:")


def _receipt_id(event: Event) -> int:
    return int(event.stream.removeprefix("receipt:"))


def ensure_undoable(command_id: int, events: list[Event], actor: Actor, at: datetime) -> None:
    """The person, the time, and that there is something to undo."""
    done = Command.objects.filter(pk=command_id).first()
    if done is None or not events:
        raise NotFound("undo.nothing", _("There is nothing to undo."))
    if (done.actor_kind, done.actor_id) != (actor.kind, actor.id):
        raise NotAllowed("undo.not_yours", _("Only the person who did it can undo it."))
    policies.ensure_may_undo(actor)
    if done.verb == VERB:
        raise impossible()
    if at - done.created_at > WINDOW:
        raise RuleViolation(
            "undo.too_late", _("More than 15 minutes have passed: correct it on the receipt.")
        )


def _ensure_last(events: list[Event]) -> None:
    for stream in {event.stream for event in events}:
        last = max(event.sequence for event in events if event.stream == stream)
        if Event.objects.filter(stream=stream, sequence__gt=last).exists():
            raise RuleViolation(
                "undo.overtaken",
                _("Something was recorded after it: correct it on the receipt."),
            )


def _void_status(run: Run, event: Event, reason: str) -> None:
    """Not the verb, which masters may not: who may undo is asked once, for the whole command."""
    void_last(run, locks.receipt(_receipt_id(event)), reason)


for _kind in STATUS_KINDS:
    if _kind != DecisionVoided.kind:
        undoes(_kind)(_void_status)


@undoes(WorkRecorded.kind)
def _void_work(run: Run, event: Event, reason: str) -> None:
    row = Operation.objects.get(pk=event.payload["operation_id"])
    if row.is_void:  # taken back together with the polishing order that recorded it
        return
    void_work(
        receipt_id=_receipt_id(event),
        operation_id=row.pk,
        reason=reason,
        actor=run.actor,
        command=run.command,
        at=run.at,
    )


@undoes(WorkWaived.kind)
def _void_waiver(run: Run, event: Event, reason: str) -> None:
    void_waiver(
        receipt_id=_receipt_id(event),
        waiver_id=event.payload["waiver_id"],
        reason=reason,
        actor=run.actor,
        command=run.command,
        at=run.at,
    )


@undoes(UrgencyChanged.kind)
def _restore_urgency(run: Run, event: Event, reason: str) -> None:
    set_urgent(
        receipt_id=_receipt_id(event),
        urgent=not event.payload["urgent"],
        actor=run.actor,
        command=run.command,
        at=run.at,
    )
