"""Handing a watch to a master, and the master's answer."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from history.commands import Already, CommandRef, Outcome, Run, verb
from history.models import Event
from history.registry import load
from receipts.events.base import ref
from receipts.events.status import Accepted, Assigned, Declined, ReworkOrdered
from receipts.models import Assignment, Hold, OperationType, Receipt
from receipts.services.base import (
    Expected,
    already,
    employee,
    ensure_can,
    open_receipt,
    row_of,
    write,
)
from receipts.services.reminders import plan_reminders
from receipts.states import Status, ensure_possible
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.compiled import Rows
from workshop.lib.errors import RuleViolation
from workshop.lib.text import REASON_LENGTH, clean_text, require_text


@verb("receipt.assign", "receipts.Receipt")
def assign(
    *,
    receipt_id: int,
    master_id: int,
    purpose_id: int | None = None,
    reason: str = "",
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Hand the watch to a master; ends an open hold and the assignment before.

    The same master while in work is "already done". A missing skill is a warning
    (``master.skill_missing``). Raises RuleViolation ``receipts.not_a_master``,
    ``receipts.person_inactive``, IllegalTransition, StaleState.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "assign", actor)
    if receipt.status == Status.IN_WORK and receipt.master_id == master_id:
        return Outcome(receipt, already=_handed_already(receipt))
    ensure_can(receipt, "assign", expected)
    master = ensure_master(master_id)
    purpose = row_of(OperationType, purpose_id, field="purpose") if purpose_id else None
    hold = Hold.objects.valid().filter(receipt=receipt, ended_at__isnull=True).first()
    if hold is not None:
        hold.ended_at = run.at
        hold.save(update_fields=["ended_at"])
    reason = clean_text(reason, field="reason", limit=REASON_LENGTH)
    before = receipt.master
    ended = end_assignment(receipt, run.at)
    row = open_assignment(receipt, master, purpose, run.at, reason)
    payload = Assigned(
        status_from=receipt.status,
        status_to=Status.IN_WORK,
        assignment_id=row.pk,
        master=ref(master) or {},
        purpose=ref(purpose),
        previous_master=ref(before),
        ended_assignment_id=ended.pk if ended else None,
        ended_hold_id=hold.pk if hold else None,
        accepted=row.accepted_at is not None,
        reason=reason,
    )
    write(run, receipt, payload)
    return Outcome(receipt, warnings=skill_warnings(master, purpose))


def _handed_already(receipt: Receipt) -> Already | None:
    row = current_assignment(receipt)
    kinds = (Assigned.kind, ReworkOrdered.kind)
    return already(receipt, kinds, assignment_id=row.pk if row else None)


def ensure_master(master_id: int) -> Employee:
    """An active employee with the master role."""
    master = employee(master_id, field="master")
    if not master.active:
        raise RuleViolation(
            "receipts.person_inactive",
            _("%(name)s is deactivated."),
            field="master",
            params={"name": master.short_name},
        )
    if not master.is_master:
        raise RuleViolation(
            "receipts.not_a_master",
            _("%(name)s is not a master."),
            field="master",
            params={"name": master.short_name},
        )
    return master


def skill_warnings(master: Employee, purpose: OperationType | None) -> tuple[str, ...]:
    """Warned, never refused: who lacks the skill may still be the right one today."""
    if purpose is None or purpose.performers.filter(pk=master.pk).exists():
        return ()
    return ("master.skill_missing",)


_open: Rows[Assignment] = Rows(
    lambda slot: (
        Assignment.objects.valid()
        .select_related("master")
        .filter(receipt_id=slot("receipt_id"), ended_at__isnull=True)
    )
)


def current_assignment(receipt: Receipt) -> Assignment | None:
    """The open assignment, if any."""
    return _open.first(receipt_id=receipt.pk)


def end_assignment(receipt: Receipt, at: datetime) -> Assignment | None:
    """End the open assignment; returns it."""
    row = current_assignment(receipt)
    if row is not None:
        row.ended_at = at
        row.save(update_fields=["ended_at"])
    return row


def open_assignment(
    receipt: Receipt,
    master: Employee,
    purpose: OperationType | None,
    at: datetime,
    reason: str,
) -> Assignment:
    """A new open assignment; accepted at once unless masters serve themselves."""
    return Assignment.objects.create(
        receipt=receipt,
        master=master,
        purpose=purpose,
        assigned_at=at,
        accepted_at=None if settings.WORKSHOP_SELF_SERVICE else at,
        reason=reason,
    )


@verb("receipt.accept", "receipts.Receipt")
def accept(
    *,
    receipt_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """The master takes the watch into work; again is "already done"."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "accept", actor)
    row = current_assignment(receipt)
    if receipt.status == Status.IN_WORK and row is not None and row.accepted_at is not None:
        kinds = (Accepted.kind, Assigned.kind, ReworkOrdered.kind)
        return Outcome(receipt, already=already(receipt, kinds, assignment_id=row.pk))
    ensure_can(receipt, "accept", None)
    row = _ensure_open(row)
    row.accepted_at = run.at
    row.save(update_fields=["accepted_at"])
    payload = Accepted(
        status_from=receipt.status,
        status_to=receipt.status,
        assignment_id=row.pk,
        master=ref(row.master) or {},
    )
    write(run, receipt, payload)
    return Outcome(receipt)


