"""How a story is written down: one interface, so that services and bulk writing tell the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from history.commands import CommandKey, Outcome
from integrations.demo.roster import CLIENT
from polishing.models import PolishingBatch
from polishing.services.batches import open_batch
from polishing.services.orders import send_to_polishing, take_back
from receipts.models import Receipt
from receipts.services.assignment import assign
from receipts.services.customers import create_customer
from receipts.services.deadlines import change_deadline
from receipts.services.facts import add_comment
from receipts.services.flow import hold, issue, refuse, reopen, resume, rework_order, submit
from receipts.services.quality import (
    add_reading,
    pass_check,
    record_measurements,
    start_test_run,
)
from receipts.services.registration import register_receipt
from receipts.services.returns import return_watch
from receipts.services.watches import create_watch
from receipts.services.works import record_work, waive_work
from workshop.lib.actor import Actor

Service = Callable[..., Outcome[Any]]

VERBS: Final[Mapping[str, Service]] = {
    "add_comment": add_comment,
    "add_reading": add_reading,
    "assign": assign,
    "change_deadline": change_deadline,
    "hold": hold,
    "issue": issue,
    "pass_check": pass_check,
    "record_measurements": record_measurements,
    "record_work": record_work,
    "refuse": refuse,
    "reopen": reopen,
    "resume": resume,
    "return_watch": return_watch,
    "rework_order": rework_order,
    "send_to_polishing": send_to_polishing,
    "start_test_run": start_test_run,
    "submit": submit,
    "waive_work": waive_work,
}


@dataclass(frozen=True)
class Intake:
    """What is known when a watch is taken in; ``owner`` names watch and customer together.

    ``stays`` is the stage where the present is to find the watch; empty: wherever it has got to.
    """

    index: int
    owner: int
    number: str
    deadline: datetime | None
    urgent: bool
    facts: dict[str, Any]
    watch: dict[str, Any]
    customer: dict[str, str] | None
    stays: str = ""


class Pen(Protocol):
    """Writes the story of one receipt."""

    def register(self, intake: Intake, *, actor: Actor, at: datetime) -> None:
        """The receipt with its watch and customer."""
        ...

    def do(self, verb: str, *, actor: Actor, at: datetime, **arguments: Any) -> Mapping[str, Any]:
        """A verb on the receipt, named and called as its service; answers with ids it made."""
        ...


@dataclass
class Ledger:
    """Which watch, customer and latest receipt belong to an owner."""

    watches: dict[int, int] = field(default_factory=dict)
    customers: dict[int, int] = field(default_factory=dict)
    receipts: dict[int, int] = field(default_factory=dict)
    batches: dict[tuple[int, int], int] = field(default_factory=dict)


class ServicePen:
    """Writes through the services, one command per verb, as the doors do."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._receipt_id = 0

    def register(self, intake: Intake, *, actor: Actor, at: datetime) -> None:
        ledger, owner = self._ledger, intake.owner
        if owner not in ledger.watches:
            watch = create_watch(values=intake.watch, actor=actor, at=at).object
            ledger.watches[owner] = watch.pk
        facts = {"watch": ledger.watches[owner], **intake.facts}
        if intake.customer is not None and owner not in ledger.customers:
            customer = create_customer(
                name=intake.customer["name"], phone=intake.customer["phone"], actor=actor, at=at
            ).object
            ledger.customers[owner] = customer.pk
        if owner in ledger.customers:
            facts["customer"] = ledger.customers[owner]
        if "visit_kind" in facts and owner in ledger.receipts:
            facts["repeats"] = ledger.receipts[owner]
        receipt: Receipt = register_receipt(
            number=intake.number,
            deadline=intake.deadline,
            urgent=intake.urgent,
            facts=facts,
            actor=actor,
            command=CommandKey(CLIENT, f"receipt:{intake.index}"),
            at=at,
        ).object
        self._receipt_id = ledger.receipts[owner] = receipt.pk

    def do(self, verb: str, *, actor: Actor, at: datetime, **arguments: Any) -> Mapping[str, Any]:
        if verb == "take_back":
            order = take_back(actor=actor, at=at, **arguments).object
            return {"operation_id": order.operation_id}
        if verb == "send_to_polishing":
            arguments["batch_id"] = self._batch(arguments["polisher_id"], actor, at)
        outcome = VERBS[verb](receipt_id=self._receipt_id, actor=actor, at=at, **arguments)
        if verb == "send_to_polishing":
            return {"order_id": outcome.object.pk}
        return outcome.extra

    def _batch(self, polisher_id: int, actor: Actor, at: datetime) -> int | None:
        """Every second week a polisher's orders go out together, due a week later."""
        _year, week, _day = at.isocalendar()
        if week % 2:
            return None
        known = self._ledger.batches.get((polisher_id, week))
        if known is None or not PolishingBatch.objects.open().filter(pk=known).exists():
            due = at + timedelta(days=7)
            batch = open_batch(polisher_id=polisher_id, due_at=due, actor=actor, at=at).object
            known = self._ledger.batches[polisher_id, week] = batch.pk
        return known
