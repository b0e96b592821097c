"""Events of quality control and of responsibility."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind
from receipts.events.base import Ref, name, shown, with_reason
from receipts.events.status import item_words, responsibility_words


@event_kind("receipt.test_run_started", lazy("Test run started"))
@frozen(slots=False)
class TestRunStarted(Payload):
    __test__ = False  # not a test class

    check_id: int
    until: str

    def words(self) -> str:
        return _("Test run until %(until)s") % {"until": shown(self.until)}


@event_kind("receipt.test_run_cancelled", lazy("Test run cancelled"))
@frozen(slots=False)
class TestRunCancelled(Payload):
    """``until`` is the end of the run before it, which goes on; None when there was none."""

    __test__ = False  # not a test class

    check_id: int
    until: str | None
    reason: str

    def words(self) -> str:
        if self.until is None:
            return with_reason(_("Test run cancelled"), self.reason)
        text = _("Test run again until %(until)s") % {"until": shown(self.until)}
        return with_reason(text, self.reason)


@event_kind("receipt.reading_added", lazy("Reading"))
@frozen(slots=False)
class ReadingAdded(Payload):
    check_id: int
    reading_id: int
    stage: str
    wind: str
    position: str
    rate: str | None
    amplitude: int | None
    beat_error: str | None

    def words(self) -> str:
        parts = [_position(self.position)] if self.position else []
        if self.rate is not None:
            parts.append(_("%(value)s s/d") % {"value": _signed(self.rate)})
        if self.amplitude is not None:
            parts.append(f"{self.amplitude}°")
        if self.beat_error is not None:
            parts.append(_("%(value)s ms") % {"value": _decimal(self.beat_error)})
        return _("Reading: %(values)s") % {"values": " · ".join(parts)}


def _position(value: str) -> str:
    """The two letters as people of the active language write them: ЦВ, DU."""
    from receipts.models import Reading  # the labels live on the model

    known = value in Reading.Position.values
    return str(Reading.Position(value).label).partition(" ")[0] if known else value


def _signed(rate: str) -> str:
    if rate.startswith("-"):
        return f"−{_decimal(rate[1:])}"
    return f"+{_decimal(rate)}"


def _decimal(value: str) -> str:
    """With the decimal sign of the active language."""
    return value.replace(".", get_format("DECIMAL_SEPARATOR"))


@event_kind("receipt.reading_voided", lazy("Reading voided"))
@frozen(slots=False)
class ReadingVoided(Payload):
    reading_id: int
    reason: str

    def words(self) -> str:
        return with_reason(_("Reading voided"), self.reason)


@event_kind("receipt.check_measured", lazy("Quality check recorded"))
@frozen(slots=False)
class CheckMeasured(Payload):
    """Water, power reserve, checklist: ``changes`` is column or ``item:<name>`` → [old, new].

    ``reason`` is that of an undo.
    """

    check_id: int
    changes: dict[str, list[str]]
    reason: str = ""

    def words(self) -> str:
        parts = []
        for key, (old, new) in self.changes.items():
            before = f"{_measured(key, old)} → " if old else ""
            parts.append(f"{_measure(key)}: {before}{_measured(key, new)}")
        text = _("Quality check: %(changes)s") % {"changes": "; ".join(parts)}
        return with_reason(text, self.reason)


def _measure(key: str) -> str:
    """A column of the check by its label, a line of the checklist by its name of that time."""
    from receipts.models import QualityCheck  # the labels live on the model

    if key.startswith("item:"):
        return key.removeprefix("item:")
    return str(QualityCheck._meta.get_field(key).verbose_name)  # type: ignore[union-attr]


def _measured(key: str, value: str) -> str:
    from receipts.models import QualityCheck

    if key.startswith("item:"):
        return {"+": "✅", "−": "❌"}.get(value, value or "–")
    if key == "water_result" and value == QualityCheck.Water.FAILED:
        return _("not passed")
    if key == "water_result" and value:
        return str(QualityCheck.Water(value).label)
    return value or "–"


@event_kind("receipt.check_voided", lazy("Quality check voided"))
@frozen(slots=False)
class CheckVoided(Payload):
    check_id: int
    reason: str

    def words(self) -> str:
        return with_reason(_("Quality check voided"), self.reason)


@event_kind("receipt.return_recorded", lazy("Return recorded here after a move"))
@frozen(slots=False)
class ReturnRecorded(Payload):
    """A return or check moved here from another receipt: a fact that changes no status."""

    check_id: int
    decision: str
    decided_at: str
    return_id: int | None
    items: list[dict[str, Any]]
    assembler: Ref | None

    def words(self) -> str:
        if self.return_id is None:
            return _("Quality check of %(when)s recorded") % {"when": shown(self.decided_at)}
        reasons = ", ".join(item_words(item) for item in self.items)
        return _("Return from QC: %(reasons)s") % {"reasons": reasons}


@event_kind("receipt.responsible_changed", lazy("Responsible changed"))
@frozen(slots=False)
class ResponsibleChanged(Payload):
    return_id: int
    item_id: int
    reason_name: str
    old: dict[str, Any]
    new: dict[str, Any]
    reason: str

    def words(self) -> str:
        text = _("Responsible for “%(what)s”: %(old)s → %(new)s") % {
            "what": self.reason_name,
            "old": responsibility_words(self.old),
            "new": responsibility_words(self.new),
        }
        return with_reason(text, self.reason)


@event_kind("receipt.assembler_changed", lazy("Assembler of record changed"))
@frozen(slots=False)
class AssemblerChanged(Payload):
    return_id: int
    old: Ref | None
    new: Ref | None
    reason: str

    def words(self) -> str:
        text = _("Whole watch, assembler: %(old)s → %(new)s") % {
            "old": name(self.old),
            "new": name(self.new),
        }
        return with_reason(text, self.reason)


@event_kind("receipt.return_commented", lazy("Comment on a return"))
@frozen(slots=False)
class ReturnCommented(Payload):
    return_id: int
    item_id: int
    employee: Ref
    text: str

    def words(self) -> str:
        return _("%(name)s on the return: %(text)s") % {
            "name": name(self.employee),
            "text": self.text,
        }
