"""Writing stories in bulk, and telling them without writing (to go on after an interruption)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from history.commands import CommandKey
from integrations.demo import things
from integrations.demo.pen import Intake, Ledger
from integrations.demo.roster import CLIENT
from polishing.models import PolishingOrder
from polishing.services.bulk import send_to_polishing, take_back
from receipts.models import Receipt, Watch
from receipts.numbers import fold_serial
from receipts.services.bulk import Draft, Writer
from workshop.lib.actor import Actor


class BulkPen:
    """Writes one story as a draft of ``bulk``."""

    def __init__(self, ledger: Ledger, bulk: Writer) -> None:
        self._ledger, self._bulk = ledger, bulk
        self._orders: dict[int, PolishingOrder] = {}
        self._draft: Draft | None = None

    def register(self, intake: Intake, *, actor: Actor, at: datetime) -> None:
        ledger, owner = self._ledger, intake.owner
        facts = dict(intake.facts)
        if owner != intake.index:
            facts |= self._earlier(owner)
        new = "watch" not in facts
        self._draft = self._bulk.draft(
            number=intake.number,
            key=CommandKey(CLIENT, f"receipt:{intake.index}"),
            watch=intake.watch if new else None,
            customer=intake.customer if new else None,
            facts=facts,
            deadline=intake.deadline,
            urgent=intake.urgent,
            actor=actor,
            at=at,
        )
        receipt = self._draft.receipt
        ledger.receipts[owner] = receipt.pk
        ledger.watches[owner] = receipt.watch_id or 0
        if receipt.customer_id:
            ledger.customers[owner] = receipt.customer_id

    def _earlier(self, owner: int) -> dict[str, int]:
        """Watch, customer and last receipt of an owner who was here before."""
        ledger = self._ledger
        if owner not in ledger.receipts:
            _recall(ledger, owner)
        found = {"watch": ledger.watches[owner], "repeats": ledger.receipts[owner]}
        if owner in ledger.customers:
            found["customer"] = ledger.customers[owner]
        return found

    def do(self, verb: str, *, actor: Actor, at: datetime, **arguments: Any) -> Mapping[str, Any]:
        draft = self._draft
        if draft is None:
            raise LookupError("the story has not begun")
        if verb == "send_to_polishing":
            order = send_to_polishing(draft, actor=actor, at=at, **arguments)
            self._orders[order.pk] = order
            return {"order_id": order.pk}
        if verb == "take_back":
            order = self._orders[arguments.pop("order_id")]
            take_back(draft, order, actor=actor, at=at, **arguments)
            return {"operation_id": order.operation_id}
        made: Mapping[str, Any] = getattr(draft, verb)(actor=actor, at=at, **arguments)
        return made


def _recall(ledger: Ledger, owner: int) -> None:
    """What was written before an interruption, found by the serial number."""
    watch = Watch.objects.get(serial_key=fold_serial(things.serial(owner)))
    last = Receipt.objects.filter(watch=watch).order_by("-id")[0]
    ledger.watches[owner], ledger.receipts[owner] = watch.pk, last.pk
    if last.customer_id:
        ledger.customers[owner] = last.customer_id


class SilentPen:
    """Writes nothing: a story that stands already is told again for its counts and its dice."""

    def __init__(self) -> None:
        self._ids = count(1)

    def register(self, intake: Intake, *, actor: Actor, at: datetime) -> None:
        return

    def do(self, verb: str, *, actor: Actor, at: datetime, **arguments: Any) -> Mapping[str, Any]:
        made = next(self._ids)
        return {"operation_ids": [made], "operation_id": made, "order_id": made}
