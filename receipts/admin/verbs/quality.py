"""Verbs of quality control: readings, measurements, test runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from history.commands import Outcome
from receipts.admin.verbs.base import ReceiptVerb, receipt_verb, row_of
from receipts.models import ChecklistItem, QualityCheck, Reading
from receipts.services.quality import (
    TEST_RUN_HOURS,
    ReadingInput,
    add_reading,
    open_check,
    record_measurements,
    start_test_run,
    void_reading,
)
from staff.office.forms import NumberField, reason


@receipt_verb
class AddReading(ReceiptVerb):
    code = "reading"
    shown_in = "record"
    field_names = {"reading": "rate"}
    position = forms.ChoiceField(
        label=_("Position"), choices=[("", "—"), *Reading.Position.choices], required=False
    )
    rate = NumberField(label=_("Rate, s/d"), required=False)
    amplitude = forms.IntegerField(label=_("Amplitude, °"), required=False)
    beat_error = NumberField(label=_("Beat error, ms"), required=False)
    wind = forms.ChoiceField(
        label=_("Wind state"), choices=Reading.Wind.choices, initial=Reading.Wind.FULL
    )
    stage = forms.ChoiceField(
        label=_("Stage"), choices=Reading.Stage.choices, initial=Reading.Stage.QC
    )

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        names = ("rate", "amplitude", "beat_error", "position", "stage", "wind")
        reading = ReadingInput(**{name: data[name] for name in names})
        return add_reading(receipt_id=self.target.pk, reading=reading, **common)


@receipt_verb
class VoidReading(ReceiptVerb):
    code = "reading"
    slug = "void_reading"
    label = _("Void the reading")
    shown_in = "row"
    danger = True
    reason = reason()

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return void_reading(
            receipt_id=self.target.pk, reading_id=row_of(data), reason=data["reason"], **common
        )


@receipt_verb
class StartTestRun(ReceiptVerb):
    code = "test_run"
    shown_in = "record"
    hours = forms.TypedChoiceField(
        label=_("How long, h"),
        choices=[(hours, str(hours)) for hours in TEST_RUN_HOURS],
        coerce=int,
        widget=forms.RadioSelect,
        initial=TEST_RUN_HOURS[0],
    )

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        return start_test_run(receipt_id=self.target.pk, hours=data["hours"], **common)


_ANSWERS = (("", "—"), ("yes", _("In order")), ("no", _("Not in order")))


@receipt_verb
class Measure(ReceiptVerb):
    """Water test, power reserve, checklist; what stays empty stays as it is."""

    code = "reading"
    slug = "measure"
    label = _("Water, power reserve, checklist")
    shown_in = "record"
    water_result = forms.ChoiceField(
        label=_("Water test"), choices=[("", "—"), *QualityCheck.Water.choices], required=False
    )
    water_bar = NumberField(label=_("Water test, bar"), required=False)
    power_reserve_hours = NumberField(label=_("Power reserve, h"), required=False)

    def build(self) -> None:
        check = open_check(self.target)
        answers = dict(check.answers.valid().values_list("item_id", "ok")) if check else {}
        if check is not None:
            for name in ("water_result", "water_bar", "power_reserve_hours"):
                self.fields[name].initial = getattr(check, name)
        self.items = list(ChecklistItem.objects.active())
        for item in self.items:
            given = answers.get(item.pk)
            self.fields[f"item_{item.pk}"] = forms.ChoiceField(
                label=item.name,
                choices=_ANSWERS,
                required=False,
                initial="" if given is None else ("yes" if given else "no"),
            )

    def call(self, data: Mapping[str, Any], **common: Any) -> Outcome[Any]:
        answers = {item.pk: data.get(f"item_{item.pk}") for item in self.items}
        return record_measurements(
            receipt_id=self.target.pk,
            water_bar=data["water_bar"],
            water_result=data["water_result"],
            power_reserve_hours=data["power_reserve_hours"],
            checklist={pk: given == "yes" for pk, given in answers.items() if given},
            **common,
        )
