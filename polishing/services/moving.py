"""Moving a record from the wrong receipt to the right one: voided there, recorded here, linked.

It stands above receipts and polishing because a record may be a work, a check, a return or an
order. The one command that changes two receipts; both are locked in the order of their ids.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from polishing import locks as polishing_locks
from polishing.events import PolishingTakenBack
from polishing.models import PolishingOrder
from polishing.services.orders import sent_payload, void_round
from receipts import locks, policies, states
from receipts.events.base import ref
from receipts.events.quality import CheckVoided, ReturnRecorded
from receipts.events.work import RecordMoved
from receipts.models import QualityCheck, Receipt, ReturnCase, ReturnItem
from receipts.services.base import last_decision, write
from receipts.services.parts import detach_parts
from receipts.services.returns import item_payload
from receipts.services.voiding import void_decision
from receipts.services.works import add_operation, find_operation, void_operation
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import NotFound, RuleViolation
from workshop.lib.text import REASON_LENGTH, require_text

WORK: Final = "work"
ORDER: Final = "order"
CHECK: Final = "check"
RETURN: Final = "return"


@verb("receipt.move", "receipts.Receipt")
def move_record(
    *,
    what: str,
    record_id: int,
    from_receipt_id: int,
    to_receipt_id: int,
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Move a work, polishing order, check or return; answers with the receipt it is on now.

    A decision (check, return) is moved only while it is the last decision of its receipt, and
    arrives as a fact that changes no status there. Raises RuleViolation ``receipts.move_same``,
    ``receipts.move_before_receipt``, ``receipts.move_not_last``, what voiding raises.
    """
    run = Run.of(actor, command, at)
    if from_receipt_id == to_receipt_id:
        raise RuleViolation(
            "receipts.move_same", _("It already stands on this receipt."), field="receipt"
        )
    rows = locks.receipts((from_receipt_id, to_receipt_id))
    source, target = rows[from_receipt_id], rows[to_receipt_id]
    for receipt in (source, target):
        policies.ensure_may(actor, "move", receipt)
        states.ensure_possible("move", receipt.status)
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    movers = {WORK: _work, ORDER: _order, CHECK: _check, RETURN: _return}
    if what not in movers:
        raise NotFound(
            "receipts.unknown_choice", _("This choice does not exist any more."), field="what"
        )
    new_id = movers[what](run, source, target, record_id, reason)
    payload = RecordMoved(
        what=what,
        old_id=record_id,
        new_id=new_id,
        from_receipt=ref(source) or {},
        to_receipt=ref(target) or {},
        reason=reason,
    )
    write(run, source, payload)
    write(run, target, payload)
    return Outcome(target, extra={"new_id": new_id})


def _ensure_after(receipt: Receipt, moment: datetime) -> None:
    if moment < receipt.received_at:
        raise RuleViolation(
            "receipts.move_before_receipt",
            _("%(number)s was created only later: %(when)s."),
            field="receipt",
            params={"number": str(receipt), "when": clock.show(receipt.received_at)},
        )


def _work(run: Run, source: Receipt, target: Receipt, pk: int, reason: str) -> int:
    row = find_operation(source, pk)
    if row.by_polishing:
        raise RuleViolation(
            "receipts.work_of_polishing",
            _("This work was recorded by taking back from polishing: move the order."),
            field="operation",
        )
    _ensure_after(target, row.performed_at)
    void_operation(run, source, row, reason)
    new = add_operation(
        run,
        target,
        row.type,
        row.employee,
        row.performed_at,
        comment=row.comment,
        by_polishing=False,
    )
    return new.pk


def _order(run: Run, source: Receipt, target: Receipt, pk: int, reason: str) -> int:
    order = polishing_locks.order(pk)
    if order.receipt_id != source.pk or order.is_void:
        raise NotFound(
            "polishing.no_such_order", _("There is no such polishing order."), field="order"
        )
    _ensure_after(target, order.sent_at)
    old_operation = order.operation
    new = PolishingOrder(
        receipt=target,
        batch=order.batch,
        polisher=order.polisher,
        case=order.case,
        bracelet=order.bracelet,
        metal=order.metal,
        difficult=order.difficult,
        comment=order.comment,
        allowed_by=order.allowed_by,
        sent_at=order.sent_at,
        returned_at=order.returned_at,
        result=order.result,
        result_reason=order.result_reason,
        polished_by=order.polished_by,
    )
    if new.returned_at is None:
        detach_parts(target, new.parts, new.polisher, new.sent_at)
    new.save(force_insert=True)
    write(run, target, sent_payload(new))
    if new.returned_at is not None:
        if old_operation is not None and new.polished_by is not None:
            new.operation = add_operation(
                run, target, old_operation.type, new.polished_by, new.returned_at, by_polishing=True
            )
            new.save(update_fields=["operation"])
        write(run, target, _taken_back(new))
    # Afterwards, so that a batch whose last open order moves never closes.
    void_round(run, source, order, reason)
    return new.pk


