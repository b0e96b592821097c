"""What the API shows of receipts and what hangs on them. `source` names columns: one query each."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from receipts import states
from receipts.models import (
    Photo,
    QualityCheck,
    Reading,
    Receipt,
    ReturnItem,
    ReturnReason,
    ServiceLimit,
)


class PersonForm(serializers.Serializer[Any]):
    """An employee, in short."""

    example: ClassVar = {"id": 7, "name": "Иванов И."}

    id = serializers.IntegerField()
    name = serializers.CharField(source="short_name")


class RowForm(serializers.Serializer[Any]):
    """A row of a catalogue, in short."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()


class WatchInShort(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    brand = serializers.CharField()
    model = serializers.CharField()
    reference = serializers.CharField()
    serial = serializers.CharField()


class ReceiptForm(serializers.Serializer[Any]):
    """One watch, one visit. `version` is the number in its ETag, for If-Match."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=states.Status.choices)
    status_since = serializers.DateTimeField()
    version = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    deadline = serializers.DateTimeField(allow_null=True)
    first_promise = serializers.DateTimeField(allow_null=True)
    deadline_changes = serializers.IntegerField()
    overdue = serializers.BooleanField(help_text="past its deadline and not finished")
    urgent = serializers.BooleanField()
    master = PersonForm(allow_null=True)
    watch = WatchInShort(allow_null=True)
    customer_id = serializers.IntegerField(allow_null=True)
    complaint = serializers.CharField()
    condition = serializers.CharField(help_text="what was seen when it came in")
    completeness = serializers.CharField()
    links_count = serializers.IntegerField(allow_null=True)
    description = serializers.CharField()
    declared_value = serializers.DecimalField(12, 2, allow_null=True, help_text="RUB")
    agreed_price = serializers.DecimalField(12, 2, allow_null=True, help_text="RUB")
    prepayment = serializers.DecimalField(12, 2, allow_null=True, help_text="RUB")
    do_not_polish = serializers.BooleanField()
    place = serializers.CharField()
    visit_kind = serializers.ChoiceField(choices=Receipt.VisitKind.choices)
    repeats_id = serializers.IntegerField(allow_null=True, help_text="the earlier visit")
    issued_at = serializers.DateTimeField(allow_null=True)
    voided_at = serializers.DateTimeField(allow_null=True)


class OperationForm(serializers.Serializer[Any]):
    """One piece of work."""

    id = serializers.IntegerField()
    receipt_id = serializers.IntegerField()
    type = RowForm()
    employee = PersonForm()
    performed_at = serializers.DateTimeField()
    comment = serializers.CharField()
    rework_of_id = serializers.IntegerField(allow_null=True, help_text="the return it follows")
    voided_at = serializers.DateTimeField(allow_null=True)


class AssignmentForm(serializers.Serializer[Any]):
    """The watch is handed to a master."""

    id = serializers.IntegerField()
    receipt_id = serializers.IntegerField()
    master = PersonForm()
    purpose = RowForm(allow_null=True)
    assigned_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    declined_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    voided_at = serializers.DateTimeField(allow_null=True)


class HoldForm(serializers.Serializer[Any]):
    """The watch waits."""

    id = serializers.IntegerField()
    receipt_id = serializers.IntegerField()
    reason = RowForm()
    comment = serializers.CharField()
    started_at = serializers.DateTimeField()
    expected_on = serializers.DateField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    voided_at = serializers.DateTimeField(allow_null=True)


class WaiverForm(serializers.Serializer[Any]):
    """A required work that this receipt does not need."""

    id = serializers.IntegerField()
    receipt_id = serializers.IntegerField()
    type = RowForm()
    reason = RowForm()
    comment = serializers.CharField()
    waived_at = serializers.DateTimeField()
    voided_at = serializers.DateTimeField(allow_null=True)


class CheckForm(serializers.Serializer[Any]):
    """One inspection by quality control; it may last days. Readings: `?expand=readings`."""

    id = serializers.IntegerField()
    receipt_id = serializers.IntegerField()
    opened_at = serializers.DateTimeField()
    test_run_until = serializers.DateTimeField(allow_null=True)
    decision = serializers.ChoiceField(choices=QualityCheck.Decision.choices, allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = PersonForm(allow_null=True)
    power_reserve_hours = serializers.DecimalField(6, 1, allow_null=True)
    water_bar = serializers.DecimalField(6, 1, allow_null=True)
    water_result = serializers.ChoiceField(choices=QualityCheck.Water.choices, allow_blank=True)
    voided_at = serializers.DateTimeField(allow_null=True)


class ReadingForm(serializers.Serializer[Any]):
    """Rate in s/d, amplitude in degrees, beat error in ms."""

    id = serializers.IntegerField()
    quality_check_id = serializers.IntegerField()
    stage = serializers.ChoiceField(choices=Reading.Stage.choices)
    wind = serializers.ChoiceField(choices=Reading.Wind.choices)
    position = serializers.ChoiceField(choices=Reading.Position.choices, allow_blank=True)
    rate = serializers.DecimalField(5, 1, allow_null=True)
    amplitude = serializers.IntegerField(allow_null=True)
    beat_error = serializers.DecimalField(4, 1, allow_null=True)
    measured_at = serializers.DateTimeField()
    measured_by = PersonForm(allow_null=True)
    voided_at = serializers.DateTimeField(allow_null=True)


class ReturnForm(serializers.Serializer[Any]):
    """A return from quality control. Its reasons: `?expand=items`."""

    id = serializers.IntegerField()
    receipt_id = serializers.IntegerField()
    quality_check_id = serializers.IntegerField()
    returned_at = serializers.DateTimeField()
    comment = serializers.CharField()
    assembler = PersonForm(allow_null=True)
    voided_at = serializers.DateTimeField(allow_null=True)


class ReturnItemForm(serializers.Serializer[Any]):
    """One reason, with the responsibility as an inspector recorded it; names as they were then."""

    id = serializers.IntegerField()
    return_id = serializers.IntegerField(source="return_case_id")
    reason_id = serializers.IntegerField()
    reason = serializers.CharField(source="reason_name")
    affects_id = serializers.IntegerField()
    affects = serializers.CharField(source="affects_name")
    responsibility = serializers.ChoiceField(choices=ReturnItem.Responsibility.choices)
    responsible = PersonForm(allow_null=True)
    cause = serializers.ChoiceField(choices=ReturnItem.Cause.choices, allow_blank=True)
    operation_id = serializers.IntegerField(allow_null=True)


class PhotoForm(serializers.Serializer[Any]):
    """The picture itself: `/photos/{id}/file/`."""

    id = serializers.IntegerField()
    receipt_id = serializers.IntegerField()
    stage = serializers.ChoiceField(choices=Photo.Stage.choices)
    state = serializers.ChoiceField(choices=Photo.State.choices)
    taken_at = serializers.DateTimeField()
    taken_by = PersonForm(allow_null=True)
    content_hash = serializers.CharField()
    voided_at = serializers.DateTimeField(allow_null=True)


class CustomerForm(serializers.Serializer[Any]):
    example: ClassVar = {"name": "Петрова Мария"}

    id = serializers.IntegerField()
    name = serializers.CharField()
    phone = serializers.CharField(help_text="E.164")
    note = serializers.CharField()
    language = serializers.CharField()
    merged_into_id = serializers.IntegerField(allow_null=True)
    erased_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class WatchForm(WatchInShort):
    movement_number = serializers.CharField()
    calibre = serializers.CharField()
    metal = RowForm(allow_null=True)
    water_resistance_bar = serializers.DecimalField(6, 1, allow_null=True)
    created_at = serializers.DateTimeField()


class CatalogueForm(RowForm):
    order = serializers.IntegerField()
    active = serializers.BooleanField()


class OperationTypeForm(CatalogueForm):
    required_before_qc = serializers.BooleanField(source="required")
    warranty_months = serializers.IntegerField()
    recorded_by_polishing = serializers.BooleanField()
    answers_for_whole_watch = serializers.BooleanField()


class ReturnReasonForm(CatalogueForm):
    affects = RowForm()
    rule = serializers.ChoiceField(choices=ReturnReason.Rule.choices)


class HoldReasonForm(CatalogueForm):
    is_incident = serializers.BooleanField(help_text="manager and owner are told at once")


class DeadlineCauseForm(CatalogueForm):
    replaces_promise = serializers.BooleanField(help_text="becomes the first promise")


class ServiceLimitForm(CatalogueForm):
    amount = serializers.DecimalField(5, 1)
    urgent_amount = serializers.DecimalField(5, 1, allow_null=True)
    unit = serializers.ChoiceField(choices=ServiceLimit.Unit.choices)


class ReminderForm(serializers.Serializer[Any]):
    """A planned notice about a deadline, and what became of it."""

    id = serializers.IntegerField()
    receipt_id = serializers.IntegerField()
    kind = serializers.CharField()
    due_at = serializers.DateTimeField()
    fate = serializers.CharField()
    fate_at = serializers.DateTimeField(allow_null=True)
