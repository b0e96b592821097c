"""The facts that every number counts, each defined once (spec 5.2)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from receipts.models import Operation, QualityCheck, ReturnItem


def operations(start: datetime, end: datetime) -> QuerySet[Operation]:
    """Operations performed in [start, end) that are not void, with what became of them.

    ``own_rework``: recorded after a return that concerns its type, by the person whose work of
    that type on this watch stood there before the return. It is no work of the numbers.
    ``checked``: quality control decided about the watch after it (not before, not void).
    ``hit``: an item of a return that is not void points at it, from its own receipt.
    """
    rows: QuerySet[Operation] = Operation.objects.filter(
        voided_at__isnull=True, performed_at__gte=start, performed_at__lt=end
    )
    return rows.annotate(
        own_rework=Exists(_earlier_own()), checked=Exists(_decisions()), hit=Exists(hits())
    )


def works(start: datetime, end: datetime) -> QuerySet[Operation]:
    """The same without a person's rework of his own work: what output and quality count.

    A rework that is hit again is the same person's failure once more, not another work.
    """
    return operations(start, end).filter(Q(own_rework=False))


def _earlier_own() -> QuerySet[Operation]:
    return Operation.objects.filter(
        Q(performed_at__lte=OuterRef("rework_of__returned_at")),
        ~Q(pk=OuterRef("pk")),
        voided_at__isnull=True,
        receipt=OuterRef("receipt"),
        type=OuterRef("type"),
        employee=OuterRef("employee"),
    )


def _decisions() -> QuerySet[QualityCheck]:
    return QualityCheck.objects.filter(
        voided_at__isnull=True,
        receipt=OuterRef("receipt"),
        decision__isnull=False,
        decided_at__gte=OuterRef("performed_at"),
    )


def hits() -> QuerySet[ReturnItem]:
    """Items of returns that hit the outer operation while its watch was here.

    A return of a later visit (a warranty repeat) is another column: it came back from the customer.
    """
    return ReturnItem.objects.filter(
        operation=OuterRef("pk"),
        return_case__voided_at__isnull=True,
        return_case__receipt=OuterRef("receipt"),
    )


def items_of_returns(start: datetime, end: datetime) -> QuerySet[ReturnItem]:
    """Items of returns registered in [start, end) that are not void, each in one ``column``."""
    return ReturnItem.objects.filter(
        return_case__voided_at__isnull=True,
        return_case__returned_at__gte=start,
        return_case__returned_at__lt=end,
    )


HIT_A_WORK = Q(operation__isnull=False) & Q(operation__voided_at__isnull=True)
WITHOUT_A_WORK = Q(responsibility=ReturnItem.Responsibility.PERSON) & ~HIT_A_WORK
NOT_OURS = Q(responsibility=ReturnItem.Responsibility.NOT_OURS)
UNDECIDED = Q(responsibility=ReturnItem.Responsibility.UNDECIDED)
