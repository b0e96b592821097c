"""Planning of deadline reminders, in the transaction of the change (spec 6.3)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from receipts.models import Receipt, Reminder
from receipts.reminding import OVERDUE, due_times, next_daily
from receipts.states import URGENT_LIST

__all__ = ["cancel_reminders", "due_times", "plan_reminders", "planned_times"]


def planned_times(
    deadline: datetime, at: datetime, told: Collection[str] = ()
) -> dict[str, datetime]:
    """What of ``deadline`` is still ahead at ``at``, without what was told already.

    Once it is overdue, the next daily notice. ``told`` may hold what should lie ahead: it was
    fired while the machine's clock was fast.
    """
    planned = due_times(deadline)
    ahead = {kind: due for kind, due in planned.items() if due > at and kind not in told}
    if planned[OVERDUE] <= at or OVERDUE in told:
        kind, due = next_daily(deadline, at)
        while kind in told:
            kind, due = next_daily(deadline, due)
        ahead[kind] = due
    return ahead


def plan_reminders(receipt: Receipt, at: datetime) -> None:
    """Cancel what was planned and plan anew for the present deadline, as far as still ahead."""
    cancel_reminders(receipt, at)
    if receipt.deadline is None or receipt.status not in URGENT_LIST:
        return
    version = receipt.deadline_version
    rows = Reminder.objects.filter(receipt=receipt, deadline_version=version)
    fates = dict(rows.values_list("kind", "fate"))
    told = {kind for kind, fate in fates.items() if fate == Reminder.Fate.FIRED}
    planned = planned_times(receipt.deadline, at, told)
    for kind in planned.keys() & fates.keys():
        rows.filter(kind=kind).update(
            fate=Reminder.Fate.PLANNED, due_at=planned[kind], fate_at=None
        )
    Reminder.objects.bulk_create(
        Reminder(receipt=receipt, deadline_version=version, kind=kind, due_at=due)
        for kind, due in planned.items()
        if kind not in fates
    )


def cancel_reminders(receipt: Receipt, at: datetime) -> None:
    """Nothing more is due: passed, refused, issued, or the deadline moved."""
    planned = receipt.reminders.filter(fate=Reminder.Fate.PLANNED)
    planned.update(fate=Reminder.Fate.CANCELLED, fate_at=at)
