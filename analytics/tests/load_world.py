"""Random presents of a workshop as rows, quickly: who has what, what waits, what is out."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from polishing.models import PolishingOrder
from receipts.models import (
    Assignment,
    DetachedPart,
    Hold,
    HoldReason,
    Metal,
    Operation,
    OperationType,
    QualityCheck,
    Receipt,
    ReturnCase,
    Watch,
)
from receipts.states import Status
from staff.models import Employee

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
LONG = timedelta(days=90)
NOT_AT_A_MASTER = {Status.RECEIVED, Status.READY, Status.ISSUED}


@dataclass
class Pools:
    people: list[Employee]
    types: list[OperationType]
    reasons: list[HoldReason]
    metals: list[Metal]
    watches: list[Watch]


def make_pools(people: list[Employee]) -> Pools:
    metals = list(Metal.objects.order_by("pk")[:2])
    watches = [
        Watch.objects.create(brand=brand, metal=metal)
        for brand in ("Ракета", "")
        for metal in (None, *metals)
    ]
    reasons = list(HoldReason.objects.order_by("pk")[:3])
    return Pools(people, list(OperationType.objects.all()), reasons, metals, watches)


def make_world(rng: random.Random, pools: Pools, *, receipts: int = 12) -> None:
    """Receipts in every status, with hand-overs, holds and rounds, some of them void."""
    for number in range(receipts):
        begun = AT - rng.choice(
            # Also exactly on the edges of the buckets, and just beside them.
            [timedelta(days=rng.choice([3, 7, 14, 30, 60])), LONG * rng.random()]
        )
        status = rng.choice(list(Status))
        receipt = Receipt.objects.create(
            number=f"L-{number}",
            number_key=f"l-{number}",
            similar_key=f"l-{number}",
            status=status,
            status_since=begun + (AT - begun) * rng.random(),
            received_at=begun,
            deadline=rng.choice([None, AT, AT + LONG * (rng.random() - 0.7)]),
            voided_at=AT if rng.random() < 0.08 else None,
            watch=rng.choice([None, *pools.watches]),
        )
        _assignments(rng, pools, receipt)
        _holds(rng, pools, receipt)
        for _round in range(rng.randint(0, 3)):
            _order(rng, pools, receipt)


def _moments(rng: random.Random, receipt: Receipt) -> tuple[datetime, datetime]:
    whole = AT - receipt.received_at
    start = receipt.received_at + whole * rng.random()
    return start, start + (AT - start) * rng.random()


def _assignments(rng: random.Random, pools: Pools, receipt: Receipt) -> None:
    for _earlier in range(rng.randint(0, 2)):
        start, end = _moments(rng, receipt)
        void = rng.random() < 0.3
        Assignment.objects.create(
            receipt=receipt,
            master=rng.choice(pools.people),
            assigned_at=start,
            ended_at=None if void and rng.random() < 0.5 else end,
            voided_at=end if void else None,
        )
    if receipt.status in NOT_AT_A_MASTER or rng.random() < 0.2:
        return
    start, end = _moments(rng, receipt)
    row = Assignment.objects.create(
        receipt=receipt,
        master=rng.choice(pools.people),
        purpose=rng.choice([None, *pools.types]),
        assigned_at=start,
        accepted_at=rng.choice([None, end]),
    )
    receipt.master = row.master
    receipt.save(update_fields=["master"])


def _holds(rng: random.Random, pools: Pools, receipt: Receipt) -> None:
    start, end = _moments(rng, receipt)
    usual = {"receipt": receipt, "started_at": start, "status_before": Status.RECEIVED}
    if rng.random() < 0.3:
        Hold.objects.create(reason=rng.choice(pools.reasons), ended_at=end, **usual)
    if rng.random() < 0.2:
        Hold.objects.create(reason=rng.choice(pools.reasons), voided_at=end, **usual)
    if receipt.status == Status.ON_HOLD:
        Hold.objects.create(reason=rng.choice(pools.reasons), **usual)


def _order(rng: random.Random, pools: Pools, receipt: Receipt) -> None:
    sent, back = _moments(rng, receipt)
    case, bracelet = rng.choice([(True, False), (False, True), (True, True)])
    is_open, is_void = rng.random() < 0.5, rng.random() < 0.15
    parts = [part for part, out in (("case", case), ("bracelet", bracelet)) if out]
    if is_open and not is_void:
        away = receipt.detached_parts.filter(part__in=parts, until=None)
        if away.exists() or receipt.status == Status.ISSUED:
            return
        for part in parts:
            DetachedPart.objects.create(
                receipt=receipt, part=part, holder=pools.people[0], since=sent
            )
    done = not is_open and rng.random() < 0.8
    polisher = rng.choice(pools.people)
    PolishingOrder.objects.create(
        receipt=receipt,
        polisher=polisher,
        case=case,
        bracelet=bracelet,
        metal=rng.choice([None, *pools.metals]),
        difficult=rng.random() < 0.3,
        sent_at=sent,
        returned_at=None if is_open else back,
        result=None if is_open else ("done" if done else "without_work"),
        polished_by=rng.choice([polisher, *pools.people]) if done else None,
        operation=_operation(rng, pools, receipt, polisher, back) if done else None,
        voided_at=AT if is_void else None,
    )


def _operation(
    rng: random.Random, pools: Pools, receipt: Receipt, who: Employee, at: datetime
) -> Operation:
    case = None
    if rng.random() < 0.3:
        check = QualityCheck.objects.create(
            receipt=receipt, opened_at=at, decision="returned", decided_at=at
        )
        case = ReturnCase.objects.create(receipt=receipt, quality_check=check, returned_at=at)
    return Operation.objects.create(
        receipt=receipt, type=pools.types[-1], employee=who, performed_at=at, rework_of=case
    )
