"""Random workshops as rows, quickly: what the services could have written, in any order of life."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

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
from receipts.selectors import visits_answered_for
from receipts.services.works import reattach_reworks, rework_of
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


def make_world(rng: random.Random, pools: Pools, *, receipts: int = 4, first: int = 0) -> None:
    """Receipts with works, checks and returns at random moments; a part of it is void."""
    earlier: list[Receipt] = []
    for number in range(first, first + receipts):
        at = BEGIN + timedelta(days=rng.uniform(0, DAYS))
        receipt = _receipt(number, at, rng.choice([None, *pools.watches]))
        receipt.repeats = rng.choice([None, *earlier, *earlier])
        receipt.visit_kind = rng.choice([*Receipt.VisitKind, *3 * [Receipt.VisitKind.WARRANTY]])
        receipt.save(update_fields=["repeats", "visit_kind"])
        earlier.append(receipt)
        for _step in range(rng.randint(0, 14)):
            # Several things may happen at one instant: one command has one moment.
            at += timedelta(hours=rng.choice([0, 1, 30, 200]))
            rng.choice([_work, _work, _pass, _return])(rng, pools, receipt, at)


def _receipt(number: int, at: datetime, watch: Watch | None) -> Receipt:
    return Receipt.objects.create(
        number=f"W-{number}",
        number_key=f"w-{number}",
        similar_key=f"w-{number}",
        status=Status.RECEIVED,
        status_since=at,
        received_at=at,
        watch=watch,
    )


def one_work(pools: Pools, at: datetime) -> Operation:
    """A receipt with a single work."""
    return Operation.objects.create(
        receipt=_receipt(99, at, None),
        type=pools.types[0],
        employee=pools.people[0],
        performed_at=at,
    )


def disturb(rng: random.Random, pools: Pools) -> set[int]:
    """What happens to a workshop later: works dated back, voids, returns and their undoing, moves,
    another person answering. The receipts that were touched."""
    changes = [_date_back, _void_a_work, _void_a_return, _void_a_check, _reopen_a_check]
    changes += [_another_return, _another_person, _another_assembler, _move_a_work]
    touched: set[int] = set()
    for _change in range(rng.randint(1, 5)):
        touched |= rng.choice(changes)(rng, pools)
    return touched


def _any(rng: random.Random, rows: QuerySet[Any]) -> Any:
    found = list(rows.order_by("pk"))
    return rng.choice(found) if found else None


def _date_back(rng: random.Random, pools: Pools) -> set[int]:
    receipt = _any(rng, Receipt.objects.all())
    _work(rng, pools, receipt, receipt.received_at + timedelta(hours=rng.choice([0, 5, 300])))
    return {receipt.pk}


def _void_one(rng: random.Random, rows: QuerySet[Any]) -> Any:
    row = _any(rng, rows.filter(voided_at=None))
    if row is not None:
        row.voided_at = BEGIN
        row.save()
    return row


def _void_a_work(rng: random.Random, _pools: Pools) -> set[int]:
    row = _void_one(rng, Operation.objects.all())
    return {row.receipt_id} if row else set()


def _void_a_return(rng: random.Random, _pools: Pools) -> set[int]:
    case = _void_one(rng, ReturnCase.objects.all())
    if case is None:
        return set()
    reattach_reworks(case)
    QualityCheck.objects.filter(pk=case.quality_check_id).update(voided_at=BEGIN)
    return {case.receipt_id}


def _void_a_check(rng: random.Random, _pools: Pools) -> set[int]:
    row = _void_one(rng, QualityCheck.objects.filter(return_case=None))
    return {row.receipt_id} if row else set()


def _reopen_a_check(rng: random.Random, _pools: Pools) -> set[int]:
    """A decision was taken back, the check before it is open again."""
    decided = QualityCheck.objects.filter(return_case=None, voided_at=None, decision__isnull=False)
    row = _any(rng, decided)
    if row is None or row.receipt.checks.filter(decision=None, voided_at=None).exists():
        return set()
    row.decision = row.decided_at = None
    row.save()
    return {row.receipt_id}


def _another_return(rng: random.Random, pools: Pools) -> set[int]:
    receipt = _any(rng, Receipt.objects.all())
    _return(rng, pools, receipt, receipt.received_at + timedelta(hours=rng.choice([1, 40, 400])))
    return {receipt.pk}


def _another_person(rng: random.Random, pools: Pools) -> set[int]:
    item = _any(rng, ReturnItem.objects.filter(return_case__voided_at=None))
    if item is None:
        return set()
    item.responsibility, item.responsible, item.cause = R.PERSON, rng.choice(pools.people), ""
    item.operation = None
    item.save()
    return {item.return_case.receipt_id}


def _another_assembler(rng: random.Random, pools: Pools) -> set[int]:
    case = _any(rng, ReturnCase.objects.all())
    if case is None:
        return set()
    case.assembler = rng.choice([None, *pools.people])
    case.save()
    return {case.receipt_id}


def _move_a_work(rng: random.Random, pools: Pools) -> set[int]:
    """Void on one receipt, the same on another: both have changed."""
    row = _void_one(rng, Operation.objects.filter(return_items=None))
    if row is None:
        return set()
    target = _any(rng, Receipt.objects.exclude(pk=row.receipt_id))
    row_of_target = Operation.objects.create(
        receipt=target,
        type=row.type,
        employee=row.employee,
        performed_at=max(row.performed_at, target.received_at),
        rework_of=rework_of(target, row.type, max(row.performed_at, target.received_at)),
    )
    return {row.receipt_id, row_of_target.receipt_id}


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
    visits = visits_answered_for(case.receipt)
    done = Operation.objects.filter(receipt__in=visits, performed_at__lte=case.returned_at)
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
