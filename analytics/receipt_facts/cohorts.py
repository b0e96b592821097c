"""Which receipts a number counts, said once: as a condition of SQL and of a derived receipt.

Every number is the count of a cohort, and the list behind it are its members.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from analytics.models import FirstCheckType, ReceiptFact, StatusTime
from analytics.periods import Period
from analytics.receipt_facts.derived import Derived, Key
from analytics.receipt_facts.reading import Known, inside, within


@dataclass(frozen=True)
class Cohort:
    """``moment`` is the field that says when: the order of its list, newest first."""

    stored: Q
    live: Callable[[Derived], bool]
    moment: str

    def __and__(self, other: Cohort) -> Cohort:
        """Those who are in both."""
        return Cohort(
            self.stored & other.stored,
            lambda one: self.live(one) and other.live(one),
            self.moment,
        )


def happened(asked: Period, moment: str) -> Cohort:
    """What the field ``moment`` tells fell into the period."""
    return Cohort(within(asked, moment), lambda one: inside(asked, getattr(one, moment)), moment)


REPAIRED = Cohort(Q(refused_at__isnull=True), lambda one: one.refused_at is None, "ready_at")
"""Not refused, and not handed out unrepaired."""


def ready(asked: Period) -> Cohort:
    """Became ready in the period for the last time."""
    return happened(asked, "ready_at")


def issued(asked: Period) -> Cohort:
    """Handed out in the period, repaired."""
    return happened(asked, "issued_at") & REPAIRED


def unrepaired(asked: Period) -> Cohort:
    """Handed out in the period after a refusal."""
    refused = Cohort(
        Q(refused_at__isnull=False), lambda one: one.refused_at is not None, "issued_at"
    )
    return happened(asked, "issued_at") & refused


def was_in(key: Key) -> Cohort:
    """Spent time in this status (on hold: for this reason) before it was ready."""
    status, reason = key
    times = StatusTime.objects.filter(fact=OuterRef("pk"), status=status, hold_reason=reason)
    if reason is None:
        times = StatusTime.objects.filter(
            fact=OuterRef("pk"), status=status, hold_reason__isnull=True
        )
    return Cohort(Q(Exists(times)), lambda one: key in one.times, "ready_at")


def due(asked: Period, at: datetime, field: str) -> Cohort:
    """``field`` (first_deadline or deadline) fell into the period and has passed; not refused."""
    before = min(asked.end, at)

    def live(one: Derived) -> bool:
        deadline = getattr(one, field)
        return deadline is not None and asked.start <= deadline < before

    stored = Q(**{f"{field}__gte": asked.start, f"{field}__lt": before})
    return Cohort(stored, live, field) & REPAIRED


def ahead(asked: Period, at: datetime, field: str) -> Cohort:
    """``field`` falls into the period and still lies ahead."""
    after = max(asked.start, at)

    def live(one: Derived) -> bool:
        deadline = getattr(one, field)
        return deadline is not None and after <= deadline < asked.end

    stored = Q(**{f"{field}__gte": after, f"{field}__lt": asked.end})
    return Cohort(stored, live, field) & REPAIRED


def kept(field: str) -> Cohort:
    """Ready by ``field``; what is not ready has not kept it."""

    def live(one: Derived) -> bool:
        deadline = getattr(one, field)
        return one.ready_at is not None and deadline is not None and one.ready_at <= deadline

    return Cohort(Q(ready_at__lte=F(field)), live, field)


def missed(field: str) -> Cohort:
    """Not ready by ``field``."""
    stored = Q(ready_at__isnull=True) | Q(ready_at__gt=F(field))
    by_then = kept(field)
    return Cohort(stored, lambda one: not by_then.live(one), field)


def first_checked(asked: Period) -> Cohort:
    """The first decision of quality control that stands fell into the period."""
    return happened(asked, "first_check_at")


PASSED_AT_ONCE = Cohort(
    Q(first_passed=True), lambda one: one.first_passed is True, "first_check_at"
)
CAME_BACK_FIRST = Cohort(
    Q(first_passed=False), lambda one: one.first_passed is False, "first_check_at"
)
RETURNED = Cohort(Q(returns__gt=0), lambda one: one.returns > 0, "first_check_at")
"""Came back from quality control at least once, until the moment of the question."""


def with_type(kind: int, *, hit: bool | None = None) -> Cohort:
    """A work of this type stood there at the first check; ``hit``: and (not) came back with it."""
    rows = FirstCheckType.objects.filter(fact=OuterRef("pk"), type=kind)
    if hit is not None:
        rows = rows.filter(hit=hit)

    def live(one: Derived) -> bool:
        return kind in one.types and hit in (None, one.types[kind])

    return Cohort(Q(Exists(rows)), live, "first_check_at")


def counts(found: Known, whole: Cohort, parts: Mapping[str, Cohort]) -> dict[str, int]:
    """How many members each part has of the whole; one query."""
    stored = (
        found.facts()
        .filter(whole.stored)
        .aggregate(**{name: Count("pk", filter=part.stored) for name, part in parts.items()})
    )
    live = found.chosen(whole.live)
    return {name: stored[name] + sum(map(part.live, live)) for name, part in parts.items()}


@dataclass(frozen=True)
class Members:
    """The receipts of a cohort as a sequence of ids: first what changed just now, then the stored
    ones, newest first. Pages of it are read, never the whole.
    """

    live: tuple[int, ...]
    stored: QuerySet[ReceiptFact, int]

    def __len__(self) -> int:
        return len(self.live) + self.stored.count()

    def __getitem__(self, page: slice) -> list[int]:
        first, last = page.start or 0, page.stop
        done = len(self.live)
        stored = self.stored[max(0, first - done) : max(0, last - done)]
        return [*self.live[first:last], *stored]


def members(found: Known, cohort: Cohort) -> Members:
    """Who is in the cohort; as many as its number says."""
    moment: Any = cohort.moment
    live: Sequence[Derived] = sorted(
        found.chosen(cohort.live), key=lambda one: (getattr(one, moment), one.id), reverse=True
    )
    rows = found.facts().filter(cohort.stored).order_by(f"-{moment}", "-pk")
    return Members(tuple(one.id for one in live), rows.values_list("pk", flat=True))
