"""When something happened, as people type it: «вчера 15:00», «20.11 18:30», «9:15»."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Final

from django.utils.translation import gettext as _

from workshop.lib import clock
from workshop.lib.errors import RuleViolation

NOON: Final = time(12)
_DAYS: Final = {"сегодня": 0, "today": 0, "вчера": 1, "yesterday": 1, "позавчера": 2}
_SHAPE: Final = re.compile(
    r"(?:(?P<word>[a-zа-я]+)|(?P<day>\d{1,2})\.(?P<month>\d{1,2})(?:\.(?P<year>\d{4}))?)?"
    r"\s*(?:(?P<hour>\d{1,2}):(?P<minute>\d{2}))?"
)


def parse_past(text: str, now: datetime) -> datetime:
    """The moment in the workshop's zone; without a time noon, without a day today.

    RuleViolation ``bot.moment_unclear``. Whether it may lie there is the service's question.
    """
    found = _SHAPE.fullmatch(text.strip().lower())
    if found is None or not found[0]:
        raise _unclear()
    parts = found.groupdict()
    local = clock.local(now)
    try:
        at = time(int(parts["hour"]), int(parts["minute"])) if parts["hour"] else NOON
        if parts["day"]:
            year = int(parts["year"] or local.year)
            day = local.date().replace(year, int(parts["month"]), int(parts["day"]))
            if not parts["year"] and day > local.date():
                day = day.replace(year=year - 1)
        else:
            day = local.date() - timedelta(days=_DAYS[parts["word"] or "today"])
    except (ValueError, KeyError):
        raise _unclear() from None
    moment = datetime.combine(day, at, tzinfo=clock.zone())
    is_today_noon = not parts["hour"] and day == local.date()
    return min(moment, now) if is_today_noon else moment


def _unclear() -> RuleViolation:
    return RuleViolation(
        "bot.moment_unclear",
        _("The date is not understood. Examples: yesterday 15:00 · 20.11 18:30 · 9:15"),
        field="when",
    )
