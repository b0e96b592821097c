"""What the numbers keep so that a question need not count all of history again."""

from __future__ import annotations

from analytics.models.alerts import Alert, AlertCheck, AlertMail, AlertRule, AlertWatch
from analytics.models.receipts import FactsProgress, FirstCheckType, ReceiptFact, StatusTime
from analytics.models.reports import (
    Form,
    Report,
    ReportFile,
    ReportMail,
    ReportRecipient,
    ReportSchedule,
)
from analytics.models.rollups import (
    ALL,
    AssemblerCell,
    CaseCell,
    Cell,
    Counted,
    ItemCell,
    Mark,
    RepeatCell,
    RollupState,
    WorkCell,
)
from analytics.models.snapshots import DailyNumber, Snapshot

__all__ = [
    "ALL",
    "Alert",
    "AlertCheck",
    "AlertMail",
    "AlertRule",
    "AlertWatch",
    "AssemblerCell",
    "CaseCell",
    "Cell",
    "Counted",
    "DailyNumber",
    "FactsProgress",
    "FirstCheckType",
    "Form",
    "ItemCell",
    "Mark",
    "ReceiptFact",
    "RepeatCell",
    "Report",
    "ReportFile",
    "ReportMail",
    "ReportRecipient",
    "ReportSchedule",
    "RollupState",
    "Snapshot",
    "StatusTime",
    "WorkCell",
]
