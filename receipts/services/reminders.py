"""Planning of deadline reminders, in the transaction of the change (spec 6.3). Firing is a job."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from receipts.models import Receipt, Reminder
from receipts.states import URGENT_LIST
from workshop.lib import clock

DAY: Final = "deadline_day"
EVE: Final = "deadline_eve"
HOUR: Final = "deadline_hour"
OVERDUE: Final = "overdue"
MORNING: Final = time(10, 0)
EVENING: Final = time(18, 0)


def due_times(deadline: datetime) -> dict[str, datetime]:
    """When to remind of ``deadline``: kind → moment in UTC, whatever the present moment is.

    10:00 of the day, unless the deadline is not after it or the one-hour notice comes within
    60 minutes of it; a deadline before 10:00 gets 18:00 of the day before instead.
    """
    day = clock.local(deadline).date()
    morning = datetime.combine(day, MORNING, tzinfo=clock.zone())
    hour = deadline - timedelta(hours=1)
    planned = {HOUR: hour, OVERDUE: deadline + timedelta(minutes=5)}
    if deadline <= morning:
        planned[EVE] = datetime.combine(day - timedelta(days=1), EVENING, tzinfo=clock.zone())
    elif abs(hour - morning) >= timedelta(minutes=60):
        planned[DAY] = morning
    return planned


def plan_reminders(receipt: Receipt, at: datetime) -> None:
    """Cancel what was planned and plan anew for the present deadline, as far as still ahead."""
    cancel_reminders(receipt, at)
    if receipt.deadline is None or receipt.status not in URGENT_LIST:
        return
    for kind, due_at in due_times(receipt.deadline).items():
        if due_at > at:
            Reminder.objects.update_or_create(
                receipt=receipt,
                deadline_version=receipt.deadline_version,
                kind=kind,
                defaults={"due_at": due_at, "fate": Reminder.Fate.PLANNED, "fate_at": None},
            )


def cancel_reminders(receipt: Receipt, at: datetime) -> None:
    """Nothing more is due: passed, refused, issued, or the deadline moved."""
    planned = receipt.reminders.filter(fate=Reminder.Fate.PLANNED)
    planned.update(fate=Reminder.Fate.CANCELLED, fate_at=at)
