"""Passing a watch and settling the works that are missing, by one command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from history.commands import CommandRef, Outcome, Run, verb
from receipts.models import Receipt
from receipts.services.base import Expected, ensure_can, open_receipt
from receipts.services.quality import pass_check
from receipts.services.works import WorkInput, record_work, waive_work
from receipts.states import Status
from workshop.lib.actor import Actor


@dataclass(frozen=True)
class WaiverInput:
    """A required work that this watch does not need, with the reason."""

    type_id: int
    reason_id: int


@verb("receipt.complete_and_pass", "receipts.Receipt")
def complete_and_pass(
    *,
    receipt_id: int,
    works: Sequence[WorkInput] = (),
    waivers: Sequence[WaiverInput] = (),
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Record or waive what is missing, then pass; all or nothing. Raises what those raise.

    Who finds it passed already is told so, and his works are not recorded a second time.
    """
    run = Run.of(actor, command, at)
    inside: dict[str, Any] = {"actor": actor, "command": run.command, "at": run.at}
    receipt = open_receipt(receipt_id, "pass", actor)
    if receipt.status == Status.READY:
        return pass_check(receipt_id=receipt_id, **inside)
    # Asked once: the works recorded below are a newer version than the screen showed.
    ensure_can(receipt, "pass", expected)
    warnings: tuple[str, ...] = ()
    if works:
        warnings = record_work(receipt_id=receipt_id, works=works, **inside).warnings
    for waiver in waivers:
        waive_work(
            receipt_id=receipt_id, type_id=waiver.type_id, reason_id=waiver.reason_id, **inside
        )
    told = pass_check(receipt_id=receipt_id, **inside)
    return Outcome(
        told.object,
        already=told.already,
        warnings=(*warnings, *told.warnings),
        extra=told.extra,
    )
