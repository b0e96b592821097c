"""Models of the core, split by aggregate."""

from receipts.models.calendar import CalendarDay, ServiceLimit, WorkCalendar, WorkInterval
from receipts.models.catalogue import (
    ChecklistItem,
    DeadlineCause,
    HoldReason,
    Metal,
    OperationType,
    RefusalReason,
    ReturnReason,
    WaiverReason,
)
from receipts.models.people import Customer, Watch
from receipts.models.quality import ChecklistAnswer, QualityCheck, Reading
from receipts.models.receipt import (
    IN_URGENT_LIST,
    DetachedPart,
    Photo,
    Receipt,
    ReceiptNumber,
)
from receipts.models.reminder import Overstay, Reminder, ReminderAnswer
from receipts.models.returns import ReturnCase, ReturnItem
from receipts.models.subscription import Subscription
from receipts.models.work import Assignment, Hold, Operation, Waiver

__all__ = [
    "IN_URGENT_LIST",
    "Assignment",
    "CalendarDay",
    "ChecklistAnswer",
    "ChecklistItem",
    "Customer",
    "DeadlineCause",
    "DetachedPart",
    "Hold",
    "HoldReason",
    "Metal",
    "Operation",
    "OperationType",
    "Overstay",
    "Photo",
    "QualityCheck",
    "Reading",
    "Receipt",
    "ReceiptNumber",
    "RefusalReason",
    "Reminder",
    "ReminderAnswer",
    "ReturnCase",
    "ReturnItem",
    "ReturnReason",
    "ServiceLimit",
    "Subscription",
    "Waiver",
    "WaiverReason",
    "Watch",
    "WorkCalendar",
    "WorkInterval",
]
