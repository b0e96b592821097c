"""Many works of a person at once, with what became of them: for charts over years."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count

from receipts.models import (
    Operation,
    OperationType,
    QualityCheck,
    Receipt,
    ReturnCase,
    ReturnItem,
    ReturnReason,
)
from receipts.states import Status
from staff.models import Employee
from workshop.lib import clock

_numbers = count(1)


def noon(day: date) -> datetime:
    return clock.day_start(day) + timedelta(hours=12)


def make_works(
    person: Employee, day: date, *, checked: int, returned: int = 0, waiting: int = 0
) -> None:
    """Assemblies performed at noon of the day, each on a receipt of its own; checked an hour later.

    ``returned`` of the ``checked`` ones came back then.
    """
    at, later = noon(day), noon(day) + timedelta(hours=1)
    kind = OperationType.objects.get(code="assembly")
    numbers = [f"M-{next(_numbers)}" for _work in range(checked + waiting)]
    receipts = Receipt.objects.bulk_create(
        Receipt(
            number=number,
            number_key=number.lower(),
            similar_key=number.lower(),
            status=Status.RECEIVED,
            status_since=at,
            received_at=at,
        )
        for number in numbers
    )
    works = Operation.objects.bulk_create(
        Operation(receipt=one, type=kind, employee=person, performed_at=at) for one in receipts
    )
    checks = QualityCheck.objects.bulk_create(
        QualityCheck(
            receipt=one,
            opened_at=later,
            decided_at=later,
            decision=QualityCheck.Decision.RETURNED
            if place < returned
            else QualityCheck.Decision.PASSED,
        )
        for place, one in enumerate(receipts[:checked])
    )
    cases = ReturnCase.objects.bulk_create(
        ReturnCase(receipt=check.receipt, quality_check=check, returned_at=later)
        for check in checks[:returned]
    )
    reason = ReturnReason.objects.get(code="dirt_inside")
    ReturnItem.objects.bulk_create(
        ReturnItem(
            return_case=case,
            reason=reason,
            reason_name=reason.name,
            affects=reason.affects,
            affects_name=reason.affects.name,
            rule=reason.rule,
            responsibility=ReturnItem.Responsibility.PERSON,
            responsible=person,
            operation=work,
        )
        for case, work in zip(cases, works, strict=False)
    )