def _taken_back(order: PolishingOrder) -> PolishingTakenBack:
    return PolishingTakenBack(
        order_id=order.pk,
        polisher=ref(order.polisher) or {},
        polished_by=ref(order.polished_by),
        parts=order.parts,
        done=order.result == PolishingOrder.Result.DONE,
        reason=order.result_reason,
        operation_id=order.operation_id,
    )


def _check(run: Run, source: Receipt, target: Receipt, pk: int, reason: str) -> int:
    check = QualityCheck.objects.valid().filter(pk=pk, receipt=source).first()
    if check is None:
        raise NotFound("receipts.no_such_check", _("There is no such check."), field="check")
    if check.decision == QualityCheck.Decision.RETURNED:
        return _return(run, source, target, check.return_case.pk, reason)
    _ensure_after(target, check.opened_at)
    if check.decision is None:
        _ensure_no_open_check(target)
        _void_open(run, source, check.pk, reason)
    else:
        _void_last(run, source, "check_id", check.pk, reason)
    return _copy_check(run, target, check).pk


def _void_open(run: Run, source: Receipt, pk: int, reason: str) -> None:
    """Void a check without a decision, if it is one (also one that a void has opened again)."""
    row = QualityCheck.objects.valid().filter(pk=pk, decision__isnull=True).first()
    if row is not None:
        row.voided_at, row.void_reason = run.at, reason
        row.save(update_fields=["voided_at", "void_reason"])
        write(run, source, CheckVoided(check_id=pk, reason=reason))


def _ensure_no_open_check(target: Receipt) -> None:
    if QualityCheck.objects.valid().filter(receipt=target, decision__isnull=True).exists():
        raise RuleViolation(
            "receipts.check_open_there",
            _("%(number)s has an open check already."),
            field="receipt",
            params={"number": str(target)},
        )


def _void_last(run: Run, source: Receipt, key: str, pk: int, reason: str) -> None:
    """Void the decision on the wrong receipt, which must be its last one."""
    event = last_decision(source)
    if event is None or event.payload.get(key) != pk:
        raise RuleViolation(
            "receipts.move_not_last",
            _("Something was decided after it: void that first."),
            field="record",
        )
    void_decision(
        receipt_id=source.pk, reason=reason, actor=run.actor, command=run.command, at=run.at
    )
    source.refresh_from_db()
    _void_open(run, source, int(event.payload["check_id"]), reason)


def _copy_check(run: Run, target: Receipt, check: QualityCheck) -> QualityCheck:
    """The check as a fact of the right receipt; its readings come along."""
    new = QualityCheck.objects.create(
        receipt=target,
        opened_at=check.opened_at,
        test_run_until=check.test_run_until,
        decision=check.decision,
        decided_at=check.decided_at,
        decided_by=check.decided_by,
        power_reserve_hours=check.power_reserve_hours,
        water_bar=check.water_bar,
        water_result=check.water_result,
    )
    for reading in check.readings.valid():
        reading.pk = None
        reading.quality_check = new
        reading.save(force_insert=True)
    for answer in check.answers.valid():
        answer.pk = None
        answer.quality_check = new
        answer.save(force_insert=True)
    if new.decision != QualityCheck.Decision.RETURNED:
        write(run, target, _recorded(new, None, []))
    return new


def _recorded(
    check: QualityCheck, case: ReturnCase | None, items: list[ReturnItem]
) -> ReturnRecorded:
    return ReturnRecorded(
        check_id=check.pk,
        decision=check.decision or "",
        decided_at=clock.iso(check.decided_at or check.opened_at) or "",
        return_id=case.pk if case else None,
        items=[item_payload(item) for item in items],
        assembler=ref(case.assembler) if case else None,
    )


def _return(run: Run, source: Receipt, target: Receipt, pk: int, reason: str) -> int:
    case = (
        ReturnCase.objects.valid()
        .select_related("quality_check", "assembler")
        .filter(pk=pk, receipt=source)
        .first()
    )
    if case is None:
        raise NotFound("receipts.no_such_return", _("There is no such return."), field="return")
    _ensure_after(target, case.returned_at)
    check = case.quality_check
    _void_last(run, source, "return_id", case.pk, reason)
    new_check = _copy_check(run, target, check)
    new = ReturnCase.objects.create(
        receipt=target,
        quality_check=new_check,
        returned_at=case.returned_at,
        comment=case.comment,
        assembler=case.assembler,
    )
    items = [_copy_item(new, item) for item in case.items.select_related("responsible")]
    write(run, target, _recorded(new_check, new, items))
    return new.pk


def _copy_item(case: ReturnCase, item: ReturnItem) -> ReturnItem:
    """The responsibility comes along; the work it hit belongs to the other receipt and does not."""
    item.pk = None
    item.return_case = case
    item.operation = None
    item.save(force_insert=True)
    return item
