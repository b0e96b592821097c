"""Putting a watch on hold and moving its deadline, by one command."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from history.commands import CommandRef, Outcome, Run, verb
from receipts.models import Receipt
from receipts.services.base import Expected
from receipts.services.deadlines import change_deadline
from receipts.services.flow import hold
from workshop.lib.actor import Actor


@verb("receipt.postpone", "receipts.Receipt")
def postpone(
    *,
    receipt_id: int,
    reason_id: int,
    expected_on: date | None = None,
    comment: str = "",
    deadline: datetime | None = None,
    cause_id: int | None = None,
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Put on hold; with ``deadline`` also move the deadline there, all or nothing.

    Raises what ``hold`` and ``change_deadline`` raise.
    """
    run = Run.of(actor, command, at)
    inside: dict[str, Any] = {"actor": actor, "command": run.command, "at": run.at}
    told = hold(
        receipt_id=receipt_id,
        reason_id=reason_id,
        expected_on=expected_on,
        comment=comment,
        expected=expected,
        **inside,
    )
    if deadline is None:
        return Outcome(told.object)
    return Outcome(
        change_deadline(
            receipt_id=receipt_id, deadline=deadline, cause_id=cause_id, **inside
        ).object
    )
