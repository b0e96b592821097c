"""Verbs about works: recorded, voided, waived, moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from receipts.admin.verbs.base import ReceiptVerb, receipt_verb, row_of
from receipts.forms.works import WithWorks, kinds_of_work
from receipts.models import OperationType, WaiverReason
from receipts.services.quality import missing_works
from receipts.services.works import record_work, void_waiver, void_work, waive_work
from staff.office.forms import choice, comment, reason


@receipt_verb
class RecordWork(WithWorks, ReceiptVerb):
    code = "record_work"
    shown_in = "record"
    template = "office/works.html"
    field_names = {"performed_at": ""}
    comment = comment()

    def build(self) -> None:
        self.build_works(self.target, kinds_of_work(), when=True)

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return record_work(receipt_id=self.target.pk, works=self.works, **common)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        self.works = self.works_of(data)
        return data


@receipt_verb
class VoidWork(ReceiptVerb):
    code = "void_work"
    shown_in = "row"
    danger = True
    reason = reason()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return void_work(
            receipt_id=self.target.pk,
            operation_id=row_of(data),
            reason=data["reason"],
            **common,
        )


@receipt_verb
class Waive(ReceiptVerb):
    code = "waive"
    shown_in = "record"
    type = choice(OperationType.objects.none(), _("Kind of work"))
    reason = choice(WaiverReason.objects.none(), _("Reason"))
    comment = comment()

    @classmethod
    def offered(cls, target: Any, actor: Any) -> bool:
        return super().offered(target, actor) and bool(missing_works(target))

    def build(self) -> None:
        types = OperationType.objects.filter(pk__in=[row.pk for row in missing_works(self.target)])
        self.fields["type"].queryset = types  # type: ignore[attr-defined]
        self.fields["type"].initial = types.first()
        self.fields["reason"].queryset = WaiverReason.objects.active()  # type: ignore[attr-defined]

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return waive_work(
            receipt_id=self.target.pk,
            type_id=data["type"].pk,
            reason_id=data["reason"].pk,
            comment=data["comment"],
            **common,
        )


@receipt_verb
class VoidWaiver(ReceiptVerb):
    code = "waive"
    slug = "void_waiver"
    label = _("Void: the work is required again")
    shown_in = "row"
    danger = True
    reason = reason()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return void_waiver(
            receipt_id=self.target.pk, waiver_id=row_of(data), reason=data["reason"], **common
        )
