"""The stages of a draft: hand-out, works, waiting, hand-over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from history.bulk import new_row
from receipts.events.base import ref
from receipts.events.status import (
    Assigned,
    Held,
    Issued,
    Refused,
    Reopened,
    Resumed,
    ReworkOrdered,
    Submitted,
)
from receipts.events.work import WorkRecorded, WorkWaived
from receipts.models import (
    Assignment,
    DetachedPart,
    Hold,
    HoldReason,
    Operation,
    OperationType,
    RefusalReason,
    ReturnCase,
    ReturnItem,
    Waiver,
    WaiverReason,
)
from receipts.services.bulk.opening import Extra, OpeningDraft
from receipts.services.flow import ASK_AGAIN
from receipts.services.works import WorkInput
from receipts.states import Status
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import Duplicate, RuleViolation
from workshop.lib.text import REASON_LENGTH, clean_text, require_text


class StagesDraft(OpeningDraft):
    """Keeps what is open and what was recorded, as the services read it from the database."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.assignment: Assignment | None = None
        self.waiting: Hold | None = None
        self.operations: list[Operation] = []
        self.waivers: list[Waiver] = []
        self.cases: list[tuple[ReturnCase, list[ReturnItem]]] = []
        self.away: list[DetachedPart] = []

    def assign(
        self,
        *,
        master_id: int,
        purpose_id: int | None = None,
        reason: str = "",
        actor: Actor,
        at: datetime,
    ) -> Extra:
        self.ensure("assign", actor)
        master = self._master(master_id)
        purpose = None
        if purpose_id:
            purpose = self.drawer.row(OperationType, purpose_id, field="purpose")
        held = self._end_hold(at)
        before = self._master(self.receipt.master_id) if self.receipt.master_id else None
        ended = self.end_assignment(at)
        row = self._open_assignment(master, purpose, at, reason)
        payload = Assigned(
            status_from=self.receipt.status,
            status_to=Status.IN_WORK,
            assignment_id=row.id,
            master=self.drawer.ref(master),
            purpose=ref(purpose),
            previous_master=ref(before),
            ended_assignment_id=ended.id if ended else None,
            ended_hold_id=held.id if held else None,
            accepted=row.accepted_at is not None,
            reason=row.reason,
        )
        self.write(payload, actor, at)
        return {}

    def _master(self, pk: int) -> Employee:
        """Whoever was a master when it happened may have left since."""
        return self.drawer.person(pk, "master")

    def _open_assignment(
        self, master: Employee, purpose: OperationType | None, at: datetime, reason: str
    ) -> Assignment:
        self.assignment = new_row(
            Assignment,
            receipt_id=self.receipt.id,
            master=master,
            purpose=purpose,
            assigned_at=at,
            accepted_at=None if settings.WORKSHOP_SELF_SERVICE else at,
            reason=clean_text(reason, field="reason", limit=REASON_LENGTH),
        )
        self.rows.add(self.assignment)
        return self.assignment

    def end_assignment(self, at: datetime) -> Assignment | None:
        row, self.assignment = self.assignment, None
        if row is not None:
            row.ended_at = at
        return row

    def _end_hold(self, at: datetime) -> Hold | None:
        row, self.waiting = self.waiting, None
        if row is not None:
            row.ended_at = at
        return row

    def record_work(self, *, works: Sequence[WorkInput], actor: Actor, at: datetime) -> Extra:
        self.ensure("record_work", actor)
        if not works:
            raise RuleViolation(
                "receipts.works_empty", _("Choose at least one kind of work."), field="works"
            )
        made = [
            self.add_operation(
                self.drawer.row(OperationType, work.type_id, field="works"),
                self.drawer.person(work.employee_id),
                self.past_moment(work.performed_at, at, "performed_at"),
                comment=work.comment,
                by_polishing=False,
                actor=actor,
                at=at,
            )
            for work in works
        ]
        return {"operation_ids": [row.id for row in made]}

    def add_operation(
        self,
        kind: OperationType,
        person: Employee,
        performed_at: datetime,
        *,
        comment: str = "",
        by_polishing: bool,
        actor: Actor,
        at: datetime,
    ) -> Operation:
        """An operation with its event (also called by polishing)."""
        rework = self._rework_of(kind, performed_at)
        row = new_row(
            Operation,
            receipt_id=self.receipt.id,
            type=kind,
            employee=person,
            performed_at=performed_at,
            comment=clean_text(comment, field="comment", limit=REASON_LENGTH),
            rework_of=rework,
            by_polishing=by_polishing,
        )
        self.rows.add(row)
        self.operations.append(row)
        payload = WorkRecorded(
            operation_id=row.id,
            type=self.drawer.ref(kind),
            employee=self.drawer.ref(person),
            performed_at=self.rows.told(performed_at),
            rework_of=rework.id if rework else None,
            comment=row.comment,
            by_polishing=by_polishing,
        )
        self.write(payload, actor, at)
        return row

    def _rework_of(self, kind: OperationType, performed_at: datetime) -> ReturnCase | None:
        if not self.cases:
            return None
        found = [
            case
            for case, items in self.cases
            if case.returned_at <= performed_at and any(i.affects_id == kind.id for i in items)
        ]
        return max(found, key=lambda case: (case.returned_at, case.id), default=None)

    def waive_work(
        self, *, type_id: int, reason_id: int, comment: str = "", actor: Actor, at: datetime
    ) -> Extra:
        self.ensure("waive", actor)
        kind = self.drawer.row(OperationType, type_id, field="type")
        reason = self.drawer.row(WaiverReason, reason_id, field="reason")
        if any(waiver.type_id == kind.id for waiver in self.waivers):
            raise Duplicate(
                "receipts.already_waived", _("This work is already waived."), field="type"
            )
        row = new_row(
            Waiver,
            receipt_id=self.receipt.id,
            type=kind,
            reason=reason,
            comment=clean_text(comment, field="comment", limit=REASON_LENGTH),
            waived_at=at,
        )
        self.rows.add(row)
        self.waivers.append(row)
        payload = WorkWaived(
            waiver_id=row.id, type=ref(kind) or {}, reason=ref(reason) or {}, comment=row.comment
        )
        self.write(payload, actor, at)
        return {"waiver_id": row.id}

    def hold(
        self,
        *,
        reason_id: int,
        expected_on: date | None = None,
        comment: str = "",
        actor: Actor,
        at: datetime,
    ) -> Extra:
        self.ensure("hold", actor)
        reason = self.drawer.row(HoldReason, reason_id, field="reason")
        row = self.waiting = new_row(
            Hold,
            receipt_id=self.receipt.id,
            reason=reason,
            comment=clean_text(comment, field="comment", limit=REASON_LENGTH),
            started_at=at,
            expected_on=expected_on,
            ask_again_on=None if expected_on else clock.local(at).date() + ASK_AGAIN,
            status_before=self.receipt.status,
        )
        self.rows.add(row)
        payload = Held(
            status_from=self.receipt.status,
            status_to=Status.ON_HOLD,
            hold_id=row.id,
            reason=ref(reason) or {},
            comment=row.comment,
            expected_on=expected_on.isoformat() if expected_on else None,
            is_incident=reason.is_incident,
        )
        self.write(payload, actor, at)
        return {}

    def resume(self, *, actor: Actor, at: datetime) -> Extra:
        self.ensure("resume", actor)
        row = self._end_hold(at)
        if row is None:
            raise LookupError("a draft is on hold without a hold")
        payload = Resumed(
            status_from=self.receipt.status, status_to=row.status_before, hold_id=row.id
        )
        self.write(payload, actor, at)
        return {}

    def submit(self, *, actor: Actor, at: datetime) -> Extra:
        self.ensure("submit", actor)
        payload = Submitted(status_from=self.receipt.status, status_to=Status.QUALITY_CONTROL)
        self.write(payload, actor, at)
        return {}

    def rework_order(self, *, master_id: int, reason: str, actor: Actor, at: datetime) -> Extra:
        self.ensure("rework_order", actor)
        master = self._master(master_id)
        reason = require_text(reason, field="reason", limit=REASON_LENGTH)
        row = self._open_assignment(master, None, at, reason)
        payload = ReworkOrdered(
            status_from=self.receipt.status,
            status_to=Status.IN_WORK,
            assignment_id=row.id,
            master=self.drawer.ref(master),
            reason=reason,
        )
        self.write(payload, actor, at)
        return {}

    def refuse(self, *, reason_id: int, comment: str = "", actor: Actor, at: datetime) -> Extra:
        self.ensure("refuse", actor)
        reason = self.drawer.row(RefusalReason, reason_id, field="reason")
        held = self._end_hold(at)
        payload = Refused(
            status_from=self.receipt.status,
            status_to=Status.REFUSED,
            reason=ref(reason) or {},
            comment=clean_text(comment, field="comment", limit=REASON_LENGTH),
            ended_hold_id=held.id if held else None,
        )
        self.write(payload, actor, at)
        return {}

    def reopen(self, *, reason: str, actor: Actor, at: datetime) -> Extra:
        self.ensure("reopen", actor)
        payload = Reopened(
            status_from=self.receipt.status,
            status_to=Status.IN_WORK if self.receipt.master_id else Status.RECEIVED,
            reason=require_text(reason, field="reason", limit=REASON_LENGTH),
        )
        self.write(payload, actor, at)
        return {}

    def issue(
        self,
        *,
        received_by: str = "",
        as_taken_in: bool = False,
        difference: str = "",
        actor: Actor,
        at: datetime,
    ) -> Extra:
        self.ensure("issue", actor)
        self.ensure_complete()
        difference = clean_text(difference, field="difference", limit=1000)
        if not as_taken_in and not difference:
            raise RuleViolation(
                "receipts.completeness_unchecked",
                _("Are accessories and links as taken in? Confirm, or explain the difference."),
                field="difference",
            )
        self.receipt.received_by = clean_text(received_by, field="received_by", limit=150)
        self.receipt.issue_difference = difference
        ended = self.end_assignment(at)
        payload = Issued(
            status_from=self.receipt.status,
            status_to=Status.ISSUED,
            ended_assignment_id=ended.id if ended else None,
            difference_explained=bool(difference),
        )
        self.write(payload, actor, at)
        return {}

    # -- parts that are not with the watch ----------------------------------------------------

    def detach_parts(self, parts: Sequence[str], holder: Employee, since: datetime) -> None:
        """As the service of the same name (called by polishing)."""
        for part in parts:
            if any(row.part == part for row in self.away):
                raise Duplicate(
                    "receipts.part_away",
                    _("%(number)s: this part is already away: %(part)s."),
                    field="parts",
                    params={
                        "number": str(self.receipt),
                        "part": DetachedPart.Part(part).label,
                    },
                )
            row = new_row(
                DetachedPart, receipt_id=self.receipt.id, part=part, holder=holder, since=since
            )
            self.rows.add(row)
            self.away.append(row)

    def rejoin_parts(self, parts: Sequence[str], at: datetime) -> None:
        for row in self.away:
            if row.part in parts:
                row.until = at
        self.away = [row for row in self.away if row.part not in parts]

    def ensure_complete(self) -> None:
        """No part away: RuleViolation ``receipts.part_detached``."""
        if self.away:
            told = ", ".join(f"{row.get_part_display()}: {row.holder}" for row in self.away)
            raise RuleViolation(
                "receipts.part_detached",
                _("Not with the watch: %(parts)s. Take it back first."),
                field="parts",
                params={"parts": told},
            )
