"""Events of what the workshop tells by itself. They stand in a stream of their day, not in that of
the receipt: a reminder changes nothing there, and must neither outdate what somebody sees of it
nor end the time in which his last press can be taken back.
"""

from __future__ import annotations

from datetime import date, datetime

from attrs import frozen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from history.registry import Payload, event_kind
from receipts.events.base import Ref, name, shown
from receipts.reminding import OVERDUE, is_overdue_kind
from workshop.lib import clock


def notices_stream(at: datetime) -> str:
    """The stream of the workshop's day in which ``at`` lies."""
    return f"notices:{clock.local(at).date().isoformat()}"


@event_kind("reminders.fired", lazy("Reminders of deadlines"))
@frozen(slots=False)
class RemindersFired(Payload):
    """``receipts`` is kind → ids; daily ones stand under ``overdue:<day after the deadline>``.

    ``planned_for`` is when the earliest of them was due: later than that means late.
    """

    planned_for: str
    receipts: dict[str, list[int]]

    def words(self) -> str:
        overdue = sum(len(ids) for kind, ids in self.receipts.items() if is_overdue_kind(kind))
        ahead = sum(len(ids) for ids in self.receipts.values()) - overdue
        return _("Reminders: %(ahead)s ahead, %(overdue)s overdue") % {
            "ahead": ahead,
            "overdue": overdue,
        }

    def days_overdue(self) -> set[int]:
        """The numbers of the daily notices in it; 0 stands for everything that is not daily."""
        return {
            int(kind.removeprefix(f"{OVERDUE}:")) if ":" in kind else 0
            for kind, ids in self.receipts.items()
            if ids
        }


@event_kind("reminders.answered", lazy("Answer to a reminder"))
@frozen(slots=False)
class ReminderAnswered(Payload):
    """``digest`` is the id of the event that was answered; without receipt: to the whole of it."""

    digest: int
    receipt: Ref | None
    until: str | None

    def words(self) -> str:
        what = name(self.receipt) if self.receipt else _("the whole list")
        if self.until is None:
            return _("Reminder noted: %(what)s") % {"what": what}
        return _("Remind again: %(what)s, %(until)s") % {"what": what, "until": shown(self.until)}


@event_kind("reminders.repeated", lazy("Reminders repeated"))
@frozen(slots=False)
class RemindersRepeated(Payload):
    """``people`` is employee id → ids of the receipts he wanted to be told of again."""

    planned_for: str
    people: dict[str, list[int]]

    def words(self) -> str:
        count = sum(len(ids) for ids in self.people.values())
        return _("Reminders repeated: %(count)s") % {"count": count}


@event_kind("limits.exceeded", lazy("Over the service limit"))
@frozen(slots=False)
class LimitsExceeded(Payload):
    """``receipts`` is code of the limit → ids."""

    receipts: dict[str, list[int]]

    def words(self) -> str:
        count = sum(len(ids) for ids in self.receipts.values())
        return _("Over the service limit: %(count)s") % {"count": count}


@event_kind("workshop.day_summed", lazy("Evening summary"))
@frozen(slots=False)
class DaySummed(Payload):
    """What a day brought, as it stood when the evening summary was made."""

    day: str
    received: int
    passed: int
    returned: int
    issued: int
    overdue: int
    due_tomorrow: int

    def words(self) -> str:
        return _("Evening summary of %(day)s") % {
            "day": date.fromisoformat(self.day).strftime("%d.%m.%Y")
        }
