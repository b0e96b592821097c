"""Events that change the status of a receipt (the rows of the transition table)."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.models import Event
from history.registry import event_kind, payload_class
from receipts.events.base import (
    Projected,
    Ref,
    StatusEvent,
    name,
    ref_id,
    shown_day,
    with_reason,
)
from receipts.states import Status
from workshop.lib import clock


@event_kind("receipt.assigned", lazy("Handed to a master"))
@frozen(slots=False)
class Assigned(StatusEvent):
    assignment_id: int
    master: Ref
    purpose: Ref | None
    previous_master: Ref | None
    ended_assignment_id: int | None
    ended_hold_id: int | None
    accepted: bool
    reason: str = ""

    def project(self, receipt: Projected, event: Event) -> None:
        super().project(receipt, event)
        receipt.master_id = ref_id(self.master)

    def words(self) -> str:
        if self.previous_master and self.previous_master["id"] != self.master["id"]:
            text = _("Master: %(old)s → %(new)s") % {
                "old": name(self.previous_master),
                "new": name(self.master),
            }
        else:
            text = _("Handed to the master: %(name)s") % {"name": name(self.master)}
        if self.purpose:
            text += f", {name(self.purpose)}"
        return with_reason(text, self.reason)


@event_kind("receipt.accepted", lazy("Accepted by the master"))
@frozen(slots=False)
class Accepted(StatusEvent):
    assignment_id: int
    master: Ref

    def words(self) -> str:
        return _("Accepted by the master: %(name)s") % {"name": name(self.master)}


@event_kind("receipt.declined", lazy("Declined by the master"))
@frozen(slots=False)
class Declined(StatusEvent):
    assignment_id: int
    master: Ref
    reason: str
    restored_assignment_id: int | None
    restored_master: Ref | None

    def project(self, receipt: Projected, event: Event) -> None:
        super().project(receipt, event)
        receipt.master_id = ref_id(self.restored_master)

    def words(self) -> str:
        text = _("Declined by the master: %(name)s") % {"name": name(self.master)}
        return with_reason(text, self.reason)


@event_kind("receipt.held", lazy("Put on hold"))
@frozen(slots=False)
class Held(StatusEvent):
    hold_id: int
    reason: Ref
    comment: str
    expected_on: str | None
    is_incident: bool = False

    def words(self) -> str:
        text = _("On hold: %(reason)s, until %(day)s") % {
            "reason": name(self.reason),
            "day": shown_day(self.expected_on),
        }
        return with_reason(text, self.comment)


@event_kind("receipt.resumed", lazy("Work resumed"))
@frozen(slots=False)
class Resumed(StatusEvent):
    hold_id: int

    def words(self) -> str:
        return _("Work resumed")


@event_kind("receipt.submitted", lazy("Submitted to QC"))
@frozen(slots=False)
class Submitted(StatusEvent):
    def words(self) -> str:
        return _("Submitted to QC")


@event_kind("receipt.passed", lazy("QC passed"))
@frozen(slots=False)
class Passed(StatusEvent):
    check_id: int
    check_was_open: bool
    ended_assignment_id: int | None
    warnings: list[str] = field(factory=list)

    def project(self, receipt: Projected, event: Event) -> None:
        super().project(receipt, event)
        receipt.master_id = None

    def words(self) -> str:
        return _("QC passed")


@event_kind("receipt.returned", lazy("Returned from QC"))
@frozen(slots=False)
class Returned(StatusEvent):
    return_id: int
    check_id: int
    check_was_open: bool
    items: list[dict[str, Any]]
    assembler: Ref | None
    comment: str = ""
    warnings: list[str] = field(factory=list)

    def words(self) -> str:
        reasons = ", ".join(item_words(item) for item in self.items)
        return with_reason(_("Return from QC: %(reasons)s") % {"reasons": reasons}, self.comment)


def item_words(item: dict[str, Any]) -> str:
    """A reason with the person or the decision recorded for it."""
    return f"{item['reason']['name']} – {responsibility_words(item)}"


def responsibility_words(item: dict[str, Any]) -> str:
    if item["responsibility"] == "person":
        return name(item["responsible"])
    if item["responsibility"] == "not_ours":
        return _("Not our fault")
    return _("undecided")


@event_kind("receipt.rework_ordered", lazy("Rework without a return"))
@frozen(slots=False)
class ReworkOrdered(StatusEvent):
    assignment_id: int
    master: Ref
    reason: str

    def project(self, receipt: Projected, event: Event) -> None:
        super().project(receipt, event)
        receipt.master_id = ref_id(self.master)

    def words(self) -> str:
        text = _("Taken for rework: %(reason)s") % {"reason": self.reason}
        return f"{text}, {name(self.master)}"


@event_kind("receipt.issued", lazy("Handed to the customer"))
@frozen(slots=False)
class Issued(StatusEvent):
    ended_assignment_id: int | None
    difference_explained: bool = False

    def project(self, receipt: Projected, event: Event) -> None:
        super().project(receipt, event)
        receipt.issued_at = event.occurred_at
        receipt.master_id = None

    def words(self) -> str:
        if self.status_from == Status.REFUSED:
            text = _("Handed out unrepaired")
        else:
            text = _("Handed to the customer")
        return with_reason(text, _("difference explained") if self.difference_explained else "")


@event_kind("receipt.refused", lazy("Repair refused"))
@frozen(slots=False)
class Refused(StatusEvent):
    reason: Ref
    comment: str = ""
    ended_hold_id: int | None = None

    def words(self) -> str:
        text = _("Repair refused: %(reason)s") % {"reason": name(self.reason)}
        return with_reason(text, self.comment)


@event_kind("receipt.reopened", lazy("Repair reopened"))
@frozen(slots=False)
class Reopened(StatusEvent):
    reason: str

    def words(self) -> str:
        return with_reason(_("Repair reopened"), self.reason)


@event_kind("receipt.decision_voided", lazy("Decision voided"))
@frozen(slots=False)
class DecisionVoided(StatusEvent):
    """The compensating event of the last decision; names it by its number in the stream."""

    voided_sequence: int
    voided_kind: str
    reason: str
    since: str
    master: Ref | None

    def project(self, receipt: Projected, event: Event) -> None:
        super().project(receipt, event)
        since = clock.from_iso(self.since)
        if since is not None:
            receipt.status_since = since
        receipt.master_id = ref_id(self.master)
        if self.voided_kind == Issued.kind:
            receipt.issued_at = None

    def words(self) -> str:
        what = payload_class(self.voided_kind).label
        text = _("Voided: %(what)s; status: %(old)s → %(new)s") % {
            "what": what,
            "old": Status(self.status_from).label,
            "new": Status(self.status_to).label,
        }
        return with_reason(text, self.reason)


STATUS_KINDS = (
    Assigned.kind,
    Accepted.kind,
    Declined.kind,
    Held.kind,
    Resumed.kind,
    Submitted.kind,
    Passed.kind,
    Returned.kind,
    ReworkOrdered.kind,
    Issued.kind,
    Refused.kind,
    Reopened.kind,
    DecisionVoided.kind,
)
