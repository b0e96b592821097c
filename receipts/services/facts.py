"""Facts of a receipt that are simply entered and corrected: old → new in one event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts.events.facts import CommentAdded, FactsChanged, PublicLinkRevoked, UrgencyChanged
from receipts.models import OperationType, Receipt
from receipts.models.receipt import new_token
from receipts.services.base import Expected, ensure_can, in_words, open_receipt, write
from receipts.services.subscriptions import end_all
from workshop.lib.actor import Actor
from workshop.lib.errors import NotFound, RuleViolation
from workshop.lib.text import clean_text, require_text

EDITABLE: Final = (
    "customer",
    "watch",
    "complaint",
    "condition",
    "completeness",
    "links_count",
    "description",
    "declared_value",
    "agreed_price",
    "prepayment",
    "agreed_works",
    "do_not_polish",
    "place",
    "repeats",
    "visit_kind",
)


@verb("receipt.edit_facts", "receipts.Receipt")
def edit_facts(
    *,
    receipt_id: int,
    facts: Mapping[str, Any],
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Change facts; rows are given by id (``agreed_works`` a list of ids). One event, old → new.

    Raises RuleViolation ``receipts.fact_invalid`` or NotFound ``receipts.unknown_choice``, both
    naming the field. Nothing that stays equal is written.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "facts", actor)
    ensure_can(receipt, "facts", expected)
    set_facts(run, receipt, facts)
    return Outcome(receipt)


def set_facts(run: Run, receipt: Receipt, facts: Mapping[str, Any], reason: str = "") -> None:
    """The change itself, on a locked receipt (also called by undo, with its ``reason``)."""
    changes: dict[str, list[str]] = {}
    before: dict[str, Any] = {}
    columns: list[str] = []
    for name, raw in facts.items():
        if name == "agreed_works":
            _set_agreed_works(receipt, raw, changes, before)
            continue
        value = clean_fact(receipt, name, raw)
        old = getattr(receipt, name)
        if old == value:
            continue
        changes[name] = [told_fact(name, old), told_fact(name, value)]
        before |= kept_fact(name, old)
        setattr(receipt, name, value)
        columns.append(name)
    if changes:
        if columns:
            receipt.save(update_fields=columns)
        write(run, receipt, FactsChanged(changes=changes, before=before, reason=reason))


def kept_fact(name: str, old: Any) -> dict[str, Any]:
    """The old value for an undo, as :func:`edit_facts` takes it, where its words do not tell."""
    if isinstance(old, models.Model):
        return {name: old.pk}
    return {name: old} if isinstance(old, bool) or name == "visit_kind" else {}


def told_fact(name: str, value: Any) -> str:
    """Customers appear by id alone: their names never enter an event."""
    if name == "customer":
        return str(value.pk) if value else ""
    if name == "visit_kind":
        return str(Receipt.VisitKind(value).label)
    return in_words(value)


def clean_fact(receipt: Receipt, name: str, raw: Any) -> Any:
    """The value as it is stored; rows are looked up by id. Raises as :func:`edit_facts`."""
    if name not in EDITABLE:
        raise RuleViolation("receipts.fact_unknown", _("There is no such field."), field=name)
    field = Receipt._meta.get_field(name)
    if isinstance(field, models.ForeignKey):
        return _related(receipt, field, raw)
    if isinstance(field, models.CharField | models.TextField) and not field.choices:
        return clean_text(raw, field=name, limit=field.max_length or 2000)
    if isinstance(field, models.DecimalField):
        raw = _decimal(raw, name)
    try:
        return field.clean(None if raw == "" else raw, receipt)  # type: ignore[union-attr]
    except ValidationError as error:
        raise RuleViolation("receipts.fact_invalid", error.messages[0], field=name) from None


def _decimal(raw: Any, name: str) -> Decimal | None:
    if raw is None or raw == "":
        return None
    try:
        value = Decimal(str(raw).replace(" ", "").replace(" ", "").replace(",", "."))
    except InvalidOperation:
        raise RuleViolation("receipts.fact_invalid", _("Enter a number."), field=name) from None
    if not value.is_finite() or value < 0:
        raise RuleViolation(
            "receipts.fact_invalid", _("Enter a number that is not negative."), field=name
        )
    return value


def _related(receipt: Receipt, field: models.ForeignKey[Any, Any], raw: Any) -> Any:
    if raw is None or raw == "":
        return None
    row = field.related_model._default_manager.filter(pk=raw).first()
    if row is None or (field.name == "repeats" and row.pk == receipt.pk):
        raise NotFound(
            "receipts.unknown_choice",
            _("This choice does not exist any more."),
            field=field.name,
        )
    return row


def _set_agreed_works(
    receipt: Receipt, ids: Any, changes: dict[str, list[str]], before: dict[str, Any]
) -> None:
    wanted = list(OperationType.objects.filter(pk__in=list(ids or ())))
    if len(wanted) != len(set(ids or ())):
        raise NotFound(
            "receipts.unknown_choice",
            _("This choice does not exist any more."),
            field="agreed_works",
        )
    old = list(receipt.agreed_works.all())
    if {row.pk for row in old} != {row.pk for row in wanted}:
        receipt.agreed_works.set(wanted)
        changes["agreed_works"] = [", ".join(map(str, old)), ", ".join(map(str, wanted))]
        before["agreed_works"] = sorted(row.pk for row in old)


@verb("receipt.set_urgent", "receipts.Receipt")
def set_urgent(
    *,
    receipt_id: int,
    urgent: bool,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Set or clear the urgent flag; the same value again writes nothing."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "urgent", actor)
    ensure_can(receipt, "urgent", None)
    if receipt.urgent != urgent:
        write(run, receipt, UrgencyChanged(urgent=urgent))
    return Outcome(receipt)


@verb("receipt.comment", "receipts.Receipt")
def add_comment(
    *,
    receipt_id: int,
    text: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """A free remark in the history. Raises ``text.required``, ``text.too_long``."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "comment", actor)
    ensure_can(receipt, "comment", None)
    write(run, receipt, CommentAdded(text=require_text(text, field="comment")))
    return Outcome(receipt)


@verb("receipt.revoke_public_link", "receipts.Receipt")
def revoke_public_link(
    *,
    receipt_id: int,
    renew: bool = False,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Make the customer's link dead, and what was subscribed by it; with ``renew`` a new one takes
    its place.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "facts", actor)
    if renew:
        receipt.public_token, receipt.public_token_revoked_at = new_token(), None
    elif receipt.public_token_revoked_at is not None:
        return Outcome(receipt)
    else:
        receipt.public_token_revoked_at = run.at
    receipt.save(update_fields=["public_token", "public_token_revoked_at"])
    write(run, receipt, PublicLinkRevoked(renewed=renew))
    end_all(run, Receipt.objects.filter(pk=receipt.pk), "link_revoked")
    return Outcome(receipt)
