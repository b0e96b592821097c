"""Works done on a watch, and required works that are not needed on this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts.events.base import ref
from receipts.events.work import WaiverVoided, WorkRecorded, WorkVoided, WorkWaived
from receipts.models import Operation, OperationType, Receipt, ReturnCase, Waiver, WaiverReason
from receipts.services.base import (
    Expected,
    employee,
    ensure_can,
    open_receipt,
    past_moment,
    row_of,
    write,
)
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import Duplicate, NotFound, RuleViolation
from workshop.lib.text import REASON_LENGTH, clean_text, require_text


@dataclass(frozen=True)
class WorkInput:
    """One work to record: type, performer, optionally when (default now) and a remark."""

    type_id: int
    employee_id: int
    performed_at: datetime | None = None
    comment: str = ""


@verb("receipt.record_work", "receipts.Receipt")
def record_work(
    *,
    receipt_id: int,
    works: Sequence[WorkInput],
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Record one or several works; ``extra["operation_ids"]`` lists them in order.

    Raises RuleViolation ``receipts.works_empty``, ``receipts.in_future``,
    ``receipts.before_receipt``, NotFound, IllegalTransition.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "record_work", actor)
    ensure_can(receipt, "record_work", expected)
    if not works:
        raise RuleViolation(
            "receipts.works_empty", _("Choose at least one kind of work."), field="works"
        )
    rows = [_record(run, receipt, work) for work in works]
    warnings = tuple(
        dict.fromkeys(
            "employee.skill_missing"
            for row in rows
            if not row.type.performers.filter(pk=row.employee_id).exists()
        )
    )
    return Outcome(receipt, warnings=warnings, extra={"operation_ids": [row.pk for row in rows]})


def _record(run: Run, receipt: Receipt, work: WorkInput) -> Operation:
    kind = row_of(OperationType, work.type_id, field="works", active=True)
    person = employee(work.employee_id)
    performed_at = past_moment(work.performed_at, receipt, run.at, "performed_at")
    return add_operation(
        run, receipt, kind, person, performed_at, comment=work.comment, by_polishing=False
    )


def add_operation(
    run: Run,
    receipt: Receipt,
    kind: OperationType,
    person: Employee,
    performed_at: datetime,
    *,
    comment: str = "",
    by_polishing: bool,
) -> Operation:
    """Insert an operation with its event on a locked receipt (also called by polishing)."""
    rework = rework_of(receipt, kind, performed_at)
    row = Operation.objects.create(
        receipt=receipt,
        type=kind,
        employee=person,
        performed_at=performed_at,
        comment=clean_text(comment, field="comment", limit=REASON_LENGTH),
        rework_of=rework,
        by_polishing=by_polishing,
    )
    payload = WorkRecorded(
        operation_id=row.pk,
        type=ref(kind) or {},
        employee=ref(person) or {},
        performed_at=clock.iso(performed_at) or "",
        rework_of=rework.pk if rework else None,
        comment=row.comment,
        by_polishing=by_polishing,
    )
    write(run, receipt, payload)
    return row


def rework_of(receipt: Receipt, kind: OperationType, performed_at: datetime) -> ReturnCase | None:
    """The latest return before the work that concerns its type (spec 5.2 *Rework*)."""
    cases = ReturnCase.objects.valid().filter(
        receipt=receipt, returned_at__lte=performed_at, items__affects=kind
    )
    found: ReturnCase | None = cases.order_by("-returned_at", "-id").first()
    return found


def reattach_reworks(case: ReturnCase) -> None:
    """Works done after a return that is void now: reworks of the return before it, if any."""
    for row in Operation.objects.filter(rework_of=case).select_related("receipt", "type"):
        row.rework_of = rework_of(row.receipt, row.type, row.performed_at)
        row.save(update_fields=["rework_of"])


@verb("receipt.void_work", "receipts.Receipt")
def void_work(
    *,
    receipt_id: int,
    operation_id: int,
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Declare a work void; one recorded by polishing is voided with its order instead.

    Raises RuleViolation ``receipts.work_of_polishing``, ``receipts.already_void``,
    ``receipts.work_blamed`` (a return points at it), NotFound ``receipts.no_such_work``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "void_work", actor)
    ensure_can(receipt, "void_work", None)
    row = find_operation(receipt, operation_id)
    if row.by_polishing:
        raise RuleViolation(
            "receipts.work_of_polishing",
            _("This work was recorded by taking back from polishing: void the order."),
            field="operation",
        )
    void_operation(run, receipt, row, reason)
    return Outcome(receipt)


def find_operation(receipt: Receipt, operation_id: int) -> Operation:
    """A valid work of this receipt."""
    row = (
        Operation.objects.select_related("type", "employee")
        .filter(pk=operation_id, receipt=receipt)
        .first()
    )
    if row is None:
        raise NotFound(
            "receipts.no_such_work", _("There is no such work on the receipt."), field="operation"
        )
    if row.is_void:
        raise RuleViolation(
            "receipts.already_void", _("This record is already void."), field="operation"
        )
    return row


def void_operation(run: Run, receipt: Receipt, row: Operation, reason: str) -> None:
    """Void a work with its event. A return that hits it must be settled first."""
    if row.return_items.filter(return_case__voided_at__isnull=True).exists():
        raise RuleViolation(
            "receipts.work_blamed",
            _("A return points at this work: change the responsible there first."),
            field="operation",
        )
    row.void_reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    row.voided_at = run.at
    row.save(update_fields=["void_reason", "voided_at"])
    payload = WorkVoided(
        operation_id=row.pk,
        type=ref(row.type) or {},
        employee=ref(row.employee) or {},
        reason=row.void_reason,
    )
    write(run, receipt, payload)


@verb("receipt.waive", "receipts.Receipt")
def waive_work(
    *,
    receipt_id: int,
    type_id: int,
    reason_id: int,
    comment: str = "",
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """A required work is not needed on this receipt, with the reason.

    Raises RuleViolation ``receipts.work_not_required``, Duplicate ``receipts.already_waived``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "waive", actor)
    ensure_can(receipt, "waive", None)
    kind = row_of(OperationType, type_id, field="type", active=True)
    reason = row_of(WaiverReason, reason_id, field="reason", active=True)
    if not kind.required:
        raise RuleViolation(
            "receipts.work_not_required", _("This work is not required anyway."), field="type"
        )
    row = Waiver(
        receipt=receipt,
        type=kind,
        reason=reason,
        comment=clean_text(comment, field="comment", limit=REASON_LENGTH),
        waived_at=run.at,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        twin = Waiver.objects.valid().filter(receipt=receipt, type=kind).first()
        raise Duplicate(
            "receipts.already_waived",
            _("This work is already waived."),
            existing_id=twin.pk if twin else None,
            field="type",
        ) from None
    payload = WorkWaived(
        waiver_id=row.pk, type=ref(kind) or {}, reason=ref(reason) or {}, comment=row.comment
    )
    write(run, receipt, payload)
    return Outcome(receipt, extra={"waiver_id": row.pk})


@verb("receipt.void_waiver", "receipts.Receipt")
def void_waiver(
    *,
    receipt_id: int,
    waiver_id: int,
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """The work is required again. Raises NotFound ``receipts.no_such_waiver``."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "waive", actor)
    ensure_can(receipt, "waive", None)
    row = Waiver.objects.valid().filter(pk=waiver_id, receipt=receipt).first()
    if row is None:
        raise NotFound("receipts.no_such_waiver", _("There is no such waiver."), field="waiver")
    row.void_reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    row.voided_at = run.at
    row.save(update_fields=["void_reason", "voided_at"])
    payload = WaiverVoided(waiver_id=row.pk, type=ref(row.type) or {}, reason=row.void_reason)
    write(run, receipt, payload)
    return Outcome(receipt)
