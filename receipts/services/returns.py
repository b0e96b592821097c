"""Returns from quality control and the responsibility that an inspector records (law 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts import locks, selectors
from receipts.events.base import ref
from receipts.events.quality import AssemblerChanged, ResponsibleChanged, ReturnCommented
from receipts.events.status import Returned
from receipts.models import (
    Operation,
    QualityCheck,
    Receipt,
    ReturnCase,
    ReturnItem,
    ReturnReason,
)
from receipts.services.assignment import assign
from receipts.services.base import Expected, employee, ensure_can, open_receipt, row_of, write
from receipts.services.quality import decide, separation
from receipts.services.reminders import plan_reminders
from receipts.services.works import WorkInput, record_work
from receipts.states import Status
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation
from workshop.lib.text import REASON_LENGTH, clean_text, require_text

R = ReturnItem.Responsibility


@dataclass(frozen=True)
class ItemInput:
    """One reason: a person with the operation hit, "not our fault" with a cause, or undecided.

    ``operation_id`` None with a person means the latest affected work of his, if there is one.
    """

    reason_id: int
    responsibility: str = R.UNDECIDED
    responsible_id: int | None = None
    operation_id: int | None = None
    cause: str = ""


@verb("receipt.return", "receipts.Receipt")
def return_watch(
    *,
    receipt_id: int,
    items: Sequence[ItemInput],
    assembler_id: int | None = None,
    comment: str = "",
    works: Sequence[WorkInput] = (),
    hand_to_id: int | None = None,
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Send the watch back; ``extra["return_id"]``. The same command may first record works that
    were forgotten (``works``) and hand the watch on (``hand_to_id``).

    Raises RuleViolation ``receipts.return_without_reason``, ``receipts.reason_twice``,
    ``receipts.responsible_missing``, ``receipts.wrong_operation``, ``receipts.own_work``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "return", actor)
    ensure_can(receipt, "return", expected)
    ensure_reasons(items)
    if works:
        record_work(receipt_id=receipt.pk, works=works, actor=actor, command=run.command, at=run.at)
        receipt.refresh_from_db()
    warnings = separation(receipt, actor)
    assembler = employee(assembler_id, field="assembler") if assembler_id else None
    check, was_open = decide(receipt, QualityCheck.Decision.RETURNED, actor, run.at)
    case = ReturnCase.objects.create(
        receipt=receipt,
        quality_check=check,
        returned_at=run.at,
        comment=clean_text(comment, field="comment"),
        assembler=assembler,
    )
    rows = [_add_item(case, item, run.at) for item in items]
    payload = Returned(
        status_from=receipt.status,
        status_to=Status.RETURNED,
        return_id=case.pk,
        check_id=check.pk,
        check_was_open=was_open,
        items=[item_payload(row) for row in rows],
        assembler=ref(assembler),
        comment=case.comment,
        warnings=list(warnings),
    )
    write(run, receipt, payload)
    plan_reminders(receipt, run.at)
    if hand_to_id is not None:
        assign(
            receipt_id=receipt.pk,
            master_id=hand_to_id,
            actor=actor,
            command=run.command,
            at=run.at,
        )
        receipt.refresh_from_db()
    return Outcome(receipt, warnings=warnings, extra={"return_id": case.pk})


def ensure_reasons(items: Sequence[ItemInput]) -> None:
    """At least one reason, none twice."""
    if not items:
        raise RuleViolation(
            "receipts.return_without_reason", _("Choose at least one reason."), field="reasons"
        )
    ids = [item.reason_id for item in items]
    if len(set(ids)) != len(ids):
        raise RuleViolation(
            "receipts.reason_twice", _("The same reason stands twice."), field="reasons"
        )


def _add_item(case: ReturnCase, item: ItemInput, at: datetime) -> ReturnItem:
    reason = row_of(ReturnReason, item.reason_id, field="reasons", active=True)
    row = ReturnItem(
        return_case=case,
        reason=reason,
        reason_name=reason.name,
        affects=reason.affects,
        affects_name=reason.affects.name,
        rule=reason.rule,
    )
    _set_responsibility(row, item, before=at)
    row.save(force_insert=True)
    return row


def _set_responsibility(row: ReturnItem, item: ItemInput, *, before: datetime) -> None:
    """Person, not ours or undecided, exactly as the inspector said; nothing is derived."""
    if item.responsibility not in R.values:
        raise NotFound(
            "receipts.unknown_choice",
            _("This choice does not exist any more."),
            field="responsibility",
        )
    row.responsibility, row.cause = item.responsibility, ""
    row.responsible, row.operation = None, None
    if item.responsibility == R.NOT_OURS:
        if item.cause and item.cause not in ReturnItem.Cause.values:
            raise NotFound(
                "receipts.unknown_choice", _("This choice does not exist any more."), field="cause"
            )
        row.cause = item.cause
    elif item.responsibility == R.PERSON:
        if item.responsible_id is None:
            raise RuleViolation(
                "receipts.responsible_missing",
                _("Who is it? Choose a person, “not our fault” or “decide later”."),
                field="responsible",
            )
        row.responsible = employee(item.responsible_id, field="responsible")
        row.operation = _operation_hit(row, row.responsible, item.operation_id, before)


def _operation_hit(
    row: ReturnItem, person: Employee, operation_id: int | None, before: datetime
) -> Operation | None:
    receipt = row.return_case.receipt
    if operation_id is None:
        return selectors.operation_hit(receipt, row.affects_id, person.pk, before)
    found = (
        Operation.objects.valid()
        .filter(
            pk=operation_id,
            receipt__in=selectors.visits_answered_for(receipt),
            performed_at__lte=before,
        )
        .first()
    )
    if found is None or found.employee_id != person.pk:
        raise RuleViolation(
            "receipts.wrong_operation",
            _("This work is not one that %(name)s did on the watch before."),
            field="operation",
            params={"name": person.short_name},
        )
    return found


def item_payload(row: ReturnItem) -> dict[str, Any]:
    """An item as it stands in an event, with the names of that time."""
    return {
        "item_id": row.pk,
        "reason": {"id": row.reason_id, "name": row.reason_name},
        "affects": {"id": row.affects_id, "name": row.affects_name},
        "responsibility": row.responsibility,
        "responsible": ref(row.responsible),
        "operation_id": row.operation_id,
        "cause": row.cause,
    }


@verb("receipt.change_responsible", "receipts.Receipt")
def change_responsible(
    *,
    receipt_id: int,
    item_id: int,
    responsibility: str,
    responsible_id: int | None = None,
    operation_id: int | None = None,
    cause: str = "",
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Decide or change who is responsible, later: old → new with a reason, in any status."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "change_responsible", actor)
    row = (
        ReturnItem.objects.select_related("return_case__receipt", "responsible", "reason")
        .filter(pk=item_id, return_case__receipt=receipt, return_case__voided_at__isnull=True)
        .first()
    )
    if row is None:
        raise NotFound("receipts.no_such_item", _("There is no such return."), field="item")
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    old = item_payload(row)
    wanted = ItemInput(row.reason_id, responsibility, responsible_id, operation_id, cause)
    _set_responsibility(row, wanted, before=row.return_case.returned_at)
    new = item_payload(row)
    if new == old:
        return Outcome(receipt)
    row.save(update_fields=["responsibility", "responsible", "operation", "cause"])
    payload = ResponsibleChanged(
        return_id=row.return_case_id,
        item_id=row.pk,
        reason_name=row.reason_name,
        old=old,
        new=new,
        reason=reason,
    )
    write(run, receipt, payload)
    return Outcome(receipt)


@verb("receipt.change_assembler", "receipts.Receipt")
def change_assembler(
    *,
    receipt_id: int,
    return_id: int,
    assembler_id: int | None,
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Change the assembler of record of a return (None = nobody): old → new with a reason."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "change_responsible", actor)
    case = _case(receipt, return_id)
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    new = employee(assembler_id, field="assembler") if assembler_id else None
    if case.assembler == new:
        return Outcome(receipt)
    old, case.assembler = case.assembler, new
    case.save(update_fields=["assembler"])
    payload = AssemblerChanged(return_id=case.pk, old=ref(old), new=ref(new), reason=reason)
    write(run, receipt, payload)
    return Outcome(receipt)


def _case(receipt: Receipt, return_id: int) -> ReturnCase:
    case = (
        ReturnCase.objects.valid()
        .select_related("assembler")
        .filter(pk=return_id, receipt=receipt)
        .first()
    )
    if case is None:
        raise NotFound("receipts.no_such_return", _("There is no such return."), field="return")
    return case


@verb("receipt.comment_return", "receipts.Receipt")
def comment_return(
    *,
    receipt_id: int,
    item_id: int,
    text: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """The one comment of the person that a return names, however many reasons name him.

    Raises NotAllowed ``receipts.not_named``, RuleViolation ``receipts.commented_already``.
    """
    run = Run.of(actor, command, at)
    receipt = locks.receipt(receipt_id)
    if not actor.roles:  # deactivated: he is named, but has no access any more
        raise NotAllowed()
    row = ReturnItem.objects.filter(
        pk=item_id, return_case__receipt=receipt, return_case__voided_at__isnull=True
    ).first()
    if row is None or row.responsible_id is None or row.responsible_id != actor.employee_id:
        raise NotAllowed("receipts.not_named", _("This return does not name you."), field="item")
    own = ReturnItem.objects.filter(return_case=row.return_case_id, responsible=row.responsible_id)
    if own.exclude(person_comment="").exists():
        raise RuleViolation(
            "receipts.commented_already", _("You have commented on it already."), field="comment"
        )
    row.person_comment = require_text(text, field="comment")
    row.save(update_fields=["person_comment"])
    payload = ReturnCommented(
        return_id=row.return_case_id,
        item_id=row.pk,
        employee=ref(row.responsible) or {},
        text=row.person_comment,
    )
    write(run, receipt, payload)
    return Outcome(receipt)
