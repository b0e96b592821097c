"""Quality control: test runs, readings, measurements, and the decision "passed"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from receipts.events.quality import CheckMeasured, ReadingAdded, ReadingVoided, TestRunStarted
from receipts.events.status import Passed
from receipts.models import (
    ChecklistAnswer,
    ChecklistItem,
    Operation,
    OperationType,
    QualityCheck,
    Reading,
    Receipt,
    Waiver,
)
from receipts.services.assignment import end_assignment
from receipts.services.base import Expected, already, ensure_can, open_receipt, row_of, write
from receipts.services.parts import ensure_complete
from receipts.services.reminders import cancel_reminders
from receipts.states import Status
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import NotFound, RuleViolation
from workshop.lib.text import REASON_LENGTH, require_text

TEST_RUN_HOURS: Final = (24, 48, 72)
SEPARATION_WARNING: Final = "duty.separation"


@dataclass(frozen=True)
class ReadingInput:
    """One measurement. Rate −999…999 s/d, amplitude 0…400°, beat error 0…20 ms."""

    rate: Decimal | None = None
    amplitude: int | None = None
    beat_error: Decimal | None = None
    position: str = ""
    stage: str = Reading.Stage.QC
    wind: str = Reading.Wind.FULL


def open_check(receipt: Receipt) -> QualityCheck | None:
    """The check that is not decided yet, if any."""
    found: QualityCheck | None = (
        QualityCheck.objects.valid().filter(receipt=receipt, decision__isnull=True).first()
    )
    return found


def _check(receipt: Receipt, at: datetime) -> QualityCheck:
    return open_check(receipt) or QualityCheck.objects.create(receipt=receipt, opened_at=at)


@verb("receipt.start_test_run", "receipts.Receipt")
def start_test_run(
    *,
    receipt_id: int,
    hours: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """The watch runs for 24, 48 or 72 hours. Raises RuleViolation ``receipts.test_run_hours``."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "test_run", actor)
    ensure_can(receipt, "test_run", None)
    if hours not in TEST_RUN_HOURS:
        raise RuleViolation(
            "receipts.test_run_hours", _("A test run lasts 24, 48 or 72 hours."), field="hours"
        )
    check = _check(receipt, run.at)
    check.test_run_until = run.at + timedelta(hours=hours)
    check.save(update_fields=["test_run_until"])
    until = clock.iso(check.test_run_until) or ""
    write(run, receipt, TestRunStarted(check_id=check.pk, until=until))
    return Outcome(receipt)


@verb("receipt.add_reading", "receipts.Receipt")
def add_reading(
    *,
    receipt_id: int,
    reading: ReadingInput,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Add a measurement; the first one opens a check. ``extra["reading_id"]`` names it.

    Raises RuleViolation ``receipts.reading_empty``, ``receipts.reading_impossible``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "reading", actor)
    ensure_can(receipt, "reading", None)
    return Outcome(receipt, extra={"reading_id": _add(run, receipt, reading).pk})


