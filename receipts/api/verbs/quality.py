"""Works and quality control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from receipts.api.verbs.base import Form, ReasonForm, ReceiptVerb, inputs, listed
from receipts.models import QualityCheck, Reading, ReturnItem
from receipts.services import completing, quality, returns, works
from receipts.services.completing import WaiverInput
from receipts.services.quality import ReadingInput
from receipts.services.returns import ItemInput
from receipts.services.works import WorkInput
from workshop.lib.api.fields import (
    AmountField,
    IdField,
    MomentField,
    TextField,
    WholeField,
    YesNoField,
)


class WorkForm(Form):
    example: ClassVar = {"type_id": 1, "employee_id": 7, "comment": "заменена прокладка"}

    type_id = IdField()
    employee_id = IdField()
    performed_at = MomentField(required=False, allow_null=True, help_text="now, when left out")
    comment = TextField()


class WorksForm(Form):
    works = listed(WorkForm(), min_length=1)


class RecordWork(ReceiptVerb):
    """Record one or several works."""

    body = WorksForm
    service = works.record_work

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"works": inputs(WorkInput, data["works"])}


class VoidWork(ReceiptVerb):
    """Void a wrong record of work."""

    body = ReasonForm
    service = works.void_work


class WaiveForm(Form):
    type_id = IdField()
    reason_id = IdField()
    comment = TextField()


class Waive(ReceiptVerb):
    """A required work is not needed on this watch."""

    body = WaiveForm
    service = works.waive_work


class TestRunForm(Form):
    hours = WholeField(min_value=1, max_value=1000, help_text="24, 48 or 72")


class TestRun(ReceiptVerb):
    """Start a test run."""

    body = TestRunForm
    service = quality.start_test_run


class ReadingValues(Form):
    rate = AmountField(6, 1, required=False, allow_null=True, help_text="s/d")
    amplitude = WholeField(
        required=False, allow_null=True, min_value=-10_000, max_value=10_000, help_text="degrees"
    )
    beat_error = AmountField(6, 1, required=False, allow_null=True, help_text="ms")
    position = serializers.ChoiceField(
        choices=Reading.Position.choices, required=False, allow_blank=True
    )
    stage = serializers.ChoiceField(choices=Reading.Stage.choices, required=False)
    wind = serializers.ChoiceField(choices=Reading.Wind.choices, required=False)


class AddReading(ReceiptVerb):
    """A reading of the timegrapher."""

    body = ReadingValues
    service = quality.add_reading

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        known = {one.name for one in fields(ReadingInput)}
        return {"reading": ReadingInput(**{k: v for k, v in data.items() if k in known})}


@extend_schema_field(
    {
        "type": "object",
        "patternProperties": {"^[0-9]{1,18}$": {"type": "boolean"}},
        "additionalProperties": False,
    }
)
class ChecklistField(serializers.DictField):
    """Answers by the id of their item."""

    def to_internal_value(self, data: Any) -> Any:
        found = super().to_internal_value(data)
        if not all(key.isascii() and key.isdecimal() and len(key) < 19 for key in found):
            raise serializers.ValidationError(_("The keys are ids of checklist items."))
        return {int(key): answer for key, answer in found.items()}


class MeasureForm(Form):
    example: ClassVar = {
        "water_bar": "5.0",
        "water_result": "passed",
        "power_reserve_hours": "42.5",
    }

    water_bar = AmountField(6, 1, required=False, allow_null=True)
    water_result = serializers.ChoiceField(
        choices=QualityCheck.Water.choices, required=False, allow_blank=True
    )
    power_reserve_hours = AmountField(6, 1, required=False, allow_null=True)
    checklist = ChecklistField(child=YesNoField(), required=False, help_text="item id → in order")


class Measure(ReceiptVerb):
    """Water test, power reserve, checklist."""

    body = MeasureForm
    service = quality.record_measurements


class WaiverForm(Form):
    type_id = IdField()
    reason_id = IdField()


class PassForm(Form):
    """Required works that are missing may be recorded or waived right here."""

    example: ClassVar = {"waivers": [{"type_id": 1, "reason_id": 2}]}

    works = listed(WorkForm(), required=False)
    waivers = listed(WaiverForm(), required=False)


class Pass(ReceiptVerb):
    """The watch is ready."""

    body = PassForm
    as_inspector = True
    service = completing.complete_and_pass

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "works": inputs(WorkInput, data.get("works", [])),
            "waivers": inputs(WaiverInput, data.get("waivers", [])),
        }


class ItemForm(Form):
    """One reason: a person with the work that was hit, "not our fault" with a cause, undecided."""

    example: ClassVar = {"reason_id": 4, "responsibility": "person", "responsible_id": 7}

    reason_id = IdField()
    responsibility = serializers.ChoiceField(
        choices=ReturnItem.Responsibility.choices, required=False
    )
    responsible_id = IdField(required=False, allow_null=True)
    operation_id = IdField(required=False, allow_null=True)
    cause = serializers.ChoiceField(
        choices=ReturnItem.Cause.choices, required=False, allow_blank=True
    )


class ReturnWatchForm(Form):
    example: ClassVar = {
        "items": [ItemForm.example],
        "assembler_id": 7,
        "comment": "пылинка у 6 часов",
    }

    items = listed(ItemForm(), min_length=1)
    assembler_id = IdField(required=False, allow_null=True)
    comment = TextField()
    works = listed(WorkForm(), required=False)
    hand_to_id = IdField(required=False, allow_null=True, help_text="the master it goes to")


class ReturnWatch(ReceiptVerb):
    """Send the watch back from quality control."""

    body = ReturnWatchForm
    as_inspector = True
    service = returns.return_watch

    def arguments(self, data: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(data)
        values["items"] = inputs(ItemInput, values["items"])
        values["works"] = inputs(WorkInput, values.get("works", []))
        return values


class ResponsibleForm(ReasonForm):
    example: ClassVar = {
        "reason": "разобрались",
        "responsibility": "not_ours",
        "cause": "part",
    }

    responsibility = serializers.ChoiceField(choices=ReturnItem.Responsibility.choices)
    responsible_id = IdField(required=False, allow_null=True)
    operation_id = IdField(required=False, allow_null=True)
    cause = serializers.ChoiceField(
        choices=ReturnItem.Cause.choices, required=False, allow_blank=True
    )


class ChangeResponsible(ReceiptVerb):
    """Who answers for a reason of a return: old → new."""

    body = ResponsibleForm
    as_inspector = True
    service = returns.change_responsible


class AssemblerForm(ReasonForm):
    assembler_id = IdField(allow_null=True, help_text="null: nobody")


class ChangeAssembler(ReceiptVerb):
    """The assembler of record of a return: old → new."""

    body = AssemblerForm
    as_inspector = True
    service = returns.change_assembler


class VoidReading(ReceiptVerb):
    """A reading is never edited: void it and take it again."""

    body = ReasonForm
    service = quality.void_reading


class VoidWaiver(ReceiptVerb):
    """The work is required again."""

    body = ReasonForm
    service = works.void_waiver
