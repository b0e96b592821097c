"""Reminders of deadlines: planned with the deadline, fired by a job, answered by people."""

from receipts.services.reminders.answers import (
    DIGESTS,
    Later,
    later,
    note_reminder,
    receipts_of,
    repeat_due,
    snooze_reminder,
)
from receipts.services.reminders.firing import fire_due
from receipts.services.reminders.planning import cancel_reminders, due_times, plan_reminders

__all__ = [
    "DIGESTS",
    "Later",
    "cancel_reminders",
    "due_times",
    "fire_due",
    "later",
    "note_reminder",
    "plan_reminders",
    "receipts_of",
    "repeat_due",
    "snooze_reminder",
]
