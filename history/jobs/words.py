"""Jobs in words: their schedule, their results, how they stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from history.jobs.declaring import declared_jobs
from history.jobs.schedules import Cron, Every, Schedule
from history.jobs.turn import Declared

_SECONDS: Final = 60
_HOUR: Final = 3600


def title(name: str) -> str:
    """The name for people; of a job that is gone, its own."""
    declared = declared_jobs().get(name)
    return str(declared.title) if declared else name


def when(schedule: Schedule | None) -> str:
    """``every 5 minutes``, ``daily at 04:00``."""
    if isinstance(schedule, Every):
        return _every(int(schedule.period.total_seconds()))
    if isinstance(schedule, Cron):
        return _cron(schedule)
    return "–"


def _every(seconds: int) -> str:
    once = {1: _("every second"), _SECONDS: _("every minute"), _HOUR: _("every hour")}
    if seconds in once:
        return once[seconds]
    if seconds % _HOUR == 0:
        hours = seconds // _HOUR
        return ngettext("every %(count)s hour", "every %(count)s hours", hours) % {"count": hours}
    if seconds % _SECONDS == 0:
        minutes = seconds // _SECONDS
        return ngettext("every %(count)s minute", "every %(count)s minutes", minutes) % {
            "count": minutes
        }
    return ngettext("every %(count)s second", "every %(count)s seconds", seconds) % {
        "count": seconds
    }


def _cron(cron: Cron) -> str:
    fields = (cron.minute, cron.hour, cron.day_of_week, cron.day_of_month, cron.month_of_year)
    day, of_month = cron.day_of_week, cron.day_of_month
    days = weekday_names()
    known = cron.month_of_year == "*" and (day == "*" or of_month == "*")
    if not (known and cron.minute.isdecimal() and cron.hour.isdecimal()):
        return "cron " + " ".join(fields)
    at = f"{int(cron.hour):02}:{int(cron.minute):02}"
    if day in days:
        return _("%(day)s at %(time)s") % {"day": days[day], "time": at}
    if of_month.isdecimal():
        return _("on day %(day)s of the month at %(time)s") % {"day": of_month, "time": at}
    if day == of_month == "*":
        return _("daily at %(time)s") % {"time": at}
    return "cron " + " ".join(fields)


def weekday_names() -> dict[str, str]:
    """Weekdays as schedules name them."""
    return {
        "mon": _("on Mondays"),
        "tue": _("on Tuesdays"),
        "wed": _("on Wednesdays"),
        "thu": _("on Thursdays"),
        "fri": _("on Fridays"),
        "sat": _("on Saturdays"),
        "sun": _("on Sundays"),
    }


def result(declared: Declared | None, numbers: Mapping[str, int]) -> str:
    """What a run did: its counts by name; nothing done is a dash."""
    words = {name: str(text) for name, text in (declared.counts if declared else {}).items()}
    told = [
        f"{words[name]}: {number}" if name in words else str(number)
        for name, number in numbers.items()
    ]
    return ", ".join(told) or "–"


def duration(milliseconds: int | None) -> str:
    """``0,4 s``; longer than a minute without fractions."""
    if milliseconds is None:
        return "–"
    took = timedelta(milliseconds=milliseconds)
    seconds = took.total_seconds()
    if seconds < _SECONDS:
        return _("%(seconds)s s") % {"seconds": f"{seconds:.2f}".replace(".", ",")}
    return _("%(minutes)s min %(seconds)s s") % {
        "minutes": int(seconds // _SECONDS),
        "seconds": int(seconds % _SECONDS),
    }


def next_slot(schedule: Schedule | None, now: datetime) -> datetime | None:
    """When it runs next by its schedule."""
    return schedule.after(now) if schedule else None
