"""Readings, test runs, measurements and the decision "ready"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from history.render import line
from receipts.models import (
    Assignment,
    ChecklistAnswer,
    ChecklistItem,
    OperationType,
    QualityCheck,
    Reading,
    Receipt,
    Reminder,
    WaiverReason,
)
from receipts.services.catalogue import save_catalogue_row
from receipts.services.deadlines import change_deadline
from receipts.services.quality import (
    ReadingInput,
    add_reading,
    pass_check,
    record_measurements,
    start_test_run,
    void_reading,
)
from receipts.services.returns import ItemInput, return_watch
from receipts.services.works import WorkInput, record_work, void_waiver, void_work, waive_work
from staff.services.people import change_roles
from tests.cast import (
    Cast,
    make_cast,
    make_in_work,
    make_order,
    make_submitted,
    make_worked,
    reason_id,
    type_id,
)
from tests.domain.snapshot import refused, writes
from workshop.lib.errors import NotFound, RuleViolation, StaleState

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


class TestReadings:
    def test_the_first_opens_a_check_the_next_joins_it(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        reading = ReadingInput(Decimal("-4.5"), 285, Decimal("0.2"), "DU", wind="24h")
        with writes("receipt.reading_added") as events:
            add_reading(receipt_id=receipt.pk, reading=reading, actor=cast.actor("igor"), at=AT)
        row, check = Reading.objects.get(), QualityCheck.objects.get()
        assert events[0].payload == {
            "check_id": check.pk,
            "reading_id": row.pk,
            "stage": "qc",
            "wind": "24h",
            "position": "DU",
            "rate": "-4.5",
            "amplitude": 285,
            "beat_error": "0.2",
        }
        assert "ЦВ · −4,5" in line(events[0]).words
        assert (row.measured_by_id, row.measured_at, check.opened_at) == (cast.igor.pk, AT, AT)
        add_reading(
            receipt_id=receipt.pk, reading=ReadingInput(amplitude=0), actor=cast.actor("ivan")
        )
        assert QualityCheck.objects.count() == 1
        assert Receipt.objects.get().status == "in_work"

    @pytest.mark.parametrize(
        ("reading", "code", "field"),
        [
            (ReadingInput(), "receipts.reading_empty", "reading"),
            (ReadingInput(rate=Decimal("999.1")), "receipts.reading_impossible", "rate"),
            (ReadingInput(rate=Decimal("-999.1")), "receipts.reading_impossible", "rate"),
            (ReadingInput(rate=Decimal("1.25")), "receipts.reading_impossible", "rate"),
            (ReadingInput(rate=Decimal("NaN")), "receipts.reading_impossible", "rate"),
            (ReadingInput(rate=Decimal("Infinity")), "receipts.reading_impossible", "rate"),
            (ReadingInput(amplitude=401), "receipts.reading_impossible", "amplitude"),
            (ReadingInput(amplitude=-1), "receipts.reading_impossible", "amplitude"),
            (ReadingInput(beat_error=Decimal("20.1")), "receipts.reading_impossible", "beat_error"),
            (ReadingInput(beat_error=Decimal("-0.1")), "receipts.reading_impossible", "beat_error"),
        ],
    )
    def test_impossible_values(
        self, cast: Cast, reading: ReadingInput, code: str, field: str
    ) -> None:
        receipt = make_in_work(cast)
        with refused(RuleViolation, code, field):
            add_reading(receipt_id=receipt.pk, reading=reading, actor=cast.actor("igor"))

    @pytest.mark.parametrize("field", ["position", "stage", "wind"])
    def test_unknown_choices(self, cast: Cast, field: str) -> None:
        receipt = make_in_work(cast)
        reading = ReadingInput(amplitude=280, **{field: "??"})  # type: ignore[arg-type]
        with refused(NotFound, "receipts.unknown_choice", field):
            add_reading(receipt_id=receipt.pk, reading=reading, actor=cast.actor("igor"))

    @pytest.mark.parametrize(
        "reading",
        [
            ReadingInput(rate=Decimal(999)),
            ReadingInput(rate=Decimal("-999.0")),
            ReadingInput(rate=Decimal("1E+2")),
            ReadingInput(amplitude=400),
            ReadingInput(beat_error=Decimal(20)),
        ],
    )
    def test_the_limits_themselves_are_possible(self, cast: Cast, reading: ReadingInput) -> None:
        receipt = make_in_work(cast)
        add_reading(receipt_id=receipt.pk, reading=reading, actor=cast.actor("igor"))
        assert Reading.objects.count() == 1

    def test_a_reading_is_voided_not_edited(self, cast: Cast) -> None:
        receipt, other = make_in_work(cast), make_in_work(cast)
        igor = cast.actor("igor")
        add_reading(receipt_id=receipt.pk, reading=ReadingInput(amplitude=280), actor=igor)
        pk = Reading.objects.get().pk
        with refused(NotFound, "receipts.no_such_reading", "reading"):
            void_reading(receipt_id=other.pk, reading_id=pk, reason="x", actor=igor)
        with refused(RuleViolation, "text.required", "reason"):
            void_reading(receipt_id=receipt.pk, reading_id=pk, reason="", actor=igor)
        with writes("receipt.reading_voided") as events:
            void_reading(receipt_id=receipt.pk, reading_id=pk, reason="slipped", actor=igor, at=AT)
        assert events[0].payload == {"reading_id": pk, "reason": "slipped"}
        assert Reading.objects.get().voided_at == AT
        with refused(NotFound, "receipts.no_such_reading", "reading"):
            void_reading(receipt_id=receipt.pk, reading_id=pk, reason="x", actor=igor)


def test_a_test_run(cast: Cast) -> None:
    receipt = make_submitted(cast)
    with writes("receipt.test_run_started") as events:
        start_test_run(receipt_id=receipt.pk, hours=48, actor=cast.actor("igor"), at=AT)
    check = QualityCheck.objects.get()
    assert check.test_run_until == AT + 48 * HOUR
    assert events[0].payload == {"check_id": check.pk, "until": "2026-11-22T09:30:00.000000Z"}
    with refused(RuleViolation, "receipts.test_run_hours", "hours"):
        start_test_run(receipt_id=receipt.pk, hours=25, actor=cast.actor("igor"))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ru", "Измерение: ГП · −3,5 с/сут · 285° · 0,2 мс"),
        ("en", "Reading: CR · −3.5 s/d · 285° · 0.2 ms"),
    ],
)
def test_a_reading_in_words_as_people_write_it(cast: Cast, language: str, words: str) -> None:
    receipt = make_submitted(cast)
    reading = ReadingInput(
        position="CR", rate=Decimal("-3.5"), amplitude=285, beat_error=Decimal("0.2")
    )
    with writes("receipt.reading_added") as events:
        add_reading(receipt_id=receipt.pk, reading=reading, actor=cast.actor("igor"))
    with translation.override(language):
        assert line(events[0]).words == words


class TestMeasurements:
    def test_old_and_new_in_words(self, cast: Cast) -> None:
        receipt = make_submitted(cast)
        igor = cast.actor("igor")
        item = ChecklistItem.objects.get(code="hands")
        with writes("receipt.check_measured") as events:
            record_measurements(
                receipt_id=receipt.pk,
                water_bar=Decimal("3.0"),
                water_result="passed",
                checklist={item.pk: False},
                actor=igor,
            )
        assert events[0].payload["changes"] == {
            "water_bar": ["", "3.0"],
            "water_result": ["", "passed"],
            f"item:{item.name}": ["", "−"],
        }
        words = line(events[0]).words
        assert "water" not in words
        assert "item:" not in words
        assert item.name in words
        with writes("receipt.check_measured") as events:
            record_measurements(
                receipt_id=receipt.pk, water_result="failed", checklist={item.pk: True}, actor=igor
            )
        assert events[0].payload["changes"] == {
            "water_result": ["passed", "failed"], f"item:{item.name}": ["−", "+"],
        }  # fmt: skip
        assert ChecklistAnswer.objects.get().ok
        with writes():
            record_measurements(receipt_id=receipt.pk, checklist={item.pk: True}, actor=igor)

    def test_nothing_at_all_opens_no_check(self, cast: Cast) -> None:
        receipt = make_submitted(cast)
        with refused(RuleViolation, "receipts.reading_empty"):
            record_measurements(receipt_id=receipt.pk, actor=cast.actor("igor"))

    @pytest.mark.parametrize(
        ("values", "kind", "field"),
        [
            ({"water_bar": Decimal(-1)}, RuleViolation, "water_bar"),
            ({"water_bar": Decimal(2001)}, RuleViolation, "water_bar"),
            ({"power_reserve_hours": Decimal("1.25")}, RuleViolation, "power_reserve_hours"),
            ({"water_result": "perhaps"}, NotFound, "water_result"),
            ({"checklist": {10**9: True}}, NotFound, "checklist"),
        ],
    )
    def test_refusals(
        self, cast: Cast, values: dict[str, Any], kind: type[Any], field: str
    ) -> None:
        receipt = make_submitted(cast)
        codes = {
            RuleViolation: "receipts.reading_impossible", NotFound: "receipts.unknown_choice",
        }  # fmt: skip
        with refused(kind, codes[kind], field):
            record_measurements(receipt_id=receipt.pk, actor=cast.actor("igor"), **values)


class TestPass:
    def test_ready(self, cast: Cast) -> None:
        receipt = make_submitted(cast)
        igor = cast.actor("igor")
        change_deadline(receipt_id=receipt.pk, deadline=AT + 99 * HOUR, actor=igor, at=AT)
        assert Reminder.objects.filter(fate="planned").exists()
        with writes("receipt.passed") as events:
            outcome = pass_check(receipt_id=receipt.pk, actor=igor, at=AT)
        check, row = QualityCheck.objects.get(), Assignment.objects.get()
        assert events[0].payload == {
            "status_from": "quality_control",
            "status_to": "ready",
            "check_id": check.pk,
            "check_was_open": False,
            "ended_assignment_id": row.pk,
            "warnings": [],
        }
        assert (check.decision, check.decided_at, check.decided_by_id) == (
            "passed", AT, cast.igor.pk,
        )  # fmt: skip
        assert (row.ended_at, Receipt.objects.get().master_id) == (AT, None)
        assert not Reminder.objects.filter(fate="planned").exists()
        assert outcome.extra == {"check_id": check.pk}
        with writes():
            again = pass_check(receipt_id=receipt.pk, actor=cast.actor("ivan"))
        assert again.already is not None
        assert (again.already.who, again.already.when) == (cast.igor.short_name, AT)

    def test_the_open_check_is_decided(self, cast: Cast) -> None:
        receipt = make_submitted(cast)
        igor = cast.actor("igor")
        start_test_run(receipt_id=receipt.pk, hours=24, actor=igor)
        with writes("receipt.passed") as events:
            pass_check(receipt_id=receipt.pk, actor=igor)
        assert events[0].payload["check_was_open"] is True
        assert QualityCheck.objects.get().decision == "passed"

    def test_not_while_a_part_is_away(self, cast: Cast) -> None:
        receipt = make_submitted(cast)
        make_order(cast, receipt)
        with refused(RuleViolation, "receipts.part_detached", "parts"):
            pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"))

    def test_required_work_is_recorded_or_waived(self, cast: Cast) -> None:
        receipt = make_in_work(cast)
        igor = cast.actor("igor")
        with refused(RuleViolation, "receipts.work_missing", "works") as refusal:
            pass_check(receipt_id=receipt.pk, actor=igor)
        assert refusal.value.params["missing_ids"] == [type_id("assembly")]
        waived = waive_work(
            receipt_id=receipt.pk,
            type_id=type_id("assembly"),
            reason_id=WaiverReason.objects.get(code="case_closed").pk,
            actor=igor,
        )
        void_waiver(
            receipt_id=receipt.pk, waiver_id=waived.extra["waiver_id"], reason="no", actor=igor
        )
        with refused(RuleViolation, "receipts.work_missing"):
            pass_check(receipt_id=receipt.pk, actor=igor)
        works = [WorkInput(type_id("assembly"), cast.maxim.pk)]
        done = record_work(receipt_id=receipt.pk, works=works, actor=igor)
        void_work(
            receipt_id=receipt.pk,
            operation_id=done.extra["operation_ids"][0],
            reason="no",
            actor=igor,
        )
        with refused(RuleViolation, "receipts.work_missing"):
            pass_check(receipt_id=receipt.pk, actor=igor)
        record_work(receipt_id=receipt.pk, works=works, actor=igor)
        pass_check(receipt_id=receipt.pk, actor=igor)
        assert Receipt.objects.get().status == "ready"

    def test_a_type_the_office_makes_required_is_asked_for(self, cast: Cast) -> None:
        receipt = make_submitted(cast)
        anna = cast.actor("anna")
        mechanism = OperationType.objects.get(code="mechanism")
        for values, missing in (({"required": True}, True), ({"active": False}, False)):
            save_catalogue_row(
                catalogue="receipts.OperationType", row_id=mechanism.pk, values=values, actor=anna
            )
            if missing:
                with refused(RuleViolation, "receipts.work_missing"):
                    pass_check(receipt_id=receipt.pk, actor=anna)
        pass_check(receipt_id=receipt.pk, actor=anna)

    def test_another_decided_meanwhile(self, cast: Cast) -> None:
        receipt = make_submitted(cast)
        items = [ItemInput(reason_id("dirt_inside"))]
        return_watch(receipt_id=receipt.pk, items=items, actor=cast.actor("ivan"), at=AT)
        with refused(StaleState, "receipts.changed_meanwhile", "status") as refusal:
            pass_check(
                receipt_id=receipt.pk,
                expected={"status": "quality_control"},
                actor=cast.actor("igor"),
            )
        assert cast.ivan.short_name in refusal.value.text()
        assert "Грязь внутри" in refusal.value.text()


@pytest.mark.parametrize("decide", ["pass", "return"])
def test_who_worked_on_it_is_not_its_inspector(cast: Cast, settings: Any, decide: str) -> None:
    roles = ["inspector", "master"]
    change_roles(employee_id=cast.ivan.pk, roles=roles, actor=cast.actor("anna"))
    receipt = make_worked(cast, works=[("assembly", "ivan")])

    def press(who: str) -> Any:
        if decide == "pass":
            return pass_check(receipt_id=receipt.pk, actor=cast.actor(who))
        items = [ItemInput(reason_id("dirt_inside"))]
        return return_watch(receipt_id=receipt.pk, items=items, actor=cast.actor(who))

    cast.ivan.refresh_from_db()
    settings.QC_SEPARATION = "block"
    with refused(RuleViolation, "receipts.own_work", "receipt"):
        press("ivan")
    settings.QC_SEPARATION = "warn"
    with writes(f"receipt.{'passed' if decide == 'pass' else 'returned'}") as events:
        outcome = press("ivan")
    assert outcome.warnings == ("duty.separation",)
    assert events[0].payload["warnings"] == ["duty.separation"]


def test_without_separation_nobody_is_warned(cast: Cast, settings: Any) -> None:
    settings.QC_SEPARATION = "off"
    change_roles(employee_id=cast.ivan.pk, roles=["inspector", "master"], actor=cast.actor("anna"))
    receipt = make_worked(cast, works=[("assembly", "ivan")])
    assert pass_check(receipt_id=receipt.pk, actor=cast.actor("ivan")).warnings == ()
