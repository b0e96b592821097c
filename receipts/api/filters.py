"""What the lists of receipts can be asked for."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet

from receipts import selectors
from receipts.models import (
    Assignment,
    Customer,
    DetachedPart,
    Operation,
    Photo,
    QualityCheck,
    Receipt,
    Reminder,
    ReturnCase,
    Watch,
)
from receipts.phones import looks_like_phone, normalise_phone
from receipts.states import IN_WORKSHOP, URGENT_LIST, Status
from workshop.lib import clock
from workshop.lib.api.access import access_of
from workshop.lib.api.filters import IdFilter, YesNoFilter
from workshop.lib.api.moments import MomentFilter

Rows = QuerySet[Any]


class InFilter(filters.BaseInFilter, filters.ChoiceFilter):
    """One or several of the values, separated by commas."""


class ReceiptFilter(filters.FilterSet):
    # Methods that ask the same whoever asks, and whatever else there is.
    steady = frozenset({"in_workshop", "polisher", "work", "returned", "voided"})
    status = InFilter("status", lookup_expr="in", choices=Status.choices)
    master = IdFilter("master_id")
    customer = IdFilter("customer_id")
    watch = IdFilter("watch_id")
    urgent = YesNoFilter("urgent")
    overdue = YesNoFilter(method="by_overdue", help_text="past its deadline")
    in_workshop = YesNoFilter(method="by_place", help_text="physically here")
    polisher = IdFilter(method="by_polisher", help_text="has a part of it now")
    work = IdFilter(method="by_work", help_text="operation type that was done")
    returned = YesNoFilter(method="by_return", help_text="came back from QC")
    voided = YesNoFilter(method="by_void", help_text="voided ones instead")
    search = filters.CharFilter(
        method="by_text",
        max_length=100,
        help_text="number or part of it, serial, brand, phone (needs customers:read): newest first",
    )
    received_from = MomentFilter("received_at", lookup_expr="gte")
    received_to = MomentFilter("received_at", lookup_expr="lt")
    deadline_from = MomentFilter("deadline", lookup_expr="gte")
    deadline_to = MomentFilter("deadline", lookup_expr="lt")
    changed_from = MomentFilter("status_since", lookup_expr="gte")

    class Meta:
        model = Receipt
        fields: tuple[str, ...] = ()

    def filter_queryset(self, queryset: Rows) -> Rows:
        if self.form.cleaned_data.get("voided") is None:
            queryset = queryset.filter(voided_at__isnull=True)
        return super().filter_queryset(queryset)

    def by_overdue(self, rows: Rows, name: str, value: bool) -> Rows:
        late = Q(status__in=URGENT_LIST, deadline__lt=clock.now())
        return rows.filter(late) if value else rows.exclude(late)

    def by_place(self, rows: Rows, name: str, value: bool) -> Rows:
        here = Q(status__in=IN_WORKSHOP)
        return rows.filter(here) if value else rows.exclude(here)

    def by_polisher(self, rows: Rows, name: str, value: Any) -> Rows:
        away = DetachedPart.objects.filter(until=None, holder_id=int(value))
        return rows.filter(pk__in=away.values("receipt"))

    def by_work(self, rows: Rows, name: str, value: Any) -> Rows:
        done = Operation.objects.valid().filter(type_id=int(value))
        return rows.filter(pk__in=done.values("receipt"))

    def by_return(self, rows: Rows, name: str, value: bool) -> Rows:
        cases = ReturnCase.objects.valid().values("receipt")
        return rows.filter(pk__in=cases) if value else rows.exclude(pk__in=cases)

    def by_void(self, rows: Rows, name: str, value: bool) -> Rows:
        return rows.filter(voided_at__isnull=not value)

    def by_text(self, rows: Rows, name: str, value: str) -> Rows:
        # A number that is found tells whose watch it is: that is a scope of its own.
        may = "customers:read" in access_of(self.request).scopes
        found = selectors.search(value, by_phone=may)
        return rows.filter(pk__in=[one.pk for one in found])


class OfReceipt(filters.FilterSet):
    """Rows that hang on a receipt."""

    receipt = IdFilter("receipt_id")
    voided = YesNoFilter("voided_at", lookup_expr="isnull", exclude=True)


class OperationFilter(OfReceipt):
    type = IdFilter("type_id")
    employee = IdFilter("employee_id")
    performed_from = MomentFilter("performed_at", lookup_expr="gte")
    performed_to = MomentFilter("performed_at", lookup_expr="lt")

    class Meta:
        model = Operation
        fields: tuple[str, ...] = ()


class AssignmentFilter(OfReceipt):
    master = IdFilter("master_id")
    open = YesNoFilter("ended_at", lookup_expr="isnull")
    assigned_from = MomentFilter("assigned_at", lookup_expr="gte")
    assigned_to = MomentFilter("assigned_at", lookup_expr="lt")

    class Meta:
        model = Assignment
        fields: tuple[str, ...] = ()


class CheckFilter(OfReceipt):
    decision = filters.ChoiceFilter(choices=QualityCheck.Decision.choices)
    decided_by = IdFilter("decided_by_id")
    open = YesNoFilter("decision", lookup_expr="isnull")
    decided_from = MomentFilter("decided_at", lookup_expr="gte")
    decided_to = MomentFilter("decided_at", lookup_expr="lt")

    class Meta:
        model = QualityCheck
        fields: tuple[str, ...] = ()


class ReturnFilter(OfReceipt):
    assembler = IdFilter("assembler_id")
    responsible = IdFilter(method="by_responsible")
    reason = IdFilter(method="by_reason")
    returned_from = MomentFilter("returned_at", lookup_expr="gte")
    returned_to = MomentFilter("returned_at", lookup_expr="lt")

    class Meta:
        model = ReturnCase
        fields: tuple[str, ...] = ()

    def by_responsible(self, rows: Rows, name: str, value: Any) -> Rows:
        return rows.filter(items__responsible_id=int(value)).distinct()

    def by_reason(self, rows: Rows, name: str, value: Any) -> Rows:
        return rows.filter(items__reason_id=int(value))


class PhotoFilter(OfReceipt):
    stage = filters.ChoiceFilter(choices=Photo.Stage.choices)

    class Meta:
        model = Photo
        fields: tuple[str, ...] = ()


class ReminderFilter(filters.FilterSet):
    receipt = IdFilter("receipt_id")
    fate = filters.ChoiceFilter(choices=Reminder.Fate.choices)
    due_from = MomentFilter("due_at", lookup_expr="gte")
    due_to = MomentFilter("due_at", lookup_expr="lt")

    class Meta:
        model = Reminder
        fields: tuple[str, ...] = ()


class CustomerFilter(filters.FilterSet):
    search = filters.CharFilter(method="by_text", max_length=100, help_text="name or phone")

    class Meta:
        model = Customer
        fields: tuple[str, ...] = ()

    def by_text(self, rows: Rows, name: str, value: str) -> Rows:
        condition = Q(name__icontains=value)
        if looks_like_phone(value):
            condition |= Q(phone=normalise_phone(value))
        return rows.filter(condition)


class WatchFilter(filters.FilterSet):
    brand = filters.CharFilter("brand", lookup_expr="iexact", max_length=80)
    serial = filters.CharFilter("serial", lookup_expr="iexact", max_length=60)
    search = filters.CharFilter(method="by_text", max_length=100)

    class Meta:
        model = Watch
        fields: tuple[str, ...] = ()

    def by_text(self, rows: Rows, name: str, value: str) -> Rows:
        return rows.filter(
            Q(brand__icontains=value)
            | Q(model__icontains=value)
            | Q(serial__icontains=value)
            | Q(reference__icontains=value)
        )


class CatalogueFilter(filters.FilterSet):
    active = YesNoFilter()
    code = filters.CharFilter(max_length=50)
