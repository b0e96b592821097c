"""Sending to a polisher, taking back, correcting and voiding a round."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from history.commands import Already, CommandRef, Outcome, Run, verb
from history.models import Event
from history.render import line
from polishing import locks
from polishing.events import (
    PolishingCorrected,
    PolishingReopened,
    PolishingSent,
    PolishingTakenBack,
    PolishingVoided,
)
from polishing.models import PolishingBatch, PolishingOrder
from polishing.services.batches import close_if_complete, reopen_if_closed
from receipts.events.base import ref
from receipts.models import DetachedPart, Metal, OperationType, Receipt
from receipts.services.base import (
    Expected,
    employee,
    ensure_can,
    in_words,
    open_receipt,
    past_moment,
    row_of,
    write,
)
from receipts.services.parts import correct_since, detach_parts, hand_on_parts, rejoin_parts
from receipts.services.works import add_operation, void_operation
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import Duplicate, RuleViolation
from workshop.lib.text import REASON_LENGTH, clean_text, require_text

CORRECTABLE: Final = ("polisher", "metal", "difficult", "comment", "sent_at", "polished_by")


@verb("receipt.polishing_send", "polishing.PolishingOrder")
def send_to_polishing(
    *,
    receipt_id: int,
    polisher_id: int,
    case: bool = True,
    bracelet: bool = False,
    metal_id: int | None = None,
    difficult: bool = False,
    comment: str = "",
    sent_at: datetime | None = None,
    allowed_by: str = "",
    batch_id: int | None = None,
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[PolishingOrder]:
    """Hand parts to a polisher; the receipt's status stays. A do-not-polish needs who allowed it.

    Raises RuleViolation ``polishing.no_part``, ``polishing.not_a_polisher``,
    ``receipts.person_inactive``, ``polishing.do_not_polish``, ``polishing.batch_of_another``,
    Duplicate ``receipts.part_away``, IllegalTransition.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "polishing_send", actor)
    ensure_can(receipt, "polishing_send", expected)
    polisher = ensure_polisher(polisher_id)
    parts = _chosen_parts(case=case, bracelet=bracelet)
    allowed_by = _permission(receipt, allowed_by)
    batch = _open_batch(batch_id, polisher)
    when = past_moment(sent_at, receipt, run.at, "sent_at")
    try:
        detach_parts(receipt, parts, polisher, when)
    except Duplicate as error:
        raise _sent_already(receipt, error) from None
    order = PolishingOrder.objects.create(
        receipt=receipt,
        batch=batch,
        polisher=polisher,
        case=case,
        bracelet=bracelet,
        metal=row_of(Metal, metal_id, field="metal") if metal_id else None,
        difficult=difficult,
        comment=clean_text(comment, field="comment", limit=REASON_LENGTH),
        allowed_by=allowed_by,
        sent_at=when,
    )
    write(run, receipt, sent_payload(order))
    return Outcome(order)


def _chosen_parts(**wanted: bool) -> list[str]:
    parts = [name for name, chosen in wanted.items() if chosen]
    if not parts:
        raise RuleViolation(
            "polishing.no_part",
            _("Choose what is polished: case, bracelet or both."),
            field="parts",
        )
    return parts


def _permission(receipt: Receipt, allowed_by: str) -> str:
    """Who allowed it; only a watch marked "do not polish" needs somebody."""
    told = clean_text(allowed_by, field="allowed_by", limit=150)
    if receipt.do_not_polish and not told:
        raise RuleViolation(
            "polishing.do_not_polish",
            _("This watch must not be polished. Who allowed it?"),
            field="allowed_by",
        )
    return told


def _sent_already(receipt: Receipt, error: Duplicate) -> Duplicate:
    """The same refusal, which also says who sent the part, when and to whom."""
    rows = DetachedPart.objects.select_related("holder")
    away = rows.filter(pk=error.existing_id or 0).first()
    sent = _last_sending(receipt, away.part) if away else None
    if away is None or sent is None:
        return error
    told = line(sent)
    return Duplicate(
        error.code,
        _("Already away: %(part)s – %(holder)s (%(who)s, %(when)s)."),
        existing_id=error.existing_id,
        field=error.field,
        params=error.params
        | {"holder": away.holder.short_name, "who": told.who, "when": told.when},
    )


def _last_sending(receipt: Receipt, part: str) -> Event | None:
    events = Event.objects.filter(stream=receipt.stream, kind=PolishingSent.kind)
    return next((e for e in events.order_by("-sequence") if part in e.payload["parts"]), None)


