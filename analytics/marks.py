"""Marks: which receipts have changed in a way that a number can tell (spec 5.3)."""

from __future__ import annotations

from typing import Final

from analytics.models import Mark
from history.models import Event
from receipts.events import (
    AssemblerChanged,
    CheckVoided,
    DeadlineChanged,
    DecisionVoided,
    FactsChanged,
    Issued,
    Passed,
    ReceiptVoided,
    RecordMoved,
    Refused,
    Registered,
    Reopened,
    ResponsibleChanged,
    Returned,
    ReturnRecorded,
    ReworkOrdered,
    WaiverVoided,
    WorkRecorded,
    WorkVoided,
    WorkWaived,
)

STREAM: Final = "receipt:"
MARKING: Final = frozenset(
    kind.kind
    for kind in (
        AssemblerChanged,
        CheckVoided,
        DeadlineChanged,
        DecisionVoided,
        Issued,
        Passed,
        ReceiptVoided,
        RecordMoved,
        Refused,
        Registered,
        Reopened,
        ResponsibleChanged,
        Returned,
        ReturnRecorded,
        ReworkOrdered,
        WaiverVoided,
        WorkRecorded,
        WorkVoided,
        WorkWaived,
    )
)
"""Kinds of events after which a number can be another. Handing over, holding, accepting are not
among them: what is under way is counted live."""

COUNTED_FACTS: Final = frozenset({"watch", "repeats", "visit_kind"})
"""Facts of a receipt that a number depends on; others change none."""


def is_marking(event: Event) -> bool:
    """Whether a number can be another after ``event``."""
    if event.kind == FactsChanged.kind:
        return not COUNTED_FACTS.isdisjoint(event.payload["changes"])
    return event.kind in MARKING


def receipt_of(event: Event) -> int:
    """The receipt in whose stream a marking event stands."""
    return int(event.stream.removeprefix(STREAM))


def marked_receipts() -> list[int]:
    """Receipts that have to be counted live: what is stored of them may be outdated."""
    return list(Mark.objects.order_by("receipt").values_list("receipt", flat=True).distinct())
