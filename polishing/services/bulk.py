"""Rounds at a polisher in a history that is written in bulk (``receipts.services.bulk``)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from polishing.events import PolishingTakenBack
from polishing.models import PolishingOrder
from polishing.services.orders import sent_payload
from receipts.events.base import ref
from receipts.models import Metal, OperationType
from receipts.services.bulk import Draft
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.text import REASON_LENGTH, clean_text, require_text


def send_to_polishing(
    draft: Draft,
    *,
    polisher_id: int,
    case: bool = True,
    bracelet: bool = False,
    metal_id: int | None = None,
    difficult: bool = False,
    comment: str = "",
    allowed_by: str = "",
    sent_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> PolishingOrder:
    """As the service of the same name, without a batch; the order is needed to take it back."""
    draft.ensure("polishing_send", actor)
    order = PolishingOrder(
        receipt_id=draft.receipt.pk,
        polisher=draft.drawer.person(polisher_id, "polisher"),
        case=case,
        bracelet=bracelet,
        metal=draft.drawer.row(Metal, metal_id, field="metal") if metal_id else None,
        difficult=difficult,
        comment=clean_text(comment, field="comment", limit=REASON_LENGTH),
        allowed_by=clean_text(allowed_by, field="allowed_by", limit=150),
        sent_at=draft.past_moment(sent_at, at, "sent_at"),
    )
    if not order.parts:
        raise RuleViolation(
            "polishing.no_part",
            _("Choose what is polished: case, bracelet or both."),
            field="parts",
        )
    if draft.receipt.do_not_polish and not order.allowed_by:
        raise RuleViolation(
            "polishing.do_not_polish",
            _("This watch must not be polished. Who allowed it?"),
            field="allowed_by",
        )
    draft.detach_parts(order.parts, order.polisher, order.sent_at)
    draft.rows.add(order)
    draft.write(sent_payload(order), actor, at)
    return order


def take_back(
    draft: Draft,
    order: PolishingOrder,
    *,
    polished_by_id: int | None = None,
    done: bool = True,
    reason: str = "",
    returned_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> None:
    """As the service of the same name."""
    draft.ensure("polishing_take_back", actor)
    when = draft.past_moment(returned_at, at, "returned_at")
    if when < order.sent_at:
        raise RuleViolation(
            "polishing.back_before_sent", _("It came back before it was sent."), field="returned_at"
        )
    draft.rejoin_parts(order.parts, at)
    order.returned_at = when
    if done:
        person = order.polisher
        if polished_by_id:
            person = draft.drawer.person(polished_by_id, "polished_by")
        order.result, order.polished_by = PolishingOrder.Result.DONE, person
        order.operation = draft.add_operation(
            _polishing_type(draft), person, when, by_polishing=True, actor=actor, at=at
        )
    else:
        order.result = PolishingOrder.Result.WITHOUT_WORK
        order.result_reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    payload = PolishingTakenBack(
        order_id=order.pk,
        polisher=ref(order.polisher) or {},
        polished_by=ref(order.polished_by),
        parts=order.parts,
        done=done,
        reason=order.result_reason,
        operation_id=order.operation_id,
    )
    draft.write(payload, actor, at)


def _polishing_type(draft: Draft) -> OperationType:
    kind = draft.drawer.once(
        "polishing type",
        lambda: OperationType.objects.active().filter(recorded_by_polishing=True).first(),
    )
    if kind is None:
        raise RuleViolation(
            "polishing.no_polishing_type",
            _("No active kind of work is recorded by polishing: set one in the catalogue."),
            field="type",
        )
    return kind