def ensure_polisher(polisher_id: int) -> Employee:
    """An active employee with the polisher role."""
    polisher = employee(polisher_id, field="polisher")
    if not polisher.active:
        raise RuleViolation(
            "receipts.person_inactive",
            _("%(name)s is deactivated."),
            field="polisher",
            params={"name": polisher.short_name},
        )
    if not polisher.is_polisher:
        raise RuleViolation(
            "polishing.not_a_polisher",
            _("%(name)s is not a polisher."),
            field="polisher",
            params={"name": polisher.short_name},
        )
    return polisher


def _open_batch(batch_id: int | None, polisher: Employee) -> PolishingBatch | None:
    if batch_id is None:
        return None
    batch = locks.batch(batch_id)
    if batch.closed_at is not None or batch.polisher_id != polisher.pk:
        raise _batch_of_another(batch)
    return batch


def _batch_of_another(batch: PolishingBatch) -> RuleViolation:
    return RuleViolation(
        "polishing.batch_of_another",
        _("%(batch)s is closed or belongs to another polisher."),
        field="batch",
        params={"batch": str(batch)},
    )


def sent_payload(order: PolishingOrder) -> PolishingSent:
    """The event of sending, from the row."""
    return PolishingSent(
        order_id=order.pk,
        polisher=ref(order.polisher) or {},
        parts=order.parts,
        metal=ref(order.metal),
        difficult=order.difficult,
        sent_at=clock.iso(order.sent_at) or "",
        batch=ref(order.batch),
        comment=order.comment,
        allowed_by=order.allowed_by,
    )


def _open_order(order_id: int, verb_code: str, actor: Actor) -> tuple[PolishingOrder, Receipt]:
    """The order behind its receipt's lock (lock order: receipt, then order, then batch)."""
    receipt_id = PolishingOrder.objects.filter(pk=order_id).values_list("receipt_id", flat=True)
    known = receipt_id.first()
    receipt = open_receipt(known, verb_code, actor) if known else None
    order = locks.order(order_id)
    if receipt is None:
        raise LookupError(f"order {order_id} appeared without a receipt")
    if order.is_void:
        raise RuleViolation(
            "receipts.already_void", _("This record is already void."), field="order"
        )
    return order, receipt


