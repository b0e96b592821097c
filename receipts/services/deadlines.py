"""The deadline: set, changed, cleared, with the first promise and the planned reminders."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts.events.base import ref
from receipts.events.facts import DeadlineChanged
from receipts.models import DeadlineCause, Receipt
from receipts.services.base import Expected, ensure_can, open_receipt, row_of, write
from receipts.services.reminders import plan_reminders
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.text import REASON_LENGTH, clean_text


@verb("receipt.change_deadline", "receipts.Receipt")
def change_deadline(
    *,
    receipt_id: int,
    deadline: datetime | None,
    cause_id: int | None = None,
    reason: str = "",
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Set, change or clear (None) the deadline. The same deadline again writes nothing.

    Only a cause with ``replaces_promise`` (the customer's wish) replaces the first promise.
    Raises RuleViolation ``receipts.deadline_in_past``, StaleState, IllegalTransition.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "deadline", actor)
    ensure_can(receipt, "deadline", expected)
    if deadline is not None and deadline <= run.at:
        raise RuleViolation(
            "receipts.deadline_in_past", _("The deadline lies in the past."), field="deadline"
        )
    cause = row_of(DeadlineCause, cause_id, field="cause", active=True) if cause_id else None
    if deadline == receipt.deadline:
        return Outcome(receipt)
    promise = receipt.first_promise
    if deadline is not None and (promise is None or (cause and cause.replaces_promise)):
        promise = deadline
    payload = DeadlineChanged(
        old=clock.iso(receipt.deadline),
        new=clock.iso(deadline),
        promise=clock.iso(promise),
        cause=ref(cause),
        reason=clean_text(reason, field="reason", limit=REASON_LENGTH),
    )
    write(run, receipt, payload)
    plan_reminders(receipt, run.at)
    return Outcome(receipt)
