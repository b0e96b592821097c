"""Events of polishing; orders stand in the stream of their receipt, batches in their own."""

from __future__ import annotations

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind
from receipts.events.base import Ref, name, shown, with_reason


def part_names(parts: list[str]) -> str:
    """Parts in words."""
    words = {"case": _("case"), "bracelet": _("bracelet")}
    return ", ".join(words.get(part, part) for part in parts)


@event_kind("receipt.polishing_sent", lazy("Sent to polishing"))
@frozen(slots=False)
class PolishingSent(Payload):
    order_id: int
    polisher: Ref
    parts: list[str]
    metal: Ref | None
    difficult: bool
    sent_at: str
    batch: Ref | None = None
    comment: str = ""
    allowed_by: str = ""

    def words(self) -> str:
        text = _("Sent to polishing: %(name)s (%(parts)s)") % {
            "name": name(self.polisher),
            "parts": part_names(self.parts),
        }
        details = [name(self.metal)] if self.metal else []
        if self.difficult:
            details.append(_("difficult"))
        if self.allowed_by:
            details.append(_("allowed by: %(name)s") % {"name": self.allowed_by})
        if self.comment:
            details.append(self.comment)
        return ", ".join([text, *details])


@event_kind("receipt.polishing_taken_back", lazy("Taken back from polishing"))
@frozen(slots=False)
class PolishingTakenBack(Payload):
    order_id: int
    polisher: Ref
    polished_by: Ref | None
    parts: list[str]
    done: bool
    reason: str
    operation_id: int | None

    def words(self) -> str:
        if not self.done:
            return with_reason(
                _("Came back without polishing: %(name)s") % {"name": name(self.polisher)},
                self.reason,
            )
        return _("Taken back from polishing: %(name)s") % {"name": name(self.polished_by)}


@event_kind("receipt.polishing_reopened", lazy("Taking back from polishing voided"))
@frozen(slots=False)
class PolishingReopened(Payload):
    order_id: int
    polisher: Ref
    parts: list[str]
    reason: str

    def words(self) -> str:
        text = _("At the polisher again: %(name)s") % {"name": name(self.polisher)}
        return with_reason(text, self.reason)


@event_kind("receipt.polishing_corrected", lazy("Polishing order corrected"))
@frozen(slots=False)
class PolishingCorrected(Payload):
    """``changes`` is field → [old, new] in words of that time."""

    order_id: int
    changes: dict[str, list[str]]
    reason: str

    def words(self) -> str:
        from polishing.models import PolishingOrder  # the labels live on the model

        parts = []
        for field, (old, new) in self.changes.items():
            label = PolishingOrder._meta.get_field(field).verbose_name  # type: ignore[union-attr]
            parts.append(f"{label}: {old or '–'} → {new or '–'}")
        return with_reason(_("Polishing: %(changes)s") % {"changes": "; ".join(parts)}, self.reason)


@event_kind("receipt.polishing_voided", lazy("Polishing order voided"))
@frozen(slots=False)
class PolishingVoided(Payload):
    order_id: int
    polisher: Ref
    parts: list[str]
    was_open: bool
    reason: str

    def words(self) -> str:
        what = _("polishing at %(name)s") % {"name": name(self.polisher)}
        return with_reason(_("Voided: %(what)s") % {"what": what}, self.reason)


@event_kind("batch.opened", lazy("Polishing batch opened"))
@frozen(slots=False)
class BatchOpened(Payload):
    number: int
    polisher: Ref
    due_at: str | None

    def words(self) -> str:
        return _("Batch %(number)s: %(name)s, due %(due)s") % {
            "number": self.number,
            "name": name(self.polisher),
            "due": shown(self.due_at),
        }


@event_kind("batch.closed", lazy("Polishing batch closed"))
@frozen(slots=False)
class BatchClosed(Payload):
    number: int

    def words(self) -> str:
        return _("Batch %(number)s: everything is back") % {"number": self.number}


@event_kind("batch.reopened", lazy("Polishing batch open again"))
@frozen(slots=False)
class BatchReopened(Payload):
    number: int

    def words(self) -> str:
        return _("Batch %(number)s: open again") % {"number": self.number}


@event_kind("batch.flagged", lazy("Polishing batch expired"))
@frozen(slots=False)
class BatchFlagged(Payload):
    number: int
    open_orders: int

    def words(self) -> str:
        return _("Batch %(number)s is past its date, still open: %(count)s") % {
            "number": self.number,
            "count": self.open_orders,
        }
