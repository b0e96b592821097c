"""Lists of polishing orders and batches."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    RelatedDropdownFilter,
)

from polishing.admin.verbs import BatchForm
from polishing.models import PolishingBatch, PolishingOrder
from receipts.admin.filters import VoidFilter
from receipts.admin.records import RecordAdmin
from staff.office.pages import OfficeAdmin
from workshop.lib import clock
from workshop.lib.admin import DayRangeFilter, columns


class OpenFilter(DropdownFilter):
    """Still out, or back."""

    title = _("state")
    parameter_name = "open"
    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("at the polisher")), ("0", _("back"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"0", "1"}:
            return queryset
        return queryset.filter(**{f"{self.column}__isnull": self.value() == "1"})


class OrderOpenFilter(OpenFilter):
    column = "returned_at"


class BatchOpenFilter(OpenFilter):
    column = "closed_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*super().lookups(request, model_admin), ("late", _("past its date"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "late":
            return queryset.filter(closed_at__isnull=True, due_at__lt=clock.now())
        return super().queryset(request, queryset)


@admin.register(PolishingOrder)
class PolishingOrderAdmin(RecordAdmin):
    list_display = (
        "polisher",
        "receipt_link",
        "parts_column",
        "metal",
        "difficult",
        "sent_at",
        "returned_at",
        "result",
        "polished_by",
    )
    list_select_related = ("receipt", "polisher", "metal", "polished_by")
    list_filter = (
        OrderOpenFilter,
        ("polisher", RelatedDropdownFilter),
        ("result", ChoicesDropdownFilter),
        ("sent_at", DayRangeFilter),
        VoidFilter,
    )

    @columns(label=_("Parts"))
    def parts_column(self, row: PolishingOrder) -> str:
        return parts_in_words(row)


def parts_in_words(order: PolishingOrder) -> str:
    """Case, bracelet."""
    names = {"case": _("case"), "bracelet": _("bracelet")}
    return ", ".join(str(names[part]) for part in order.parts)


@admin.register(PolishingBatch)
class PolishingBatchAdmin(OfficeAdmin):
    add_verb = BatchForm
    page_template = "office/object.html"
    list_display = (
        "__str__",
        "polisher",
        "opened_at",
        "due_at",
        "late_column",
        "closed_at",
        "open_column",
    )
    list_select_related = ("polisher",)
    list_filter = (BatchOpenFilter, ("polisher", RelatedDropdownFilter))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        is_open = Q(orders__returned_at=None, orders__voided_at=None)
        return (
            super()
            .get_queryset(request)
            .annotate(open_orders=Count("orders", filter=is_open))
            .order_by("-number")
        )

    @columns(label=_("Past its date"))
    def late_column(self, row: PolishingBatch) -> str:
        late = row.closed_at is None and row.due_at is not None and row.due_at < clock.now()
        if not late:
            return ""
        flagged = _("flagged %(when)s") % {"when": clock.show(row.flagged_at)}
        return f"⚠️ {flagged}" if row.flagged_at else str(_("⚠️ yes"))

    @columns(label=_("At the polisher"))
    def open_column(self, row: Any) -> int:
        return int(row.open_orders)
