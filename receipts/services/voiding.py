"""Voiding the last decision: a compensating event restores what was before a wrong press."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from history.models import Event
from history.registry import load
from receipts.events import status as events
from receipts.events.base import StatusEvent, ref
from receipts.models import Assignment, Hold, QualityCheck, Reading, Receipt, ReturnCase
from receipts.projection import project
from receipts.services.assignment import current_assignment, handed_over
from receipts.services.base import (
    Expected,
    ensure_fresh,
    last_decision,
    open_receipt,
    write,
)
from receipts.services.quality import open_check
from receipts.services.reminders import plan_reminders
from receipts.services.works import reattach_reworks
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.text import REASON_LENGTH, require_text


@verb("receipt.void_decision", "receipts.Receipt")
def void_decision(
    *,
    receipt_id: int,
    reason: str,
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Take back the last decision (only the last, only for wrong presses); the status before it
    comes back with assignment, hold and check as they were.

    Raises RuleViolation ``receipts.nothing_to_void``, ``text.required``; StaleState.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "void_decision", actor)
    ensure_fresh(receipt, expected)
    return Outcome(receipt, extra={"voided_kind": void_last(run, receipt, reason)})


def void_last(run: Run, receipt: Receipt, reason: str) -> str:
    """The void itself, on a locked receipt (also called by undo); answers the kind voided."""
    event = last_decision(receipt)
    if event is None:
        raise RuleViolation(
            "receipts.nothing_to_void", _("There is no decision to void."), field="receipt"
        )
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    payload = load(event)
    if not isinstance(payload, StatusEvent):
        raise TypeError(f"{event.kind} changes no status")
    restore = _RESTORERS.get(event.kind)
    if restore is not None:
        restore(receipt, payload, run.at, reason)
    now_open = current_assignment(receipt)
    compensation = events.DecisionVoided(
        status_from=receipt.status,
        status_to=payload.status_from,
        voided_sequence=event.sequence,
        voided_kind=event.kind,
        reason=reason,
        since=clock.iso(_since_before(receipt, event, payload)) or "",
        master=ref(now_open.master) if now_open else None,
    )
    write(run, receipt, compensation)
    plan_reminders(receipt, run.at)
    return event.kind


def _since_before(receipt: Receipt, event: Event, payload: StatusEvent) -> datetime:
    """Since when the restored status stood: rebuilt from the events before the decision."""
    if payload.status_from == payload.status_to:
        return receipt.status_since
    fresh = Receipt(pk=receipt.pk)
    earlier = Event.objects.filter(stream=receipt.stream, sequence__lt=event.sequence)
    for row in earlier.order_by("sequence"):
        project(fresh, row)
    return fresh.status_since


def _reopen_assignment(pk: int | None) -> None:
    if pk is not None:
        Assignment.objects.filter(pk=pk).update(ended_at=None)


def _void_assignment(pk: int, at: datetime, reason: str) -> None:
    Assignment.objects.filter(pk=pk).update(voided_at=at, void_reason=reason)


def _assigned(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    _void_assignment(payload.assignment_id, at, reason)
    _reopen_assignment(payload.ended_assignment_id)
    if payload.ended_hold_id is not None:
        Hold.objects.filter(pk=payload.ended_hold_id).update(ended_at=None)


def _accepted(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    Assignment.objects.filter(pk=payload.assignment_id).update(accepted_at=None)


def _declined(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    handed = Assignment.objects.get(pk=payload.assignment_id)
    if payload.restored_assignment_id is not None:
        Assignment.objects.filter(pk=payload.restored_assignment_id).update(
            ended_at=handed.assigned_at
        )
    Hold.objects.valid().filter(receipt=receipt, ended_at__isnull=True).update(
        ended_at=handed.assigned_at
    )
    handed.declined_at = handed.ended_at = None
    handed.reason = handed_over(receipt, handed).reason
    handed.save(update_fields=["declined_at", "ended_at", "reason"])


def _held(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    Hold.objects.filter(pk=payload.hold_id).update(voided_at=at, void_reason=reason)


def _resumed(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    Hold.objects.filter(pk=payload.hold_id).update(ended_at=None)


def _passed(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    _undecide(receipt, payload, at, reason)
    _reopen_assignment(payload.ended_assignment_id)


def _returned(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    case = ReturnCase.objects.get(pk=payload.return_id)
    case.voided_at, case.void_reason = at, reason
    if payload.check_was_open and open_check(receipt) is None:
        case.quality_check = _void_copy(case.quality_check, at, reason)
    case.save(update_fields=["voided_at", "void_reason", "quality_check"])
    reattach_reworks(case)
    _undecide(receipt, payload, at, reason)


def _void_copy(check: QualityCheck, at: datetime, reason: str) -> QualityCheck:
    """What the void return points at, so that the check itself can be open again."""
    copy = QualityCheck.objects.get(pk=check.pk)
    copy.pk = None
    copy.voided_at, copy.void_reason = at, reason
    copy.save(force_insert=True)
    return copy


def _undecide(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    """A check made by the decision is void; one that was open before it is open again.

    Readings never vanish: when another check was begun meanwhile they join it.
    """
    check = QualityCheck.objects.filter(pk=payload.check_id)
    begun_since = open_check(receipt)
    if payload.check_was_open and begun_since is None:
        check.update(decision=None, decided_at=None, decided_by=None)
        return
    check.update(voided_at=at, void_reason=reason)
    if begun_since is not None:
        Reading.objects.filter(quality_check=payload.check_id).update(quality_check=begun_since)


def _rework_ordered(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    _void_assignment(payload.assignment_id, at, reason)


def _issued(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    _reopen_assignment(payload.ended_assignment_id)
    receipt.received_by = receipt.issue_difference = ""
    receipt.save(update_fields=["received_by", "issue_difference"])


def _refused(receipt: Receipt, payload: Any, at: datetime, reason: str) -> None:
    if payload.ended_hold_id is not None:
        Hold.objects.filter(pk=payload.ended_hold_id).update(ended_at=None)


_RESTORERS: dict[str, Callable[[Receipt, Any, datetime, str], None]] = {
    events.Assigned.kind: _assigned,
    events.Accepted.kind: _accepted,
    events.Declined.kind: _declined,
    events.Held.kind: _held,
    events.Resumed.kind: _resumed,
    events.Passed.kind: _passed,
    events.Returned.kind: _returned,
    events.ReworkOrdered.kind: _rework_ordered,
    events.Issued.kind: _issued,
    events.Refused.kind: _refused,
}
