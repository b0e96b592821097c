"""Moves between the stages: hold, resume, submit, rework order, refuse, reopen, issue."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts.events.base import ref
from receipts.events.status import (
    Held,
    Issued,
    Refused,
    Reopened,
    Resumed,
    ReworkOrdered,
    Submitted,
)
from receipts.models import Hold, HoldReason, Receipt, RefusalReason
from receipts.services.assignment import (
    end_assignment,
    ensure_master,
    open_assignment,
)
from receipts.services.base import (
    Expected,
    already,
    ensure_can,
    last_decision,
    open_receipt,
    row_of,
    write,
)
from receipts.services.parts import ensure_complete
from receipts.services.reminders import cancel_reminders, plan_reminders
from receipts.states import Status
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.text import REASON_LENGTH, clean_text, require_text

ASK_AGAIN = timedelta(days=7)


@verb("receipt.hold", "receipts.Receipt")
def hold(
    *,
    receipt_id: int,
    reason_id: int,
    expected_on: date | None = None,
    comment: str = "",
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """The watch waits until ``expected_on``; unknown (None) asks again in 7 days.

    Raises RuleViolation ``receipts.hold_in_past``, IllegalTransition, StaleState.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "hold", actor)
    ensure_can(receipt, "hold", expected)
    reason = row_of(HoldReason, reason_id, field="reason", active=True)
    today = clock.local(run.at).date()
    if expected_on is not None and expected_on < today:
        raise RuleViolation(
            "receipts.hold_in_past", _("The expected date lies in the past."), field="expected_on"
        )
    comment = clean_text(comment, field="comment", limit=REASON_LENGTH)
    row = Hold.objects.create(
        receipt=receipt,
        reason=reason,
        comment=comment,
        started_at=run.at,
        expected_on=expected_on,
        ask_again_on=None if expected_on else today + ASK_AGAIN,
        status_before=receipt.status,
    )
    payload = Held(
        status_from=receipt.status,
        status_to=Status.ON_HOLD,
        hold_id=row.pk,
        reason=ref(reason) or {},
        comment=comment,
        expected_on=expected_on.isoformat() if expected_on else None,
        is_incident=reason.is_incident,
    )
    write(run, receipt, payload)
    return Outcome(receipt)


@verb("receipt.resume", "receipts.Receipt")
def resume(
    *, receipt_id: int, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Receipt]:
    """Work goes on in the status before the hold; again is "already done"."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "resume", actor)
    row = Hold.objects.valid().filter(receipt=receipt, ended_at__isnull=True).first()
    last = last_decision(receipt)
    if row is None and last is not None and last.kind == Resumed.kind:
        return Outcome(receipt, already=already(receipt, (Resumed.kind,)))
    ensure_can(receipt, "resume", None)
    if row is None:
        raise LookupError(f"receipt {receipt.pk} is on hold without a hold")
    row.ended_at = run.at
    row.save(update_fields=["ended_at"])
    payload = Resumed(status_from=receipt.status, status_to=row.status_before, hold_id=row.pk)
    write(run, receipt, payload)
    return Outcome(receipt)


@verb("receipt.submit", "receipts.Receipt")
def submit(
    *, receipt_id: int, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Receipt]:
    """The watch goes to quality control; the assignment stays open. Again is "already done"."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "submit", actor)
    if receipt.status == Status.QUALITY_CONTROL:
        return Outcome(receipt, already=already(receipt, (Submitted.kind,)))
    ensure_can(receipt, "submit", None)
    write(
        run,
        receipt,
        Submitted(status_from=receipt.status, status_to=Status.QUALITY_CONTROL),
    )
    return Outcome(receipt)


@verb("receipt.rework_order", "receipts.Receipt")
def rework_order(
    *,
    receipt_id: int,
    master_id: int,
    reason: str,
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """A ready watch goes back to a master without a return: a wish, a forgotten work."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "rework_order", actor)
    ensure_can(receipt, "rework_order", expected)
    master = ensure_master(master_id)
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    row = open_assignment(receipt, master, None, run.at, reason)
    payload = ReworkOrdered(
        status_from=receipt.status,
        status_to=Status.IN_WORK,
        assignment_id=row.pk,
        master=ref(master) or {},
        reason=reason,
    )
    write(run, receipt, payload)
    plan_reminders(receipt, run.at)
    return Outcome(receipt)


@verb("receipt.refuse", "receipts.Receipt")
def refuse(
    *,
    receipt_id: int,
    reason_id: int,
    comment: str = "",
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """No repair; the watch is still here. Open assignment and polishing stay open and listed."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "refuse", actor)
    if receipt.status == Status.REFUSED:
        return Outcome(receipt, already=already(receipt, (Refused.kind,)))
    ensure_can(receipt, "refuse", expected)
    reason = row_of(RefusalReason, reason_id, field="reason", active=True)
    waited = Hold.objects.valid().filter(receipt=receipt, ended_at__isnull=True).first()
    if waited is not None:
        waited.ended_at = run.at
        waited.save(update_fields=["ended_at"])
    payload = Refused(
        status_from=receipt.status,
        status_to=Status.REFUSED,
        reason=ref(reason) or {},
        comment=clean_text(comment, field="comment", limit=REASON_LENGTH),
        ended_hold_id=waited.pk if waited else None,
    )
    write(run, receipt, payload)
    cancel_reminders(receipt, run.at)
    return Outcome(receipt)


@verb("receipt.reopen", "receipts.Receipt")
def reopen(
    *,
    receipt_id: int,
    reason: str,
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """A refused repair goes on: in work when it still has a master, else received."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "reopen", actor)
    ensure_can(receipt, "reopen", expected)
    payload = Reopened(
        status_from=receipt.status,
        status_to=Status.IN_WORK if receipt.master_id else Status.RECEIVED,
        reason=require_text(reason, field="reason", limit=REASON_LENGTH),
    )
    write(run, receipt, payload)
    plan_reminders(receipt, run.at)
    return Outcome(receipt)


# A customer's name stays out of what the command keeps, also as a hash.
@verb("receipt.issue", "receipts.Receipt", secret=("received_by",))
def issue(
    *,
    receipt_id: int,
    received_by: str = "",
    as_taken_in: bool = False,
    difference: str = "",
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Hand the watch to the customer; from refused: unrepaired. Again is "already done".

    Accessories and links are as taken in (``as_taken_in``) or the difference is explained.
    Raises RuleViolation ``receipts.part_detached``, ``receipts.completeness_unchecked``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "issue", actor)
    if receipt.status == Status.ISSUED:
        return Outcome(receipt, already=already(receipt, (Issued.kind,)))
    ensure_can(receipt, "issue", expected)
    ensure_complete(receipt)
    difference = clean_text(difference, field="difference", limit=1000)
    if not as_taken_in and not difference:
        raise RuleViolation(
            "receipts.completeness_unchecked",
            _("Are accessories and links as taken in? Confirm, or explain the difference."),
            field="difference",
        )
    receipt.received_by = clean_text(received_by, field="received_by", limit=150)
    receipt.issue_difference = difference
    receipt.save(update_fields=["received_by", "issue_difference"])
    ended = end_assignment(receipt, run.at)
    payload = Issued(
        status_from=receipt.status,
        status_to=Status.ISSUED,
        ended_assignment_id=ended.pk if ended else None,
        difference_explained=bool(difference),
    )
    write(run, receipt, payload)
    cancel_reminders(receipt, run.at)
    return Outcome(receipt)
