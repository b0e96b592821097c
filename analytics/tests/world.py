"""Random workshops as rows, quickly: what the services could have written, in any order of life."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from receipts.models import (
    Operation,
    OperationType,
    QualityCheck,
    Receipt,
    ReturnCase,
    ReturnItem,
    ReturnReason,
    Watch,
)
from receipts.services.works import rework_of
from receipts.states import Status
from staff.models import Employee

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 45
R = ReturnItem.Responsibility


@dataclass
class Pools:
    people: list[Employee]
    types: list[OperationType]
    reasons: list[ReturnReason]
    watches: list[Watch]


def make_pools(people: list[Employee]) -> Pools:
    """What the rows of a world refer to; made once for many worlds."""
    watches = [
        Watch.objects.create(brand=brand, calibre=calibre)
        for brand, calibre in (("Ракета", "2609"), ("Восток", ""), ("", "3133"))
    ]
    return Pools(
        people, list(OperationType.objects.all()[:2]), list(ReturnReason.objects.all()), watches
    )


def make_world(rng: random.Random, pools: Pools, *, receipts: int = 4) -> None:
    """Receipts with works, checks and returns at random moments; a part of it is void."""
    for number in range(receipts):
        at = BEGIN + timedelta(days=rng.uniform(0, DAYS))
        receipt = Receipt.objects.create(
            number=f"W-{number}",
            number_key=f"w-{number}",
            similar_key=f"w-{number}",
            status=Status.RECEIVED,
            status_since=at,
            received_at=at,
            watch=rng.choice([None, *pools.watches]),
        )
        for _step in range(rng.randint(0, 14)):
            # Several things may happen at one instant: one command has one moment.
            at += timedelta(hours=rng.choice([0, 1, 30, 200]))
            rng.choice([_work, _work, _pass, _return])(rng, pools, receipt, at)


def _void(rng: random.Random, at: datetime) -> datetime | None:
    return at if rng.random() < 0.15 else None


def _work(rng: random.Random, pools: Pools, receipt: Receipt, at: datetime) -> None:
    kind = rng.choice(pools.types)
    Operation.objects.create(
        receipt=receipt,
        type=kind,
        employee=rng.choice(pools.people),
        performed_at=at,
        rework_of=rework_of(receipt, kind, at),
        voided_at=_void(rng, at),
    )


def _pass(rng: random.Random, pools: Pools, receipt: Receipt, at: datetime) -> None:
    decided = rng.random() < 0.8
    if not decided and receipt.checks.filter(decision=None, voided_at=None).exists():
        return
    QualityCheck.objects.create(
        receipt=receipt,
        opened_at=at,
        decision=QualityCheck.Decision.PASSED if decided else None,
        decided_at=at if decided else None,
        voided_at=_void(rng, at),
    )


def _return(rng: random.Random, pools: Pools, receipt: Receipt, at: datetime) -> None:
    voided_at = _void(rng, at)
    check = QualityCheck.objects.create(
        receipt=receipt,
        opened_at=at,
        decision=QualityCheck.Decision.RETURNED,
        decided_at=at,
        voided_at=voided_at,
    )
    case = ReturnCase.objects.create(
        receipt=receipt,
        quality_check=check,
        returned_at=at,
        assembler=rng.choice([None, *pools.people]),
        voided_at=voided_at,
    )
    for reason in rng.sample(pools.reasons, rng.randint(1, 3)):
        _item(rng, pools, case, reason)


def _item(rng: random.Random, pools: Pools, case: ReturnCase, reason: ReturnReason) -> None:
    responsibility = rng.choice(list(R))
    done = case.receipt.operations.filter(performed_at__lte=case.returned_at)
    # A work may be voided after a return has hit it.
    hit = rng.choice([None, *done]) if responsibility == R.PERSON else None
    person = hit.employee if hit else rng.choice(pools.people)
    ReturnItem.objects.create(
        return_case=case,
        reason=reason,
        reason_name=reason.name,
        affects=reason.affects,
        affects_name=reason.affects.name,
        rule=reason.rule,
        responsibility=responsibility,
        responsible=person if responsibility == R.PERSON else None,
        cause=ReturnItem.Cause.WEAR if responsibility == R.NOT_OURS else "",
        operation=hit,
    )
