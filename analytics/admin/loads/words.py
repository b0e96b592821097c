"""Lengths of time for people, and numbers with the list behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from django.urls import reverse
from django.utils import formats
from django.utils.http import urlencode
from django.utils.translation import gettext as _

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Number:
    """A count and where its rows are listed."""

    count: int
    url: str
    label: str = ""
    tone: str = "plain"


def number(
    count: int,
    page: str,
    query: Mapping[str, object] = MappingProxyType({}),
    *,
    label: str = "",
    tone: str = "plain",
) -> Number:
    """A count whose rows are on ``page``, asked for by ``query``; what is None is not asked."""
    asked = urlencode({key: str(value) for key, value in query.items() if value is not None})
    address = f"{reverse(page)}?{asked}" if asked else reverse(page)
    return Number(count, address, label, tone if count else "plain")


def length(time: timedelta | None, day: timedelta = DAY) -> str:
    """Hours, from one ``day`` on days with tenths cut off; a dash for what is not known.

    A ``day`` of another length than 24 hours is a working day and is said to be one.
    """
    if time is None:
        return "—"
    if time < day:
        return _("%(count)s h") % {"count": time // HOUR}
    tenths = time * 10 // day
    count = formats.number_format(tenths / 10, 1 if tenths % 10 else 0)
    text = _("%(count)s d") if day == DAY else _("%(count)s working d")
    return text % {"count": count}


def age(since: datetime | None, at: datetime) -> str:
    return length(at - since if since else None)