@verb("receipt.add_readings", "receipts.Receipt")
def add_readings(
    *,
    receipt_id: int,
    readings: Sequence[ReadingInput],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Several measurements, all or none: one message, one undo. Raises as :func:`add_reading`."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "reading", actor)
    ensure_can(receipt, "reading", None)
    if not readings:
        raise _empty()
    added = [_add(run, receipt, reading).pk for reading in readings]
    return Outcome(receipt, extra={"reading_ids": added})


def _add(run: Run, receipt: Receipt, reading: ReadingInput) -> Reading:
    validate_reading(reading)
    check = _check(receipt, run.at)
    row = Reading.objects.create(
        quality_check=check,
        stage=reading.stage,
        wind=reading.wind,
        position=reading.position,
        rate=reading.rate,
        amplitude=reading.amplitude,
        beat_error=reading.beat_error,
        measured_at=run.at,
        measured_by_id=run.actor.employee_id,
    )
    payload = ReadingAdded(
        check_id=check.pk,
        reading_id=row.pk,
        stage=row.stage,
        wind=row.wind,
        position=row.position,
        rate=str(row.rate) if row.rate is not None else None,
        amplitude=row.amplitude,
        beat_error=str(row.beat_error) if row.beat_error is not None else None,
    )
    write(run, receipt, payload)
    return row


def validate_reading(reading: ReadingInput) -> None:
    """Raise RuleViolation ``receipts.reading_empty`` or ``receipts.reading_impossible``."""
    if reading.rate is None and reading.amplitude is None and reading.beat_error is None:
        raise _empty()
    ensure_between("rate", reading.rate, Decimal(-999), Decimal(999))
    ensure_between("amplitude", reading.amplitude, 0, 400)
    ensure_between("beat_error", reading.beat_error, Decimal(0), Decimal(20))
    choices = (
        ("position", reading.position, ["", *Reading.Position.values]),
        ("stage", reading.stage, Reading.Stage.values),
        ("wind", reading.wind, Reading.Wind.values),
    )
    for name, value, allowed in choices:
        if value not in allowed:
            raise NotFound(
                "receipts.unknown_choice", _("This choice does not exist any more."), field=name
            )


def _empty() -> RuleViolation:
    return RuleViolation("receipts.reading_empty", _("Enter at least one value."), field="reading")


def ensure_between(
    name: str, value: Decimal | int | None, low: Decimal | int, high: Decimal | int
) -> None:
    if value is None:
        return
    if not _one_decimal(value) or not low <= value <= high:
        raise RuleViolation(
            "receipts.reading_impossible",
            _("This value is not possible: rate ±999 s/d, amplitude 0–400°, beat error 0–20 ms."),
            field=name,
        )


@verb("receipt.void_reading", "receipts.Receipt")
def void_reading(
    *,
    receipt_id: int,
    reading_id: int,
    reason: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """A measurement is never edited: it is voided with a reason and taken again."""
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "reading", actor)
    ensure_can(receipt, "reading", None)
    row = Reading.objects.valid().filter(pk=reading_id, quality_check__receipt=receipt).first()
    if row is None:
        raise NotFound("receipts.no_such_reading", _("There is no such reading."), field="reading")
    row.voided_at = run.at
    row.void_reason = require_text(reason, field="reason", limit=REASON_LENGTH)
    row.save(update_fields=["voided_at", "void_reason"])
    write(run, receipt, ReadingVoided(reading_id=row.pk, reason=row.void_reason))
    return Outcome(receipt)


@verb("receipt.measure", "receipts.Receipt")
def record_measurements(
    *,
    receipt_id: int,
    water_bar: Decimal | None = None,
    water_result: str = "",
    power_reserve_hours: Decimal | None = None,
    checklist: Mapping[int, bool] | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """Water test (bar), power reserve (h), checklist answers; what is None stays as it is.

    Raises RuleViolation ``receipts.reading_empty``, ``receipts.reading_impossible``, NotFound
    ``receipts.unknown_choice``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "reading", actor)
    ensure_can(receipt, "reading", None)
    if water_bar is None and power_reserve_hours is None and not (water_result or checklist):
        # Nothing to record must not open a check: that would be a change without an event.
        raise _empty()
    ensure_between("water_bar", water_bar, Decimal(0), Decimal(2000))
    ensure_between("power_reserve_hours", power_reserve_hours, Decimal(0), Decimal(9999))
    if water_result and water_result not in QualityCheck.Water.values:
        raise NotFound(
            "receipts.unknown_choice",
            _("This choice does not exist any more."),
            field="water_result",
        )
    check = _check(receipt, run.at)
    changes: dict[str, list[str]] = {}
    values = {
        "water_bar": water_bar,
        "water_result": water_result or None,
        "power_reserve_hours": power_reserve_hours,
    }
    for name, value in values.items():
        old = getattr(check, name)
        if value is not None and old != value:
            changes[name] = [_measured(check, name), ""]
            setattr(check, name, value)
            changes[name][1] = _measured(check, name)
    check.save(update_fields=list(values))
    for item_id, ok in (checklist or {}).items():
        _answer(check, item_id, ok, changes)
    if changes:
        write(run, receipt, CheckMeasured(check_id=check.pk, changes=changes))
    return Outcome(receipt)


def _measured(check: QualityCheck, name: str) -> str:
    value = getattr(check, name)
    if name == "water_result":
        return str(value or "")
    return "" if value is None else str(value)


def _answer(check: QualityCheck, item_id: int, ok: bool, changes: dict[str, list[str]]) -> None:
    item = row_of(ChecklistItem, item_id, field="checklist", active=True)
    before = ChecklistAnswer.objects.valid().filter(quality_check=check, item=item).first()
    if before is not None and before.ok == ok:
        return
    changes[f"item:{item.name}"] = ["" if before is None else tick(before.ok), tick(ok)]
    standing = {"ok": ok, "voided_at": None, "void_reason": ""}
    ChecklistAnswer.objects.update_or_create(quality_check=check, item=item, defaults=standing)


def _one_decimal(value: Decimal | int) -> bool:
    """A number with at most one decimal; NaN is none (and must not even be compared)."""
    if isinstance(value, int):
        return True
    return value.is_finite() and int(value.as_tuple().exponent) >= -1


def tick(ok: bool) -> str:
    """A checklist answer in an event."""
    return "+" if ok else "−"


@verb("receipt.pass", "receipts.Receipt")
def pass_check(
    *,
    receipt_id: int,
    expected: Expected = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Receipt]:
    """The watch is ready: nothing away, every required work recorded or waived.

    Ends the assignment. Again is "already done". ``QC_SEPARATION`` warns or blocks when the
    inspector worked on it. Raises RuleViolation ``receipts.part_detached``,
    ``receipts.work_missing`` (``params["missing_ids"]``), ``receipts.own_work``.
    """
    run = Run.of(actor, command, at)
    receipt = open_receipt(receipt_id, "pass", actor)
    if receipt.status == Status.READY:
        return Outcome(receipt, already=already(receipt, (Passed.kind,)))
    ensure_can(receipt, "pass", expected)
    ensure_complete(receipt)
    ensure_works(receipt)
    warnings = separation(receipt, actor)
    check, was_open = decide(receipt, QualityCheck.Decision.PASSED, actor, run.at)
    ended = end_assignment(receipt, run.at)
    payload = Passed(
        status_from=receipt.status,
        status_to=Status.READY,
        check_id=check.pk,
        check_was_open=was_open,
        ended_assignment_id=ended.pk if ended else None,
        warnings=list(warnings),
    )
    write(run, receipt, payload)
    cancel_reminders(receipt, run.at)
    return Outcome(receipt, warnings=warnings, extra={"check_id": check.pk})


def decide(
    receipt: Receipt, decision: str, actor: Actor, at: datetime
) -> tuple[QualityCheck, bool]:
    """Decide the open check, or one made for it; tells whether it was open before."""
    check = open_check(receipt)
    was_open = check is not None
    if check is None:
        check = QualityCheck(receipt=receipt, opened_at=at)
    check.decision, check.decided_at, check.decided_by_id = decision, at, actor.employee_id
    check.save()
    return check, was_open


def missing_works(receipt: Receipt) -> list[OperationType]:
    """Required types neither recorded nor waived on the receipt."""
    done = Operation.objects.valid().filter(receipt=receipt).values("type_id")
    waived = Waiver.objects.valid().filter(receipt=receipt).values("type_id")
    required = OperationType.objects.active().filter(required=True)
    return list(required.exclude(pk__in=done).exclude(pk__in=waived))


def ensure_works(receipt: Receipt) -> None:
    """Raise RuleViolation ``receipts.work_missing`` naming the works."""
    missing = missing_works(receipt)
    if missing:
        raise RuleViolation(
            "receipts.work_missing",
            _("Not recorded yet: %(works)s. Record it, or mark it as not required."),
            field="works",
            params={
                "works": ", ".join(map(str, missing)),
                "missing_ids": [row.pk for row in missing],
            },
        )


def separation(receipt: Receipt, actor: Actor) -> tuple[str, ...]:
    """``QC_SEPARATION``: who worked on the watch should not be its inspector."""
    if settings.QC_SEPARATION == "off" or actor.employee_id is None:
        return ()
    own = Operation.objects.valid().filter(receipt=receipt, employee_id=actor.employee_id)
    if not own.exists():
        return ()
    if settings.QC_SEPARATION == "block":
        raise RuleViolation(
            "receipts.own_work",
            _("You worked on this watch: another inspector has to decide."),
            field="receipt",
        )
    return (SEPARATION_WARNING,)
