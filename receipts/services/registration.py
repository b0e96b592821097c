"""Registering, renumbering and voiding receipts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from history.models import Event
from history.render import line
from history.selectors import last_event
from receipts import policies
from receipts.events.facts import ReceiptVoided, Registered, Renumbered
from receipts.models import Receipt, ReceiptNumber
from receipts.numbers import Number, normalise_number, similar_key
from receipts.services.base import Expected, ensure_can, open_receipt, write
from receipts.services.deadlines import change_deadline
from receipts.services.facts import edit_facts, set_urgent
from receipts.services.reminders import cancel_reminders
from workshop.lib.actor import Actor
from workshop.lib.errors import Duplicate, RuleViolation
from workshop.lib.text import REASON_LENGTH, require_text


@verb("receipt.register", "receipts.Receipt")
def register_receipt(
    *,
    number: str,
    deadline: datetime | None = None,
    urgent: bool = False,
    facts: Mapping[str, Any] | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Create a receipt: only the number is required (law 7: the one explicit step of creation).

    ``facts`` are fields of :func:`edit_facts`. Raises ``receipts.number_*``,
    Duplicate ``receipts.number_taken``, and what the facts and the deadline raise.
    """
    run = Run.of(actor, command, at)
    policies.ensure_inspector(actor)
    parsed = normalise_number(number)
    receipt = _insert(parsed, run.at)
    write(
        run,
        receipt,
        Registered(
            number=parsed.display, number_key=parsed.key, similar_key=similar_key(parsed.key)
        ),
    )
    if facts:
        edit_facts(receipt_id=receipt.pk, facts=facts, actor=actor, command=run.command, at=run.at)
    if deadline is not None:
        change_deadline(
            receipt_id=receipt.pk, deadline=deadline, actor=actor, command=run.command, at=run.at
        )
    if urgent:
        set_urgent(receipt_id=receipt.pk, urgent=True, actor=actor, command=run.command, at=run.at)
    receipt.refresh_from_db()
    return Outcome(receipt)


def _insert(number: Number, at: datetime) -> Receipt:
    receipt = Receipt(
        number=number.display,
        number_key=number.key,
        similar_key=similar_key(number.key),
        received_at=at,
        status_since=at,
    )
    try:
        with transaction.atomic():
            receipt.save(force_insert=True)
    except IntegrityError:
        raise _taken(number) from None
    return receipt


def _taken(number: Number) -> Duplicate:
    """Somebody was faster, or it is an old receipt: its number, and who gave it when."""
    existing = Receipt.objects.valid().filter(number_key=number.key).first()
    given = existing and last_event(existing.stream, Registered.kind, Renumbered.kind)
    if not existing or not given:
        return Duplicate(
            "receipts.number_taken",
            _("Receipt №%(number)s exists already."),
            field="number",
            params={"number": number.display},
        )
    told = line(given)
    return Duplicate(
        "receipts.number_taken",
        _("Receipt №%(number)s exists already (%(who)s, %(when)s)."),
        existing_id=existing.pk,
        field="number",
        params={"number": existing.number, "who": told.who, "when": told.when},
    )


@verb("receipt.renumber", "receipts.Receipt")
def renumber_receipt(
    *,
    receipt_id: int,
    number: str,
    reason: str,
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Correct the number; the old one stays findable and the label is marked for reprint.

    Raises ``receipts.number_*``, Duplicate ``receipts.number_taken``, ``text.required``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "renumber", actor)
    ensure_can(receipt, "renumber", expected)
    parsed = normalise_number(number)
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    if (parsed.display, parsed.key) == (receipt.number, receipt.number_key):
        return Outcome(receipt)
    twin = Receipt.objects.valid().filter(number_key=parsed.key).exclude(pk=receipt.pk)
    if twin.exists():
        raise _taken(parsed)
    ReceiptNumber.objects.create(
        receipt=receipt, number=receipt.number, number_key=receipt.number_key, until=run.at
    )
    payload = Renumbered(
        old=receipt.number,
        new=parsed.display,
        number_key=parsed.key,
        similar_key=similar_key(parsed.key),
        reason=reason,
    )
    try:
        with transaction.atomic():
            write(run, receipt, payload)
    except IntegrityError:
        raise _taken(parsed) from None
    return Outcome(receipt)


@verb("receipt.void", "receipts.Receipt")
def void_receipt(
    *,
    receipt_id: int,
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Void a receipt on which only its registration stands; its number becomes free.

    A manager's verb. Raises RuleViolation ``receipts.void_not_empty``, ``text.required``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "void_receipt", actor)
    ensure_can(receipt, "void_receipt", None)
    reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    first = Event.objects.get(stream=receipt.stream, sequence=1)
    later = Event.objects.filter(stream=receipt.stream).exclude(command_id=first.command_id)
    if later.exists():
        raise RuleViolation(
            "receipts.void_not_empty",
            _("Something is already recorded on this receipt: it cannot be voided."),
            field="receipt",
        )
    void_registered(run, receipt, reason)
    return Outcome(receipt)


def void_registered(run: Run, receipt: Receipt, reason: str) -> None:
    """The void itself, on a locked receipt (also called by undo)."""
    receipt.void_reason = reason
    receipt.save(update_fields=["void_reason"])
    write(run, receipt, ReceiptVoided(number=receipt.number, reason=reason))
    cancel_reminders(receipt, run.at)
