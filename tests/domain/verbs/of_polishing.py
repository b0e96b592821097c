"""The services of polishing."""

from __future__ import annotations

from typing import Any

from polishing.services import batches, moving, orders
from receipts.models import Operation
from tests.domain.verbs.world import AT, HOUR, Cases, World, at, on

NOT_PRESSED: dict[str, str] = {}


def _moved(world: World) -> dict[str, Any]:
    target, source = world.receipt(), world.receipt("worked")
    return {
        "what": "work",
        "record_id": Operation.objects.get(receipt_id=source).pk,
        "from_receipt_id": source,
        "to_receipt_id": target,
        "reason": "x",
    }


def _expired(world: World) -> dict[str, Any]:
    due = AT - HOUR
    pk = world.do(batches.open_batch, polisher_id=world.cast.pavel.pk, due_at=due).object.pk
    return {"batch_id": pk}


INSPECTOR: Cases = [
    (
        batches.open_batch,
        at(polisher_id=lambda w: w.cast.pavel.pk),
    ),
    (batches.flag_expired, _expired),
    (moving.move_record, _moved),
    (
        orders.send_to_polishing,
        on(polisher_id=lambda w: w.cast.pavel.pk),
    ),
    (orders.take_back, at(order_id=World.order)),
    (
        orders.reopen_order,
        at(order_id=lambda w: w.order(back=True), reason="x"),
    ),
    (
        orders.void_order,
        at(order_id=World.order, reason="x"),
    ),
    (
        orders.correct_order,
        at(order_id=World.order, changes={"difficult": True}, reason="x"),
    ),
]
