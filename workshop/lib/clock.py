"""The only source of time: aware UTC inside, the workshop's zone at the edges."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.core.signals import setting_changed


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def zone() -> ZoneInfo:
    """The workshop's time zone (``WORKSHOP_TIME_ZONE``)."""
    return _zone(settings.TIME_ZONE)


def _forget_zone(*, setting: str, **_more: Any) -> None:
    """Only tests change a setting of a running process."""
    if setting == "TIME_ZONE":
        zone.cache_clear()


setting_changed.connect(_forget_zone)


def local(moment: datetime) -> datetime:
    """The same moment in the workshop's zone. Naive input is a bug and raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime reached the clock")
    return moment.astimezone(zone())


def today() -> date:
    """The workshop's calendar day now."""
    return local(now()).date()


def day_start(day: date) -> datetime:
    """Midnight that begins ``day`` in the workshop's zone, in UTC."""
    return datetime.combine(day, time.min, tzinfo=zone()).astimezone(UTC)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """[start, end) of a workshop day in UTC; a day may have 23 or 25 hours."""
    return day_start(day), day_start(day + timedelta(days=1))


def show(moment: datetime | None) -> str:
    """``dd.mm.yyyy HH:MM`` in the workshop's zone; an empty string for None."""
    return local(moment).strftime("%d.%m.%Y %H:%M") if moment else ""


def iso(moment: datetime | None) -> str | None:
    """Canonical text of an instant: UTC with microseconds and a ``Z``; None stays None."""
    if moment is None:
        return None
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError("a naive datetime reached the clock")
        moment = moment.astimezone(UTC)
    text = orjson.dumps(moment, option=orjson.OPT_UTC_Z).decode()  # in a tenth of isoformat's time
    return text[1:-1] if moment.microsecond else f"{text[1:-2]}.000000Z"


def from_iso(text: str | None) -> datetime | None:
    """Inverse of :func:`iso`."""
    return datetime.fromisoformat(text) if text else None
