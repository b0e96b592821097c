"""Quality control of a draft: measurements, decisions, returns with their responsibility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from history.bulk import new_row
from receipts import selectors
from receipts.events.base import ref
from receipts.events.quality import CheckMeasured, ReadingAdded, TestRunStarted
from receipts.events.status import Passed, Returned
from receipts.models import (
    ChecklistAnswer,
    ChecklistItem,
    Operation,
    QualityCheck,
    Reading,
    ReturnCase,
    ReturnItem,
    ReturnReason,
)
from receipts.services.bulk.opening import Extra
from receipts.services.bulk.stages import StagesDraft
from receipts.services.quality import (
    SEPARATION_WARNING,
    TEST_RUN_HOURS,
    ReadingInput,
    ensure_between,
    tick,
    validate_reading,
)
from receipts.services.returns import ItemInput, ensure_reasons, item_payload
from receipts.states import Status
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.text import clean_text

R = ReturnItem.Responsibility


class Draft(StagesDraft):
    """A receipt being written in bulk, with all its verbs."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.check: QualityCheck | None = None
        self.answers: dict[int, ChecklistAnswer] = {}

    def _open_check(self, at: datetime) -> QualityCheck:
        if self.check is None:
            self.check = new_row(QualityCheck, receipt_id=self.receipt.id, opened_at=at)
            self.rows.add(self.check)
        return self.check

    def start_test_run(self, *, hours: int, actor: Actor, at: datetime) -> Extra:
        self.ensure("test_run", actor)
        if hours not in TEST_RUN_HOURS:
            raise RuleViolation(
                "receipts.test_run_hours", _("A test run lasts 24, 48 or 72 hours."), field="hours"
            )
        check = self._open_check(at)
        check.test_run_until = at + timedelta(hours=hours)
        until = clock.iso(check.test_run_until) or ""
        self.write(TestRunStarted(check_id=check.id, until=until), actor, at)
        return {}

    def add_reading(self, *, reading: ReadingInput, actor: Actor, at: datetime) -> Extra:
        self.ensure("reading", actor)
        validate_reading(reading)
        check = self._open_check(at)
        row = new_row(
            Reading,
            quality_check=check,
            stage=reading.stage,
            wind=reading.wind,
            position=reading.position,
            rate=reading.rate,
            amplitude=reading.amplitude,
            beat_error=reading.beat_error,
            measured_at=at,
            measured_by_id=actor.employee_id,
        )
        self.rows.add(row)
        payload = ReadingAdded(
            check_id=check.id,
            reading_id=row.id,
            stage=row.stage,
            wind=row.wind,
            position=row.position,
            rate=str(row.rate) if row.rate is not None else None,
            amplitude=row.amplitude,
            beat_error=str(row.beat_error) if row.beat_error is not None else None,
        )
        self.write(payload, actor, at)
        return {"reading_id": row.id}

    def record_measurements(
        self,
        *,
        water_bar: Decimal | None = None,
        water_result: str = "",
        power_reserve_hours: Decimal | None = None,
        checklist: Mapping[int, bool] | None = None,
        actor: Actor,
        at: datetime,
    ) -> Extra:
        self.ensure("reading", actor)
        ensure_between("water_bar", water_bar, Decimal(0), Decimal(2000))
        ensure_between("power_reserve_hours", power_reserve_hours, Decimal(0), Decimal(9999))
        check = self._open_check(at)
        values = {
            "water_bar": water_bar,
            "water_result": QualityCheck.Water(water_result).value if water_result else None,
            "power_reserve_hours": power_reserve_hours,
        }
        changes: dict[str, list[str]] = {}
        for name, value in values.items():
            old = getattr(check, name)
            if value is not None and old != value:
                changes[name] = ["" if old is None else str(old), str(value)]
                setattr(check, name, value)
        for item_id, ok in (checklist or {}).items():
            self._answer(check, item_id, ok, changes)
        if changes:
            self.write(CheckMeasured(check_id=check.id, changes=changes), actor, at)
        return {}

    def _answer(
        self, check: QualityCheck, item_id: int, ok: bool, changes: dict[str, list[str]]
    ) -> None:
        item = self.drawer.row(ChecklistItem, item_id, field="checklist")
        before = self.answers.get(item_id)
        if before is not None and before.ok == ok:
            return
        changes[f"item:{item.name}"] = [tick(before.ok) if before else "", tick(ok)]
        if before is not None:
            before.ok = ok
            return
        self.answers[item_id] = new_row(ChecklistAnswer, quality_check=check, item=item, ok=ok)
        self.rows.add(self.answers[item_id])

    def pass_check(self, *, actor: Actor, at: datetime) -> Extra:
        self.ensure("pass", actor)
        self.ensure_complete()
        self._ensure_works()
        warnings = self._separation(actor)
        check, was_open = self._decide(QualityCheck.Decision.PASSED, actor, at)
        ended = self.end_assignment(at)
        payload = Passed(
            status_from=self.receipt.status,
            status_to=Status.READY,
            check_id=check.id,
            check_was_open=was_open,
            ended_assignment_id=ended.id if ended else None,
            warnings=warnings,
        )
        self.write(payload, actor, at)
        return {"check_id": check.id}

    def _ensure_works(self) -> None:
        there = {row.type_id for row in self.operations} | {row.type_id for row in self.waivers}
        missing = [kind for kind in self.drawer.required_types() if kind.id not in there]
        if missing:
            raise RuleViolation(
                "receipts.work_missing",
                _("Not recorded yet: %(works)s. Record it, or mark it as not required."),
                field="works",
                params={
                    "works": ", ".join(map(str, missing)),
                    "missing_ids": [kind.id for kind in missing],
                },
            )

    def _separation(self, actor: Actor) -> list[str]:
        """The warning as it would have been given; a past decision is not blocked any more."""
        if actor.employee_id is None or settings.QC_SEPARATION == "off":
            return []
        own = any(row.employee_id == actor.employee_id for row in self.operations)
        return [SEPARATION_WARNING] if own else []

    def _decide(self, decision: str, actor: Actor, at: datetime) -> tuple[QualityCheck, bool]:
        was_open = self.check is not None
        check = self._open_check(at)
        check.decision, check.decided_at = decision, at
        check.decided_by_id = actor.employee_id
        self.check, self.answers = None, {}
        return check, was_open

    def return_watch(
        self,
        *,
        items: Sequence[ItemInput],
        assembler_id: int | None = None,
        comment: str = "",
        actor: Actor,
        at: datetime,
    ) -> Extra:
        self.ensure("return", actor)
        ensure_reasons(items)
        warnings = self._separation(actor)
        assembler = self.drawer.person(assembler_id, "assembler") if assembler_id else None
        check, was_open = self._decide(QualityCheck.Decision.RETURNED, actor, at)
        case = new_row(
            ReturnCase,
            receipt_id=self.receipt.id,
            quality_check=check,
            returned_at=at,
            comment=clean_text(comment, field="comment"),
            assembler=assembler,
        )
        self.rows.add(case)
        found = [self._item(case, item, at) for item in items]
        payload = Returned(
            status_from=self.receipt.status,
            status_to=Status.RETURNED,
            return_id=case.id,
            check_id=check.id,
            check_was_open=was_open,
            items=[item_payload(row) for row in found],
            assembler=ref(assembler),
            comment=case.comment,
            warnings=warnings,
        )
        self.write(payload, actor, at)
        self.cases.append((case, found))
        return {"return_id": case.id}

    def _item(self, case: ReturnCase, item: ItemInput, at: datetime) -> ReturnItem:
        reason = self.drawer.row(ReturnReason, item.reason_id, field="reasons")
        row = new_row(
            ReturnItem,
            return_case=case,
            reason=reason,
            reason_name=reason.name,
            affects=reason.affects,
            affects_name=reason.affects.name,
            rule=reason.rule,
            responsibility=R(item.responsibility).value,
        )
        if item.responsibility == R.NOT_OURS and item.cause:
            row.cause = ReturnItem.Cause(item.cause).value
        elif item.responsibility == R.PERSON:
            if item.responsible_id is None:
                raise RuleViolation(
                    "receipts.responsible_missing",
                    _("Who is it? Choose a person, “not our fault” or “decide later”."),
                    field="responsible",
                )
            row.responsible = self.drawer.person(item.responsible_id, "responsible")
            row.operation = self._operation_hit(row, item.operation_id, at)
        self.rows.add(row)
        return row

    def _operation_hit(
        self, row: ReturnItem, operation_id: int | None, before: datetime
    ) -> Operation | None:
        """The work named, or the latest affected one of the person; None when he has none."""
        mine = [
            work
            for work in self.operations
            if work.employee_id == row.responsible_id and work.performed_at <= before
        ]
        if operation_id is None:
            affected = [work for work in mine if work.type_id == row.affects_id]
            if affected:
                return max(affected, key=lambda work: (work.performed_at, work.id))
            person = row.responsible_id or 0
            # Of this visit nothing is in the database yet; of the one it repeats there may be.
            if len(selectors.visits_answered_for(self.receipt)) > 1:
                return selectors.operation_hit(self.receipt, row.affects_id, person, before)
            return None
        for work in mine:
            if work.id == operation_id:
                return work
        raise RuleViolation(
            "receipts.wrong_operation",
            _("This work is not one that %(name)s did on the watch before."),
            field="operation",
            params={"name": str(row.responsible)},
        )
