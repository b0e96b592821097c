"""Taking a watch in: receipt, customer and watch by one command, found ones or new ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from history.commands import CommandRef, Outcome, Run, verb
from receipts import locks, policies
from receipts.models import Receipt
from receipts.services.customers import create_customer
from receipts.services.deadlines import change_deadline
from receipts.services.facts import edit_facts, set_urgent
from receipts.services.registration import register_receipt
from receipts.services.watches import change_watch, create_watch
from workshop.lib.actor import Actor

Found = int | Mapping[str, Any] | None
"""An id of a known row, or the values of a new one."""


# The customer's name and phone stay out of what the command keeps, also as a hash.
@verb("receipt.take_in", "receipts.Receipt", secret=("customer",))
def take_in(
    *,
    number: str,
    customer: Found = None,
    watch: Found = None,
    facts: Mapping[str, Any] | None = None,
    deadline: datetime | None = None,
    urgent: bool = False,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Register a receipt together with its customer and watch, all or nothing.

    Raises what ``register_receipt``, ``create_customer`` and ``create_watch`` raise.
    """
    run = Run.of(actor, command, at)
    policies.ensure_inspector(actor)
    told = register_receipt(
        number=number,
        deadline=deadline,
        urgent=urgent,
        facts={**(facts or {}), **_rows(run, customer, watch)},
        actor=actor,
        command=run.command,
        at=run.at,
    )
    return Outcome(told.object, warnings=told.warnings)


@verb("receipt.attach", "receipts.Receipt", secret=("customer",))
def attach(
    *,
    receipt_id: int,
    customer: Found = None,
    watch: Found = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Give a receipt its customer or its watch, a known one or a new one."""
    run = Run.of(actor, command, at)
    policies.ensure_inspector(actor)
    told = edit_facts(
        receipt_id=receipt_id,
        facts=_rows(run, customer, watch),
        actor=actor,
        command=run.command,
        at=run.at,
    )
    return Outcome(told.object)


# The customer's name and phone stay out of what the command keeps, also as a hash.
@verb("receipt.fill_in", "receipts.Receipt", secret=("customer",))
def fill_in(
    *,
    receipt_id: int,
    customer: Found = None,
    watch: Found = None,
    watch_values: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    deadline: datetime | None = None,
    urgent: bool | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Everything that is known of a visit, all or nothing; one Undo takes it back.

    ``watch_values`` correct the known ``watch``. The deadline must be the first one: another is
    a decision of its own. Raises StaleState ``receipts.changed_meanwhile``, and what
    ``change_deadline``, ``edit_facts``, ``change_watch`` and the new rows raise.
    """
    run = Run.of(actor, command, at)
    policies.ensure_inspector(actor)
    receipt = locks.receipt(receipt_id)  # the receipt first, whatever else is written
    inside: dict[str, Any] = {"actor": actor, "command": run.command, "at": run.at}
    if deadline is not None:
        change_deadline(
            receipt_id=receipt_id, deadline=deadline, expected={"deadline": None}, **inside
        )
    if urgent is not None:
        set_urgent(receipt_id=receipt_id, urgent=urgent, **inside)
    told = {**_rows(run, customer, watch), **(facts or {})}
    if told:
        edit_facts(receipt_id=receipt_id, facts=told, **inside)
    if watch_values and isinstance(watch, int):
        change_watch(watch_id=watch, values=watch_values, **inside)
    receipt.refresh_from_db()
    return Outcome(receipt)


def _rows(run: Run, customer: Found, watch: Found) -> dict[str, int]:
    """Facts naming the rows; new ones are made inside the same command."""
    inside: dict[str, Any] = {"actor": run.actor, "command": run.command, "at": run.at}
    found: dict[str, int] = {}
    if isinstance(customer, Mapping):
        found["customer"] = create_customer(**customer, **inside).object.pk
    elif customer is not None:
        found["customer"] = customer
    if isinstance(watch, Mapping):
        found["watch"] = create_watch(values=watch, **inside).object.pk
    elif watch is not None:
        found["watch"] = watch
    return found