@verb("receipt.polishing_take_back", "polishing.PolishingOrder")
def take_back(
    *,
    order_id: int,
    polished_by_id: int | None = None,
    done: bool = True,
    reason: str = "",
    returned_at: datetime | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[PolishingOrder]:
    """Take the parts back, in any status. Done records the polishing operation of who polished
    (default: the one it was sent to); "without work" needs the reason and records none.

    Again is "already done". Raises RuleViolation ``polishing.back_before_sent``,
    ``polishing.no_polishing_type``, ``text.required``.
    """
    run = Run.of(actor, command, at)
    order, receipt = _open_order(order_id, "polishing_take_back", actor)
    if order.returned_at is not None:
        return Outcome(order, already=_taken_back(order))
    when = past_moment(returned_at, receipt, run.at, "returned_at")
    if when < order.sent_at:
        raise RuleViolation(
            "polishing.back_before_sent", _("It came back before it was sent."), field="returned_at"
        )
    rejoin_parts(receipt, order.parts, run.at)
    order.returned_at = when
    if done:
        person = employee(polished_by_id, "polished_by") if polished_by_id else order.polisher
        order.result, order.polished_by = PolishingOrder.Result.DONE, person
        order.operation = add_operation(
            run, receipt, _polishing_type(), person, when, by_polishing=True
        )
    else:
        order.result = PolishingOrder.Result.WITHOUT_WORK
        order.result_reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    order.save()
    payload = PolishingTakenBack(
        order_id=order.pk,
        polisher=ref(order.polisher) or {},
        polished_by=ref(order.polished_by),
        parts=order.parts,
        done=done,
        reason=order.result_reason,
        operation_id=order.operation_id,
    )
    write(run, receipt, payload)
    close_if_complete(run, order.batch_id)
    return Outcome(order)


def _polishing_type() -> OperationType:
    kind = OperationType.objects.active().filter(recorded_by_polishing=True).first()
    if kind is None:
        raise RuleViolation(
            "polishing.no_polishing_type",
            _("No active kind of work is recorded by polishing: set one in the catalogue."),
            field="type",
        )
    return kind


def _taken_back(order: PolishingOrder) -> Already | None:
    events = Event.objects.filter(
        stream=f"receipt:{order.receipt_id}", kind=PolishingTakenBack.kind
    ).order_by("-sequence")
    for event in events:
        if event.payload["order_id"] == order.pk:
            return Already(event.actor_label, event.occurred_at)
    return None


@verb("receipt.polishing_reopen", "polishing.PolishingOrder")
def reopen_order(
    *,
    order_id: int,
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[PolishingOrder]:
    """A wrong "taken back": the parts are at the polisher again, its operation is void.

    Raises RuleViolation ``polishing.not_back``, Duplicate ``receipts.part_away``.
    """
    run = Run.of(actor, command, at)
    order, receipt = _open_order(order_id, "polishing_correct", actor)
    ensure_can(receipt, "polishing_correct", None)
    if order.returned_at is None:
        raise RuleViolation(
            "polishing.not_back", _("These parts are still at the polisher."), field="order"
        )
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    detach_parts(receipt, order.parts, order.polisher, order.sent_at)
    operation, order.operation = order.operation, None
    order.returned_at = order.result = order.polished_by = None
    order.result_reason = ""
    order.save()
    if operation is not None:
        void_operation(run, receipt, operation, reason)
    payload = PolishingReopened(
        order_id=order.pk, polisher=ref(order.polisher) or {}, parts=order.parts, reason=reason
    )
    write(run, receipt, payload)
    reopen_if_closed(run, order.batch_id)
    return Outcome(order)


@verb("receipt.polishing_void", "polishing.PolishingOrder")
def void_order(
    *,
    order_id: int,
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[PolishingOrder]:
    """Declare a round void: an open one closes, the operation of a finished one is void too."""
    run = Run.of(actor, command, at)
    order, receipt = _open_order(order_id, "polishing_correct", actor)
    ensure_can(receipt, "polishing_correct", None)
    void_round(run, receipt, order, reason)
    return Outcome(order)


def void_round(run: Run, receipt: Receipt, order: PolishingOrder, reason: str) -> None:
    """The void itself, on a locked receipt (also called by undo and move)."""
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    was_open = order.returned_at is None
    if was_open:
        rejoin_parts(receipt, order.parts, run.at)
    order.voided_at, order.void_reason = run.at, reason
    order.save(update_fields=["voided_at", "void_reason"])
    if order.operation is not None and not order.operation.is_void:
        void_operation(run, receipt, order.operation, reason)
    payload = PolishingVoided(
        order_id=order.pk,
        polisher=ref(order.polisher) or {},
        parts=order.parts,
        was_open=was_open,
        reason=reason,
    )
    write(run, receipt, payload)
    close_if_complete(run, order.batch_id)


@verb("receipt.polishing_correct", "polishing.PolishingOrder")
def correct_order(
    *,
    order_id: int,
    changes: Mapping[str, Any],
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[PolishingOrder]:
    """Correct facts of a round later: old → new with a reason. People and metals by id.

    Who polished changes the performer by a new operation; the old one is void.
    Raises RuleViolation ``receipts.fact_unknown``, ``polishing.back_before_sent``,
    ``polishing.batch_of_another``.
    """
    run = Run.of(actor, command, at)
    order, receipt = _open_order(order_id, "polishing_correct", actor)
    ensure_can(receipt, "polishing_correct", None)
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    told: dict[str, list[str]] = {}
    for name, raw in changes.items():
        old, new = getattr(order, name, None), _corrected(order, receipt, name, raw, run.at)
        if old != new:
            setattr(order, name, new)
            told[name] = [in_words(old), in_words(new)]
    if not told:
        return Outcome(order)
    if "polisher" in told and order.returned_at is None:
        hand_on_parts(receipt, order.parts, order.polisher, run.at)
    elif "sent_at" in told and order.returned_at is None:
        correct_since(receipt, order.parts, order.sent_at)
    if "polished_by" in told and order.operation is not None:
        old_row = order.operation
        order.operation = None
        order.save()
        void_operation(run, receipt, old_row, reason)
        performer = order.polished_by or order.polisher
        when = order.returned_at or run.at
        order.operation = add_operation(
            run, receipt, old_row.type, performer, when, by_polishing=True
        )
    order.save()
    write(run, receipt, PolishingCorrected(order_id=order.pk, changes=told, reason=reason))
    return Outcome(order)


def _corrected(order: PolishingOrder, receipt: Receipt, name: str, raw: Any, at: datetime) -> Any:
    if name == "polisher":
        polisher = ensure_polisher(raw)
        if order.batch is not None and order.batch.polisher_id != polisher.pk:
            raise _batch_of_another(order.batch)
        return polisher
    if name == "polished_by":
        if order.result != PolishingOrder.Result.DONE:
            raise RuleViolation(
                "polishing.not_back", _("These parts are still at the polisher."), field=name
            )
        return employee(raw, name)
    if name == "metal":
        return row_of(Metal, raw, field=name) if raw else None
    if name == "difficult":
        return bool(raw)
    if name == "comment":
        return clean_text(raw, field=name, limit=REASON_LENGTH)
    if name == "sent_at":
        when = past_moment(raw, receipt, at, name)
        if order.returned_at is not None and order.returned_at < when:
            raise RuleViolation(
                "polishing.back_before_sent", _("It came back before it was sent."), field=name
            )
        return when
    raise RuleViolation("receipts.fact_unknown", _("There is no such field."), field=name)
