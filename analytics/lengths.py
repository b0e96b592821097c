"""Lengths of time in words, short enough for a cell of a table."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def in_days(length: timedelta | None) -> str:
    """By the calendar: days and hours, below a day hours and minutes; a dash for None."""
    if length is None:
        return "–"
    if length < DAY:
        return in_hours(length)
    days, rest = divmod(length, DAY)
    return _("%(days)s d %(hours)s h") % {"days": days, "hours": rest // HOUR}


def in_hours(length: timedelta | None) -> str:
    """Working time: hours and minutes, since a working day has no fixed length."""
    if length is None:
        return "–"
    hours, rest = divmod(length, HOUR)
    minutes = rest // timedelta(minutes=1)
    if not minutes:
        return _("%(hours)s h") % {"hours": hours}
    if not hours:
        return _("%(minutes)s min") % {"minutes": minutes}
    return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
