"""Events of works and waivers."""

from __future__ import annotations

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind
from receipts.events.base import Ref, name, with_reason


@event_kind("receipt.work_recorded", lazy("Work recorded"))
@frozen(slots=False)
class WorkRecorded(Payload):
    operation_id: int
    type: Ref
    employee: Ref
    performed_at: str
    rework_of: int | None = None
    comment: str = ""
    by_polishing: bool = False

    def words(self) -> str:
        text = _("Work: %(type)s, %(employee)s") % {
            "type": name(self.type),
            "employee": name(self.employee),
        }
        if self.rework_of:
            text += " " + _("(after the return)")
        return with_reason(text, self.comment)


@event_kind("receipt.work_voided", lazy("Work voided"))
@frozen(slots=False)
class WorkVoided(Payload):
    operation_id: int
    type: Ref
    employee: Ref
    reason: str

    def words(self) -> str:
        text = _("Voided: %(what)s") % {"what": f"{name(self.type)}, {name(self.employee)}"}
        return with_reason(text, self.reason)


@event_kind("receipt.work_waived", lazy("Work not required"))
@frozen(slots=False)
class WorkWaived(Payload):
    waiver_id: int
    type: Ref
    reason: Ref
    comment: str = ""

    def words(self) -> str:
        text = _("Not required: %(type)s, reason: %(reason)s") % {
            "type": name(self.type),
            "reason": name(self.reason),
        }
        return with_reason(text, self.comment)


@event_kind("receipt.waiver_voided", lazy("Waiver voided"))
@frozen(slots=False)
class WaiverVoided(Payload):
    waiver_id: int
    type: Ref
    reason: str

    def words(self) -> str:
        text = _("Required again: %(type)s") % {"type": name(self.type)}
        return with_reason(text, self.reason)


@event_kind("receipt.record_moved", lazy("Record moved"))
@frozen(slots=False)
class RecordMoved(Payload):
    """Written on both receipts: ``what`` was voided on one and recorded on the other."""

    what: str
    old_id: int
    new_id: int
    from_receipt: Ref
    to_receipt: Ref
    reason: str

    def words(self) -> str:
        text = _("Moved: %(old)s → %(new)s") % {
            "old": name(self.from_receipt),
            "new": name(self.to_receipt),
        }
        return with_reason(text, self.reason)
