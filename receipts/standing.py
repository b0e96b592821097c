"""Why a watch wants attention, in words: its deadline, and how long it has been where it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import formats
from django.utils.translation import gettext as _

from receipts.models import Receipt, ServiceLimit
from receipts.states import URGENT_LIST
from receipts.stays import Stay
from workshop.lib import clock


def deadline_words(receipt: Receipt, at: datetime) -> tuple[str, bool] | None:
    """``Overdue since 25.11.2026 18:00`` and True, ``Due …`` and False; None without a deadline
    that still counts.
    """
    if receipt.deadline is None or receipt.status not in URGENT_LIST:
        return None
    when = {"when": clock.show(receipt.deadline)}
    if receipt.deadline <= at:
        return _("Overdue since %(when)s") % when, True
    return _("Due %(when)s") % when, False


def stay_words(stay: Stay) -> str:
    """The place, the time spent there by its clock, and how long it may be."""
    place = f"{stay.limit.name}: {stay.who}" if stay.who else str(stay.limit.name)
    return _("%(place)s, %(spent)s of %(allowed)s") % {
        "place": place,
        "spent": _length(stay, stay.spent),
        "allowed": _length(stay, stay.allowed),
    }


def _length(stay: Stay, length: timedelta) -> str:
    """In the unit of the limit, tenths cut off; less than a day in hours."""
    if length < stay.unit:
        return _("%(count)s h") % {"count": length // timedelta(hours=1)}
    tenths = length * 10 // stay.unit
    count = formats.number_format(tenths / 10, 1 if tenths % 10 else 0)
    if stay.limit.unit == ServiceLimit.Unit.WORKING_DAYS:
        return _("%(count)s working d") % {"count": count}
    return _("%(count)s d") % {"count": count}
