"""The facts that every number counts, each defined once (spec 5.2)."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from analytics.filters import Filters
from receipts.models import Operation, QualityCheck, Receipt, ReturnItem
from workshop.lib import clock


def first_day() -> date | None:
    """The workshop's day of the first receipt: where "all time" begins; None without one."""
    first = Receipt.objects.valid().aggregate(first=Min("received_at"))["first"]
    return clock.local(first).date() if first else None


def operations(start: datetime, end: datetime) -> QuerySet[Operation]:
    """Operations performed in [start, end) that are not void, with what became of them.

    ``own_rework``: recorded after a return that concerns its type, by the person whose work of
    that type on this watch stood there before the return. It is no work of the numbers.
    ``checked``: quality control decided about the watch after it (not before, not void).
    ``hit``: an item of a return that is not void points at it, from its own receipt.
    """
    rows = operations_of_all().filter(performed_at__gte=start, performed_at__lt=end)
    return rows.annotate(hit=Exists(hits()))


def operations_of_all() -> QuerySet[Operation]:
    """The same of all time without ``hit``: narrow it to some receipts."""
    rows: QuerySet[Operation] = Operation.objects.filter(voided_at__isnull=True)
    # Most works follow no return: for them nothing is looked up, whatever the plan.
    own = When(Q(rework_of__isnull=False) & Q(Exists(_earlier_own())), then=Value(True))
    return rows.annotate(own_rework=Case(own, default=Value(False)), checked=Exists(_decisions()))


def works(start: datetime, end: datetime) -> QuerySet[Operation]:
    """The same without a person's rework of his own work: what output and quality count.

    A rework that is hit again is the same person's failure once more, not another work.
    """
    return operations(start, end).filter(Q(own_rework=False))


def _earlier_own() -> QuerySet[Operation]:
    # A sum is in no index: a database without statistics would else go through all the works of
    # the person, or of the type, for each of them, instead of the few of the receipt.
    person, kind = (
        ExpressionWrapper(F(name) + Value(0), BigIntegerField())
        for name in ("employee_id", "type_id")
    )
    return Operation.objects.alias(person=person, kind=kind).filter(
        Q(performed_at__lte=OuterRef("rework_of__returned_at")),
        ~Q(pk=OuterRef("pk")),
        voided_at__isnull=True,
        receipt=OuterRef("receipt"),
        kind=OuterRef("type_id"),
        person=OuterRef("employee_id"),
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


def times_hit() -> Case:
    """Expression of :func:`operations`: how many returns hit the work; several items of one return
    are one.
    """
    cases = hits().order_by().values("operation")
    number = cases.annotate(number=Count("return_case", distinct=True)).values("number")
    return Case(When(hit=True, then=Subquery(number)), default=Value(0))


def from_customers() -> QuerySet[ReturnItem]:
    """Items that hit a work after its watch had left: on a confirmed warranty repeat of its
    receipt. They are few, and are found from the repeats.
    """
    return ReturnItem.objects.filter(
        return_case__voided_at__isnull=True,
        return_case__receipt__voided_at__isnull=True,
        return_case__receipt__visit_kind=Receipt.VisitKind.WARRANTY,
        return_case__receipt__repeats=F("operation__receipt"),
    )


def came_back() -> Q:
    """Works that came back from the customer; a column of its own, in no percentage."""
    return Q(own_rework=False, pk__in=from_customers().values("operation"))


def items_of_returns(start: datetime, end: datetime) -> QuerySet[ReturnItem]:
    """Items of returns registered in [start, end) that are not void, each in one ``column``."""
    return items_of_all_returns().filter(
        return_case__returned_at__gte=start, return_case__returned_at__lt=end
    )


def items_of_all_returns() -> QuerySet[ReturnItem]:
    """The same of all time: narrow it to some receipts."""
    return ReturnItem.objects.filter(return_case__voided_at__isnull=True)


HIT_A_WORK = Q(operation__isnull=False) & Q(operation__voided_at__isnull=True)
WITHOUT_A_WORK = Q(responsibility=ReturnItem.Responsibility.PERSON) & ~HIT_A_WORK
NOT_OURS = Q(responsibility=ReturnItem.Responsibility.NOT_OURS)
UNDECIDED = Q(responsibility=ReturnItem.Responsibility.UNDECIDED)

COLUMNS = {
    "hit_a_work": HIT_A_WORK,
    "without_a_work": WITHOUT_A_WORK,
    "not_ours": NOT_OURS,
    "undecided": UNDECIDED,
}
"""Every item is in exactly one."""

COLUMN = Case(*(When(condition, then=Value(name)) for name, condition in COLUMNS.items()))


def chosen_operations(filters: Filters) -> Q:
    """Works of these people and types, on watches of this brand and metal."""
    return (
        _one_of("employee", filters.employees)
        & _one_of("type", filters.types)
        & _watch("receipt__watch", filters)
    )


def chosen_items(filters: Filters) -> Q:
    """Items of returns for which these people answer, that concern these types, of such watches."""
    return (
        _one_of("responsible", filters.employees)
        & _one_of("affects", filters.types)
        & _watch("return_case__receipt__watch", filters)
    )


def chosen_assemblers(filters: Filters) -> Q:
    """Returns with one of these assemblers of record; a whole watch has no type of work."""
    return _one_of("assembler", filters.employees) & _watch("receipt__watch", filters)


def _one_of(field: str, chosen: tuple[int, ...]) -> Q:
    return Q(**{f"{field}__in": chosen}) if chosen else Q()


def _watch(path: str, filters: Filters) -> Q:
    found = Q()
    if filters.brand:
        found &= Q(**{f"{path}__brand": filters.brand})
    if filters.metal is not None:
        found &= Q(**{f"{path}__metal": filters.metal})
    return found