@verb("receipt.decline", "receipts.Receipt")
def decline(
    *,
    receipt_id: int,
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """The master cannot take it: the status before comes back, with the master before, if any.

    Raises RuleViolation ``receipts.already_accepted``, ``text.required``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "decline", actor)
    ensure_possible("decline", receipt.status)
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    row = _ensure_open(current_assignment(receipt))
    if row.accepted_at is not None:
        raise RuleViolation(
            "receipts.already_accepted",
            _("The watch is already accepted: hand it to another master instead."),
            field="receipt",
        )
    handed = handed_over(receipt, row)
    row.declined_at = row.ended_at = run.at
    row.reason = reason
    row.save(update_fields=["declined_at", "ended_at", "reason"])
    restored = _restore_previous(handed) if isinstance(handed, Assigned) else None
    payload = Declined(
        status_from=receipt.status,
        status_to=handed.status_from,
        assignment_id=row.pk,
        master=ref(row.master) or {},
        reason=reason,
        restored_assignment_id=restored.pk if restored else None,
        restored_master=ref(restored.master) if restored else None,
    )
    write(run, receipt, payload)
    plan_reminders(receipt, run.at)
    return Outcome(receipt)


def _ensure_open(row: Assignment | None) -> Assignment:
    if row is None:
        raise RuleViolation(
            "receipts.not_assigned", _("The watch is not at a master."), field="receipt"
        )
    return row


def handed_over(receipt: Receipt, row: Assignment) -> Assigned | ReworkOrdered:
    """The event that handed this assignment over: it carries the status before and the reason."""
    kinds = (Assigned.kind, ReworkOrdered.kind)
    events = Event.objects.filter(stream=receipt.stream, kind__in=kinds)
    for event in events.order_by("-sequence"):
        payload = load(event)
        if isinstance(payload, Assigned | ReworkOrdered) and payload.assignment_id == row.pk:
            return payload
    raise LookupError(f"assignment {row.pk} has no event")


def _restore_previous(handed: Assigned) -> Assignment | None:
    """The watch goes back to the master it was taken from, with the hold it waited in."""
    if handed.ended_hold_id is not None:
        Hold.objects.filter(pk=handed.ended_hold_id).update(ended_at=None)
    if handed.ended_assignment_id is None:
        return None
    previous = Assignment.objects.select_related("master").get(pk=handed.ended_assignment_id)
    previous.ended_at = None
    previous.save(update_fields=["ended_at"])
    return previous
