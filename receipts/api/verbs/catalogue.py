"""Catalogues: rows are added, changed, reordered and switched off, never deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.urls import URLPattern, path
from rest_framework import serializers

from history.api.verbs import RowVerb
from receipts import locks
from receipts.api import resources
from receipts.api.verbs.base import Form
from receipts.models import ReturnReason, ServiceLimit
from receipts.services.catalogue import CATALOGUES, save_catalogue_row
from workshop.lib.api.fields import AmountField, IdField, TextField, WholeField, YesNoField

LARGEST_ORDER: Final = 2**31 - 1


class RowValues(Form):
    """The code of a row never changes."""

    name = TextField()
    order = WholeField(required=False, min_value=0, max_value=LARGEST_ORDER)
    active = YesNoField(required=False)


class OperationTypeValues(RowValues):
    required_before_qc = YesNoField(source="required", required=False)
    warranty_months = WholeField(required=False, min_value=0, max_value=1200)
    recorded_by_polishing = YesNoField(required=False)
    answers_for_whole_watch = YesNoField(required=False)


class ReturnReasonValues(RowValues):
    affects_id = IdField(source="affects", required=False, help_text="operation type")
    rule = serializers.ChoiceField(choices=ReturnReason.Rule.choices, required=False)


class HoldReasonValues(RowValues):
    is_incident = YesNoField(required=False)


class DeadlineCauseValues(RowValues):
    replaces_promise = YesNoField(required=False)


class ServiceLimitValues(RowValues):
    amount = AmountField(5, 1, required=False, negative=False)
    urgent_amount = AmountField(5, 1, required=False, allow_null=True, negative=False)
    unit = serializers.ChoiceField(choices=ServiceLimit.Unit.choices, required=False)


class CodeField(serializers.SlugField):
    """A text of letters, digits, - and _; not a number that looks like one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class NewRow(RowValues):
    """The code is how programs know the row."""

    code = CodeField(max_length=50)
    name = TextField(required=True)


class NewOperationType(NewRow, OperationTypeValues):
    pass


class NewReturnReason(NewRow, ReturnReasonValues):
    affects_id = IdField(source="affects", help_text="operation type")


class NewHoldReason(NewRow, HoldReasonValues):
    pass


class NewDeadlineCause(NewRow, DeadlineCauseValues):
    pass


class NewServiceLimit(NewRow, ServiceLimitValues):
    amount = AmountField(5, 1, negative=False)


_FORMS: Final[dict[str, tuple[type[Form], type[Form]]]] = {
    "receipts.OperationType": (NewOperationType, OperationTypeValues),
    "receipts.ReturnReason": (NewReturnReason, ReturnReasonValues),
    "receipts.HoldReason": (NewHoldReason, HoldReasonValues),
    "receipts.DeadlineCause": (NewDeadlineCause, DeadlineCauseValues),
    "receipts.ServiceLimit": (NewServiceLimit, ServiceLimitValues),
}


class AddRow(RowVerb):
    """Add a row to this catalogue."""

    scopes = {"POST": "catalogues:manage"}
    label: ClassVar[str] = ""  # of the catalogue, for the service
    of = resources.CATALOGUES["receipts.OperationType"]
    body: ClassVar[type[Form]] = NewRow
    created: ClassVar[bool] = True
    service = save_catalogue_row

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"catalogue": self.label, "values": dict(data)}


class ChangeRow(AddRow):
    """Change a row; only what is sent is touched. One that is switched off is not offered."""

    body: ClassVar[type[Form]] = RowValues
    created: ClassVar[bool] = False
    key = "row_id"

    def take_lock(self, pk: int) -> None:
        locks.catalogue_row(CATALOGUES[self.label], pk)


def paths(label: str) -> list[URLPattern]:
    """The list with POST for a new row, the rows, and POST to change one."""
    resource = resources.CATALOGUES[label]
    new, values = _FORMS.get(label, (NewRow, RowValues))
    change = ChangeRow.as_view(label=label, of=resource, body=values)
    return [
        *resource.paths(add=AddRow, label=label, body=new),
        path(f"{resource.name}/<int:pk>/change/", change, name=f"{resource.name}-change"),
    ]
