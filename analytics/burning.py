"""What burns: receipts that want somebody today, the worst first, each with its reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from analytics.filters import EVERYTHING, Filters
from analytics.places import narrowed
from analytics.working import WorkingTime
from receipts import stays
from receipts.models import Assignment, DetachedPart, Hold, Receipt, ServiceLimit
from receipts.services.calendars import current_calendar
from receipts.states import URGENT_LIST, Status
from receipts.stays import Stay
from receipts.worktime import working_day_length
from workshop.lib import clock


class Level(TextChoices):
    """Each receipt is on the first that fits."""

    OVERDUE = "overdue", _("Overdue")
    SOON = "soon", _("Due within 24 hours")
    LONG = "long", _("Too long where it is")


SOON: Final = timedelta(hours=24)
MOST: Final = 500
"""So many are measured against their service limits, the ones that stay longest first."""

REACH: Final = timedelta(days=400)
"""How far back working time is laid out; a stay that began before is measured in any case."""


@dataclass(frozen=True)
class Burning:
    """One receipt, and the stays that are over their limit (none: only its deadline burns)."""

    receipt: Receipt
    level: str
    stays: list[Stay] = field(default_factory=list)


@dataclass(frozen=True)
class WhatBurns:
    """Counts of all levels, the worst rows of them; ``capped``: there may be more on LONG."""

    at: datetime
    counts: dict[str, int]
    rows: list[Burning]
    capped: bool

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def what_burns(
    *,
    at: datetime,
    filters: Filters = EVERYTHING,
    level: str = "",
    first: int = 0,
    most: int = 10,
) -> WhatBurns:
    """Receipts that burn at ``at``: rows ``first`` to ``first + most`` of them, the worst first.

    Overdue: past the deadline while it still has to be finished, the longest first. Due within 24
    hours: the nearest first. Too long where it is: over a service limit by its own clock (working
    time; a hold stops it), without a deadline in the next 24 hours; the furthest over first. Each
    receipt once; ``level`` asks for one of them. About seventeen queries, and work for no more than
    ``MOST`` receipts, however many there are.
    """
    here = narrowed(Receipt.objects.in_workshop(), filters)
    due = here.filter(status__in=URGENT_LIST, deadline__lt=at + SOON)
    counts = due.aggregate(
        overdue=Count("pk", filter=Q(deadline__lt=at)),
        soon=Count("pk", filter=Q(deadline__gte=at)),
    )
    shown = _by_deadline(due, counts, at, level)[first : first + most]
    others = here.exclude(status__in=URGENT_LIST, deadline__lt=at + SOON)
    ids = may_be_over(others, at)
    over = over_limits([*(row.pk for row in shown), *ids[:MOST]], at)
    rows = [
        Burning(row, Level.OVERDUE if row.deadline < at else Level.SOON, over.pop(row.pk, []))
        for row in shown
    ]
    long = sorted(
        (Burning(one[0].receipt, Level.LONG, one) for one in over.values()),
        key=lambda one: (-share(one.stays[0]), one.receipt.pk),
    )
    counts[Level.LONG.value] = len(long)
    if level in {"", Level.LONG}:
        before = 0 if level else counts[Level.OVERDUE] + counts[Level.SOON]
        start = max(0, first - before)
        rows += long[start : start + most - len(rows)]
    return WhatBurns(at, counts, rows, capped=len(ids) > MOST)


def over_a_limit(
    *, at: datetime, code: str = "", first: int = 0, most: int = 10
) -> tuple[list[Burning], int]:
    """Receipts over a service limit, or over any of them, whatever their deadline; how many.

    The list behind the numbers of monitoring: the furthest over first, looked for among ``MOST``.
    """
    over = over_limits(may_be_over(Receipt.objects.in_workshop(), at)[:MOST], at)
    found = []
    for several in over.values():
        chosen = [stay for stay in several if code in {"", stay.limit.code}]
        if chosen:
            receipt = chosen[0].receipt
            found.append(Burning(receipt, _level(receipt, at), chosen))
    found.sort(key=lambda one: (-share(one.stays[0]), one.receipt.pk))
    return found[first : first + most], len(found)


def _level(receipt: Receipt, at: datetime) -> Level:
    if receipt.status not in URGENT_LIST or receipt.deadline is None:
        return Level.LONG
    if receipt.deadline < at:
        return Level.OVERDUE
    return Level.SOON if receipt.deadline < at + SOON else Level.LONG


def _by_deadline(due: QuerySet[Any], counts: dict[str, int], at: datetime, level: str) -> Any:
    """The rows of the levels that the deadline makes, the earliest first."""
    if level == Level.OVERDUE:
        due = due.filter(deadline__lt=at)
    elif level == Level.SOON:
        due = due.filter(deadline__gte=at)
    elif level:
        due = due.none()
    return due.select_related("master", "watch").order_by("deadline", "pk")


def over_limits(ids: Sequence[int], at: datetime) -> dict[int, list[Stay]]:
    """Receipt → its stays over their limit, the furthest over first."""
    found: dict[int, list[Stay]] = defaultdict(list)
    rows = Receipt.objects.filter(pk__in=ids).select_related("master", "watch")
    for stay in stays.over(rows, at):
        found[stay.receipt.pk].append(stay)
    return {pk: sorted(several, key=share, reverse=True) for pk, several in found.items()}


def share(stay: Stay) -> float:
    """Of what is allowed; above 1 it is over."""
    return stay.spent / stay.allowed if stay.allowed else float("inf")


STAYS: Final = {
    Status.RECEIVED: stays.HAND_OUT,
    Status.IN_WORK: stays.MASTER,
    Status.QUALITY_CONTROL: stays.QC,
    Status.RETURNED: stays.RETURNED,
    Status.READY: stays.NOT_COLLECTED,
}


def may_be_over(rows: QuerySet[Any], at: datetime) -> list[int]:
    """Who can be over a limit at all: pauses only shorten a stay, so who came later cannot.

    At most ``MOST`` and one, the longest stays first. A watch that a hold has interrupted counts
    from before it, which its status does not tell.
    """
    calendar = current_calendar()
    laid, day = WorkingTime(at - REACH, at, calendar, clock.zone()), working_day_length(calendar)
    since = {row.code: _Since(row, laid, day, at) for row in stays.active_limits().values()}
    mine = {"receipt": OuterRef("pk"), "voided_at__isnull": True}
    # Asked from the watches that are here: the holds of all times are many.
    resumed = Hold.objects.filter(
        voided_at__isnull=True,
        ended_at=F("receipt__status_since"),
        receipt__voided_at__isnull=True,
        receipt__status__in=STAYS,
    )
    chosen = Q(pk__in=resumed.values("receipt"))
    for status, code in STAYS.items():
        if code in since:
            chosen |= Q(status=status) & since[code].began("status_since", "urgent")
    handed = Assignment.objects.filter(ended_at__isnull=True, **mine)
    if stays.MASTER in since:
        long = since[stays.MASTER].began("assigned_at", "receipt__urgent")
        chosen |= Q(status=Status.IN_WORK) & Q(Exists(handed.filter(long)))
    if stays.NOT_ACCEPTED in since and settings.WORKSHOP_SELF_SERVICE:
        long = since[stays.NOT_ACCEPTED].began("assigned_at", "receipt__urgent")
        waiting = handed.filter(long, accepted_at__isnull=True)
        chosen |= Q(status=Status.IN_WORK) & Q(Exists(waiting))
    if stays.POLISHER in since:
        away = DetachedPart.objects.filter(receipt=OuterRef("pk"), until__isnull=True)
        chosen |= Q(Exists(away.filter(since[stays.POLISHER].began("since", "receipt__urgent"))))
    found = rows.exclude(status=Status.ON_HOLD).filter(chosen)
    return list(found.order_by("status_since", "pk").values_list("pk", flat=True)[: MOST + 1])


class _Since:
    """Until when a stay must have begun to be over its limit by now, for usual and urgent ones."""

    def __init__(
        self, limit: ServiceLimit, laid: WorkingTime, day: timedelta, at: datetime
    ) -> None:
        self._limit, self._laid, self._day, self._at = limit, laid, day, at
        urgent = limit.amount if limit.urgent_amount is None else limit.urgent_amount
        self.usual, self.urgent = self._moment(limit.amount), self._moment(urgent)

    def _moment(self, amount: Decimal) -> datetime:
        if self._limit.unit == ServiceLimit.Unit.CALENDAR_DAYS:
            return self._at - timedelta(days=1) * float(amount)
        return self._laid.back(self._at, self._day * float(amount)) or self._at - REACH

    def began(self, moment: str, urgent: str) -> Q:
        return Q(**{urgent: False, f"{moment}__lte": self.usual}) | Q(
            **{urgent: True, f"{moment}__lte": self.urgent}
        )
