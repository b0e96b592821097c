"""The way through the workshop."""

from __future__ import annotations

from typing import ClassVar

from receipts.api.verbs.base import Form, ReasonForm, ReceiptVerb
from receipts.services import assignment, flow, voiding
from workshop.lib.api.fields import DayField, IdField, TextField, YesNoField


class AssignForm(Form):
    example: ClassVar = {"master_id": 7, "purpose_id": 1}

    master_id = IdField()
    purpose_id = IdField(required=False, allow_null=True)
    reason = TextField()


class Assign(ReceiptVerb):
    """Hand the watch to a master."""

    body = AssignForm
    service = assignment.assign


class Accept(ReceiptVerb):
    """The master takes it into work (self-service)."""

    service = assignment.accept


class Decline(ReceiptVerb):
    """The master cannot take it."""

    body = ReasonForm
    service = assignment.decline


class HoldForm(Form):
    example: ClassVar = {"reason_id": 3, "expected_on": "2026-12-24", "comment": "деталь заказана"}

    reason_id = IdField()
    expected_on = DayField(required=False, allow_null=True)
    comment = TextField()


class Hold(ReceiptVerb):
    """Put the watch on hold."""

    body = HoldForm
    service = flow.hold


class Resume(ReceiptVerb):
    """Work goes on."""

    service = flow.resume


class Submit(ReceiptVerb):
    """Submit to quality control."""

    service = flow.submit


class ReworkForm(ReasonForm):
    master_id = IdField()


class ReworkOrder(ReceiptVerb):
    """Rework that is no return: the customer's wish, a forgotten work."""

    body = ReworkForm
    service = flow.rework_order


class RefuseForm(Form):
    reason_id = IdField()
    comment = TextField()


class Refuse(ReceiptVerb):
    """No repair; the watch is still in the workshop."""

    body = RefuseForm
    service = flow.refuse


class Reopen(ReceiptVerb):
    """The refused repair goes on after all."""

    body = ReasonForm
    service = flow.reopen


class IssueForm(Form):
    example: ClassVar = {"received_by": "Петрова М.", "as_taken_in": True}

    received_by = TextField()
    as_taken_in = YesNoField(required=False, help_text="accessories and links are as taken in")
    difference = TextField(help_text="else: what differs, and why")


class Issue(ReceiptVerb):
    """Hand out to the customer."""

    body = IssueForm
    service = flow.issue


class VoidDecision(ReceiptVerb):
    """Void the last decision; the status before it comes back."""

    body = ReasonForm
    service = voiding.void_decision
