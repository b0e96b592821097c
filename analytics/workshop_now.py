"""What is in the workshop now, split by what it waits for, and for how long it has been here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Min, Q, QuerySet

from analytics.filters import EVERYTHING, Filters
from analytics.places import Place, narrowed, placed, with_late
from receipts.models import HoldReason, Receipt

EDGES: Final = (3, 7, 14, 30, 60)
"""Days of 24 hours since it was taken in; the buckets lie between them, the last is open."""


@dataclass(frozen=True)
class Group:
    """The watches of one place (of a hold: with one reason); ``ages`` sums up to ``count``."""

    place: str
    hold_reason: int | None
    label: str
    count: int
    overdue: int
    ages: tuple[int, ...]
    oldest: datetime | None


@dataclass(frozen=True)
class WorkshopNow:
    """Every watch that is here in exactly one group; places without one stand there with 0."""

    at: datetime
    groups: list[Group]

    @property
    def total(self) -> int:
        return sum(group.count for group in self.groups)

    @property
    def overdue(self) -> int:
        return sum(group.overdue for group in self.groups)

    @property
    def ages(self) -> tuple[int, ...]:
        return tuple(map(sum, zip(*(group.ages for group in self.groups), strict=True)))


def here(at: datetime, filters: Filters = EVERYTHING) -> QuerySet[Any]:
    """The receipts that ``workshop_now`` counts, each with its place: the list behind it."""
    return with_late(placed(narrowed(Receipt.objects.in_workshop(), filters)), at)


def aged(bucket: int, at: datetime) -> Q:
    """Taken in so long before ``at`` that it belongs to this bucket of ``EDGES``."""
    condition = Q()
    if bucket > 0:
        condition &= Q(received_at__lte=at - timedelta(days=EDGES[bucket - 1]))
    if bucket < len(EDGES):
        condition &= Q(received_at__gt=at - timedelta(days=EDGES[bucket]))
    return condition


def workshop_now(*, at: datetime, filters: Filters = EVERYTHING) -> WorkshopNow:
    """Watches in the workshop by what they wait for, with their age since they were taken in.

    Waiting (taken in and not handed out, or returned and not handed back) · at a master · a part
    at the polisher · at quality control · on hold, by its reason (parts, approval, payment, …) ·
    ready · without repair. Void and handed-out receipts are in none. Calendar days. Two queries.
    """
    rows = (
        here(at, filters)
        .order_by()
        .values_list("stands", "hold_reason")
        .annotate(
            number=Count("pk"),
            overdue=Count("pk", filter=Q(late=True)),
            oldest=Min("received_at"),
            **{f"age_{n}": Count("pk", filter=aged(n, at)) for n in range(len(EDGES) + 1)},
        )
    )
    names = dict(HoldReason.objects.order_by("order", "name").values_list("pk", "name"))
    found: dict[tuple[str, int | None], Group] = {}
    for place, reason, count, overdue, oldest, *ages in rows:
        label = names[reason] if reason else str(Place(place).label)
        found[place, reason] = Group(place, reason, label, count, overdue, tuple(ages), oldest)
    nothing = (0,) * (len(EDGES) + 1)
    keys: list[tuple[str, int | None]] = []
    for place in Place:
        own = [(place.value, one) for one in (*names, None) if (place.value, one) in found]
        keys += own or [(place.value, None)]
    return WorkshopNow(
        at,
        [
            found.get(key) or Group(*key, str(Place(key[0]).label), 0, 0, nothing, None)
            for key in keys
        ],
    )
