"""The buttons of a deadline, and how a deadline is shown before it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.functional import Promise, lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from receipts.worktime import Calendar, add_working_days, wall_instant

NOON = time(12)

# Not from the catalogue: the language of the reader is an argument, not the active one.
_WEEKDAYS = {
    "ru": ("пн", "вт", "ср", "чт", "пт", "сб", "вс"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


@dataclass(frozen=True, slots=True)
class DeadlineChoice:
    """A button: a stable code, a lazy label, and the moment it means (aware, UTC)."""

    code: str
    label: str | Promise
    at: datetime


def describe_deadline(at: datetime, zone: ZoneInfo, language: str) -> str:
    """``пт 25.12.2026 18:00`` or ``Fri 25.12.2026 18:00``; English for unknown languages."""
    if at.tzinfo is None:
        raise ValueError("a naive datetime reached the deadline")
    local = at.astimezone(zone)
    weekdays = _WEEKDAYS.get(language.lower()[:2], _WEEKDAYS["en"])
    return f"{weekdays[local.weekday()]} {local:%d.%m.%Y %H:%M}"


def quick_choices(
    now: datetime, default_time: time, zone: ZoneInfo, calendar: Calendar, working_days: int
) -> list[DeadlineChoice]:
    """The offered deadlines, the default first; all ahead of ``now`` (aware).

    ``working_days`` (at least 1) on at ``default_time``; today at it while it is ahead; tomorrow
    noon; in 3 and in 7 days at ``default_time``. Raises RuleViolation ``calendar.never_open``.
    """
    today = now.astimezone(zone).date()

    def on(day: date, at: time) -> datetime:
        return wall_instant(day, at, zone)

    choices = [
        DeadlineChoice(
            "working_days",
            _working_days_label(working_days),
            add_working_days(now, working_days, calendar, zone, default_time),
        ),
        DeadlineChoice(
            "today",
            format_lazy(_("Today {time}"), time=f"{default_time:%H:%M}"),
            on(today, default_time),
        ),
        DeadlineChoice(
            "tomorrow",
            format_lazy(_("Tomorrow {time}"), time=f"{NOON:%H:%M}"),
            on(today + timedelta(days=1), NOON),
        ),
        *(
            DeadlineChoice(
                f"days_{days}", _days_label(days), on(today + timedelta(days=days), default_time)
            )
            for days in (3, 7)
        ),
    ]
    return [choice for choice in choices if choice.at > now]


def _working_days_text(days: int) -> str:
    text = ngettext("+%(days)s working day", "+%(days)s working days", days)
    return text % {"days": days}


def _days_text(days: int) -> str:
    return ngettext("+%(days)s day", "+%(days)s days", days) % {"days": days}


_working_days_label = lazy(_working_days_text, str)
_days_label = lazy(_days_text, str)
