"""Metrics of the watches that are here: where they stand, what is late, what is at the polisher."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from analytics.burning import MOST, SOON, may_be_over, over_limits
from analytics.master_load import handed
from analytics.monitoring.catalogue import Category, Link, Metric, Unit, key
from analytics.monitoring.sources import Measured
from analytics.places import Place
from analytics.workshop_now import here
from polishing.models import PolishingOrder
from receipts.models import Receipt, ServiceLimit
from receipts.states import IN_WORKSHOP, URGENT_LIST, Status
from workshop.lib import clock
from workshop.lib.one_look import once

STATUSES: Final = tuple(status.value for status in Status if status in IN_WORKSHOP)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

DUES: Final = ("overdue", "due_today", "due_24h")
AT_PLACES: Final = {Place.MASTER.value: "at_masters", Place.POLISHER.value: "at_polishers"}
COUNTED: Final = (
    "open_receipts",
    *AT_PLACES.values(),
    *DUES,
    *(key("open_by_status", status) for status in STATUSES),
)
"""Nothing of it is zero, not unknown."""


def _receipts(**query: str) -> Link:
    def link(label: str) -> str:
        chosen = {name: label if value == "*" else value for name, value in query.items()}
        return f"{reverse('admin:receipts_receipt_changelist')}?{urlencode(chosen)}"

    return link


def _page(name: str, **query: str) -> Link:
    return lambda label: f"{reverse(name)}?{urlencode(query)}" if query else reverse(name)


def _over(limit: str) -> str:
    return f"{reverse('numbers-burning')}?{urlencode({'limit': limit or 'any'})}"


def _status_names() -> Mapping[str, str]:
    return {status: str(Status(status).label) for status in STATUSES}


@once
def _limit_names() -> Mapping[str, str]:
    return dict(ServiceLimit.objects.order_by("order", "name").values_list("code", "name"))


WATCHES: Final = (
    Metric(
        code="open_receipts",
        category=Category.RECEIPTS,
        label=_("In the workshop"),
        about=_("Receipts whose watch is here: neither handed to the customer nor void."),
        alert=True,
        link=_receipts(status="here"),
    ),
    Metric(
        code="open_by_status",
        category=Category.RECEIPTS,
        label=_("In the workshop by status"),
        about=_("The same, by the status they have now."),
        alert=True,
        labelled=True,
        link=_receipts(status="*"),
        label_names=_status_names,
    ),
    Metric(
        code="oldest_in_status",
        category=Category.RECEIPTS,
        label=_("Longest in a status"),
        about=_("Hours by the calendar since the watch that is longest in a status came into it."),
        unit=Unit.HOURS,
        alert=True,
        labelled=True,
        link=_receipts(status="*"),
        label_names=_status_names,
    ),
    Metric(
        code="at_masters",
        category=Category.RECEIPTS,
        label=_("Watches at the masters"),
        about=_("In work, with no part at a polisher."),
        alert=True,
        link=_page("numbers-here", place=Place.MASTER.value),
    ),
    Metric(
        code="not_accepted",
        category=Category.RECEIPTS,
        label=_("Not accepted by the master"),
        about=_(
            "Handed to a master who has not taken them into work. Only where masters serve"
            " themselves."
        ),
        alert=True,
        status=True,
        link=_page("numbers-handed", unaccepted="1"),
    ),
    Metric(
        code="overdue",
        category=Category.DEADLINES,
        label=_("Overdue"),
        about=_("Past their deadline while they still have to be finished."),
        alert=True,
        status=True,
        link=_receipts(due="overdue"),
    ),
    Metric(
        code="due_today",
        category=Category.DEADLINES,
        label=_("Due today"),
        about=_("Still to be finished, with a deadline on this day of the workshop."),
        alert=True,
        link=_receipts(due="today"),
    ),
    Metric(
        code="due_24h",
        category=Category.DEADLINES,
        label=_("Due within 24 hours"),
        about=_("Still to be finished, with a deadline in the next 24 hours."),
        alert=True,
        link=_page("numbers-burning", level="soon"),
    ),
    Metric(
        code="at_polishers",
        category=Category.POLISHING,
        label=_("Watches waiting for a polisher"),
        about=_("Watches whose case or bracelet is at a polisher, neither on hold nor ready."),
        alert=True,
        link=_page("numbers-here", place=Place.POLISHER.value),
    ),
    Metric(
        code="polishing_open",
        category=Category.POLISHING,
        label=_("Polishing orders under way"),
        about=_("Polishing orders that were sent and not taken back."),
        alert=True,
        link=_page("numbers-rounds"),
    ),
    Metric(
        code="polishing_oldest",
        category=Category.POLISHING,
        label=_("Longest at a polisher"),
        about=_("Days by the calendar since the oldest polishing order under way was sent."),
        unit=Unit.DAYS,
        alert=True,
        status=True,
        link=_page("numbers-rounds"),
    ),
)

LIMITS: Final = (
    Metric(
        code="over_limit",
        category=Category.DEADLINES,
        label=_("Over a service limit"),
        about=_(
            "Watches that are longer where they are than a service limit allows, by its own clock."
            " Counted up to 500, the longest first."
        ),
        alert=True,
        status=True,
        link=lambda label: _over(""),
    ),
    Metric(
        code="over_limit_at",
        category=Category.DEADLINES,
        label=_("Over each service limit"),
        about=_("The same by the limit. A watch may be over two: at its master and a polisher."),
        alert=True,
        labelled=True,
        link=_over,
        label_names=_limit_names,
    ),
)


def watches(at: datetime) -> Measured:
    """Counts of the present; three queries."""
    today, tomorrow = clock.day_bounds(clock.local(at).date())
    due = Q(status__in=URGENT_LIST)
    rows = (
        here(at)
        .order_by()
        .values_list("status", "stands")
        .annotate(
            Count("pk"),
            Min("status_since"),
            # In the order of ``DUES``.
            overdue=Count("pk", filter=Q(late=True)),
            due_today=Count("pk", filter=due & Q(deadline__gte=today, deadline__lt=tomorrow)),
            due_24h=Count("pk", filter=due & Q(deadline__gte=at, deadline__lt=at + SOON)),
        )
    )
    counts = Counter(dict.fromkeys(COUNTED, 0))
    oldest: dict[str, datetime] = {}
    for status, stands, count, since, *dues in rows:
        counts["open_receipts"] += count
        counts[key("open_by_status", status)] += count
        if stands in AT_PLACES:
            counts[AT_PLACES[stands]] += count
        for name, number in zip(DUES, dues, strict=True):
            counts[name] += number
        oldest[status] = min(oldest.get(status, since), since)
    ages = {
        key("oldest_in_status", status): _since(oldest.get(status), at, HOUR) for status in STATUSES
    }
    return {**counts, **ages, **_not_accepted(at), **_polishing(at)}


def _not_accepted(at: datetime) -> Measured:
    if not settings.WORKSHOP_SELF_SERVICE:
        return {"not_accepted": None}
    return {"not_accepted": handed(at).filter(unaccepted=True).count()}


def _polishing(at: datetime) -> Measured:
    found = PolishingOrder.objects.open().aggregate(number=Count("pk"), oldest=Min("sent_at"))
    return {
        "polishing_open": found["number"],
        "polishing_oldest": _since(found["oldest"], at, DAY),
    }


def _since(moment: datetime | None, at: datetime, unit: timedelta) -> float:
    """0 when nothing is there, as of a queue: else an alert on it would never be over."""
    return 0.0 if moment is None else max(at - moment, timedelta()) / unit


def limits(at: datetime) -> Measured:
    """Watches over their service limits; about fifteen queries, work for no more than ``MOST``."""
    ids = may_be_over(Receipt.objects.in_workshop(), at)[:MOST]
    over = over_limits(ids, at)
    codes = ServiceLimit.objects.active().values_list("code", flat=True)
    numbers = {key("over_limit_at", code): 0 for code in codes}
    for several in over.values():
        for code in {stay.limit.code for stay in several}:
            numbers[key("over_limit_at", code)] += 1
    return {"over_limit": len(over), **numbers}
