"""Records that hang on receipts: lists to look through; they change on the receipt's page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from receipts.admin.filters import VoidFilter
from receipts.models import (
    Assignment,
    ChecklistAnswer,
    DetachedPart,
    Hold,
    Operation,
    Photo,
    QualityCheck,
    Reading,
    ReceiptNumber,
    Reminder,
    ReturnCase,
    ReturnItem,
    Waiver,
)
from receipts.numbers import normalise_number
from staff.templatetags.office import reminder_words
from workshop.lib.admin import DayRangeFilter, KeptAdmin, columns
from workshop.lib.errors import RuleViolation


class RecordAdmin(KeptAdmin):
    """A record of a receipt: its number leads to the page where it is changed."""

    ordering: Any = ("-id",)
    search_fields = ("receipt__number",)
    search_help_text = _("Receipt number")
    receipt_path = "receipt"
    list_select_related: Any = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # Where a queryset names relations itself, Django leaves those of the list out.
        names = (self.receipt_path, *self.list_select_related)
        return super().get_queryset(request).select_related(*names)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        try:
            key = normalise_number(search_term).key
        except RuleViolation:  # not a number: nothing has it
            return queryset.none(), False
        return queryset.filter(**{f"{self.receipt_path}__number_key": key}), False

    @columns(label=_("Receipt"))
    def receipt_link(self, row: Any) -> SafeString:
        receipt = row
        for name in self.receipt_path.split("__"):
            receipt = getattr(receipt, name)
        url = reverse("admin:receipts_receipt_change", args=[receipt.pk])
        return format_html('<a class="office-link" href="{}">{}</a>', url, receipt)


@admin.register(Operation)
class OperationAdmin(RecordAdmin):
    list_display = ("type", "receipt_link", "employee", "performed_at", "comment", "voided_at")
    list_select_related = ("receipt", "type", "employee")
    list_filter = (
        ("type", RelatedDropdownFilter),
        ("employee", RelatedDropdownFilter),
        ("performed_at", DayRangeFilter),
        VoidFilter,
    )
    ordering = ("-performed_at", "-id")


@admin.register(QualityCheck)
class QualityCheckAdmin(RecordAdmin):
    list_display = ("decision", "receipt_link", "opened_at", "decided_at", "decided_by")
    list_select_related = ("receipt", "decided_by")
    list_filter = (
        ("decision", ChoicesDropdownFilter),
        ("decided_at", DayRangeFilter),
        VoidFilter,
    )


@admin.register(Reading)
class ReadingAdmin(RecordAdmin):
    receipt_path = "quality_check__receipt"
    list_display = (
        "stage",
        "receipt_link",
        "wind",
        "position",
        "rate",
        "amplitude",
        "beat_error",
        "measured_at",
        "measured_by",
    )
    list_select_related = ("quality_check__receipt", "measured_by")
    list_filter = (("measured_at", DayRangeFilter), VoidFilter)


@admin.register(ReturnCase)
class ReturnCaseAdmin(RecordAdmin):
    list_display = ("returned_at", "receipt_link", "reasons_column", "assembler", "comment")
    list_select_related = ("receipt", "assembler")
    list_filter = (("returned_at", DayRangeFilter), VoidFilter)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("items")

    @columns(label=_("Reasons"))
    def reasons_column(self, row: ReturnCase) -> str:
        return ", ".join(item.reason_name for item in row.items.all())


@admin.register(ReturnItem)
class ReturnItemAdmin(RecordAdmin):
    receipt_path = "return_case__receipt"
    list_display = (
        "reason_name",
        "receipt_link",
        "affects_name",
        "responsibility",
        "responsible",
        "cause",
    )
    list_select_related = ("return_case__receipt", "responsible")
    list_filter = (
        ("responsibility", ChoicesDropdownFilter),
        ("responsible", RelatedDropdownFilter),
        ("reason", RelatedDropdownFilter),
    )


@admin.register(Assignment)
class AssignmentAdmin(RecordAdmin):
    list_display = ("master", "receipt_link", "purpose", "assigned_at", "accepted_at", "ended_at")
    list_select_related = ("receipt", "master", "purpose")
    list_filter = (("master", RelatedDropdownFilter), ("assigned_at", DayRangeFilter), VoidFilter)


@admin.register(Hold)
class HoldAdmin(RecordAdmin):
    list_display = ("reason", "receipt_link", "started_at", "expected_on", "ended_at", "comment")
    list_select_related = ("receipt", "reason")
    list_filter = (("reason", RelatedDropdownFilter), ("started_at", DayRangeFilter), VoidFilter)


@admin.register(Waiver)
class WaiverAdmin(RecordAdmin):
    list_display = ("type", "receipt_link", "reason", "waived_at", "comment")
    list_select_related = ("receipt", "type", "reason")
    list_filter = (("reason", RelatedDropdownFilter), VoidFilter)


@admin.register(Photo)
class PhotoAdmin(RecordAdmin):
    list_display = ("stage", "receipt_link", "state", "taken_at", "taken_by", "error")
    list_select_related = ("receipt", "taken_by")
    list_filter = (("stage", ChoicesDropdownFilter), ("state", ChoicesDropdownFilter), VoidFilter)
    exclude = ("file", "source")


@admin.register(Reminder)
class ReminderAdmin(RecordAdmin):
    list_display = ("due_at", "receipt_link", "kind_column", "fate", "fate_at")
    list_select_related = ("receipt",)
    list_filter = (("fate", ChoicesDropdownFilter), ("due_at", DayRangeFilter))

    @columns(label=_("Kind"))
    def kind_column(self, row: Reminder) -> str:
        return reminder_words(row.kind)


@admin.register(DetachedPart)
class DetachedPartAdmin(RecordAdmin):
    list_display = ("part", "receipt_link", "holder", "since", "until")
    list_select_related = ("receipt", "holder")
    list_filter = (("holder", RelatedDropdownFilter), ("part", ChoicesDropdownFilter))


@admin.register(ReceiptNumber)
class ReceiptNumberAdmin(RecordAdmin):
    list_display = ("number", "receipt_link", "until")
    list_select_related = ("receipt",)


@admin.register(ChecklistAnswer)
class ChecklistAnswerAdmin(RecordAdmin):
    receipt_path = "quality_check__receipt"
    list_display = ("item", "receipt_link", "ok")
    list_select_related = ("quality_check__receipt", "item")
