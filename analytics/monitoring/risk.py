"""Risk focus: the receipts that are in danger, the worst first, each once and with its reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import CharField, Count, OuterRef, Q, QuerySet, Subquery, TextChoices, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.translation import gettext_lazy as _

from analytics import burning
from analytics.burning import SOON
from analytics.monitoring.estimates import Estimate, Estimator
from history.models import Event
from receipts.models import Hold, Receipt
from receipts.states import URGENT_LIST
from receipts.stays import Stay


class Level(TextChoices):
    """How bad it is."""

    CRITICAL = "critical", _("Critical")
    WARNING = "warning", _("Warning")
    STALE = "stale", _("Forgotten")
    NO_DEADLINE = "no_deadline", _("Without a deadline")


class Kind(TextChoices):
    """Why; each receipt is on the first that fits, and they stand in this order."""

    OVERDUE = "overdue", _("Overdue")
    WILL_MISS = "will_miss", _("Will be late by estimate")
    SOON = "soon", _("Due within 24 hours")
    LONG = "long", _("Too long where it is")
    STALE = "stale", _("Nothing happens")
    NO_DEADLINE = "no_deadline", _("Without a deadline")


LEVEL_OF: Final[Mapping[str, Level]] = {
    Kind.OVERDUE: Level.CRITICAL,
    Kind.WILL_MISS: Level.CRITICAL,
    Kind.SOON: Level.WARNING,
    Kind.LONG: Level.WARNING,
    Kind.STALE: Level.STALE,
    Kind.NO_DEADLINE: Level.NO_DEADLINE,
}
MOST: Final = 1_000
"""So many deadlines ahead are estimated, the nearest first."""


@dataclass(frozen=True)
class Risk:
    """One receipt. ``stays``: those over their limit; ``last_at``: of one that nobody touches."""

    receipt: Receipt
    kind: Kind
    stays: list[Stay] = field(default_factory=list)
    estimate: Estimate | None = None
    last_at: datetime | None = None

    @property
    def level(self) -> Level:
        return LEVEL_OF[self.kind]


@dataclass(frozen=True)
class RiskFocus:
    """Counts of all kinds, a page of the rows; ``capped``: there may be more of a kind."""

    at: datetime
    counts: dict[str, int]
    rows: list[Risk]
    capped: bool

    @property
    def levels(self) -> dict[str, int]:
        found = dict.fromkeys(Level.values, 0)
        for kind, count in self.counts.items():
            found[LEVEL_OF[kind]] += count
        return found

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def risk_focus(*, at: datetime, level: str = "", first: int = 0, most: int = 10) -> RiskFocus:
    """Receipts in danger at ``at``: rows ``first`` to ``first + most`` of them, the worst first.

    Critical: past the deadline while it still has to be finished (the longest first), or its
    deadline will be missed by estimate (:class:`Estimator`; the latest first). Warning: due within
    24 hours (the nearest first), or over a service limit (the furthest over first). Forgotten:
    nothing was recorded about it for ``RISK_STALE_DAYS`` days of 24 hours, the longest first.
    Without a deadline: the oldest first. Ready and refused watches are only in it when they lie
    too long. ``level`` asks for one of them. Work is bounded: ``MOST`` estimates, ``burning.MOST``
    stays measured, about 35 queries.
    """
    here = Receipt.objects.in_workshop()
    unfinished = here.filter(status__in=URGENT_LIST)
    missing, full = _missing(unfinished, at)
    overdue = unfinished.filter(deadline__lt=at)
    soon = unfinished.filter(deadline__gte=at, deadline__lt=at + SOON).exclude(pk__in=missing)
    page = _Page(level, first, most)
    found = [
        *page.of_rows(Kind.OVERDUE, overdue, ("deadline", "pk")),
        *page.of_ids(Kind.WILL_MISS, list(missing)),
        *page.of_rows(Kind.SOON, soon, ("deadline", "pk")),
    ]
    others = here.exclude(status__in=URGENT_LIST, deadline__lt=at + SOON).exclude(pk__in=missing)
    ids = burning.may_be_over(others, at)
    over = burning.over_limits([*(row.receipt.pk for row in found), *ids[: burning.MOST]], at)
    found = [
        replace(row, stays=over.pop(row.receipt.pk, []), estimate=missing.get(row.receipt.pk))
        for row in found
    ]
    long = sorted(over.items(), key=lambda one: (-burning.share(one[1][0]), one[0]))
    for row in page.of_ids(Kind.LONG, [pk for pk, _stays in long]):
        found.append(replace(row, stays=over[row.receipt.pk]))
    rest = unfinished.exclude(deadline__lt=at + SOON).exclude(pk__in=[*missing, *over])
    still, dead = _touched(rest), _untouched(at)
    found += page.of_rows(Kind.STALE, still.filter(dead), ("last_at", "pk"))
    undated = still.filter(deadline__isnull=True).exclude(dead)
    found += page.of_rows(Kind.NO_DEADLINE, undated, ("received_at", "pk"))
    return RiskFocus(at, page.counts, found, capped=full or len(ids) > burning.MOST)


def _missing(rows: QuerySet[Any], at: datetime) -> tuple[dict[int, Estimate], bool]:
    """Receipts that will miss their deadline, by how much, the latest first; all were asked?"""
    hold = Hold.objects.valid().filter(receipt=OuterRef("pk"), ended_at__isnull=True)
    dated = list(
        rows.filter(deadline__gte=at)
        .order_by("deadline", "pk")
        .values_list(
            "pk", "status", "status_since", "deadline", Subquery(hold.values("reason_id")[:1])
        )[: MOST + 1]
    )
    if not dated:
        return {}, False
    estimator, found = Estimator(at), {}
    for pk, status, since, deadline, reason in dated[:MOST]:
        estimate = estimator.of(status, since, deadline, reason)
        if estimate is not None and estimate.misses:
            found[pk] = estimate
    latest = sorted(found.items(), key=lambda one: (-one[1].late, one[0]))
    return dict(latest), len(dated) > MOST


def _touched(rows: QuerySet[Any]) -> QuerySet[Any]:
    """With ``last_at``: when the last event about the receipt happened."""
    event = Event.objects.filter(
        stream=Concat(Value("receipt:"), Cast(OuterRef("pk"), CharField())),
        sequence=OuterRef("version"),
    )
    return rows.annotate(
        last_at=Coalesce(Subquery(event.values("occurred_at")[:1]), "status_since")
    )


def _untouched(at: datetime) -> Q:
    """The status first: it is a column, and a change of it would be an event."""
    since = at - timedelta(days=settings.RISK_STALE_DAYS)
    return Q(status_since__lt=since, last_at__lt=since)


class _Page:
    """Cuts the asked rows out of the kinds, one after the other, and counts all of them."""

    def __init__(self, level: str, first: int, most: int) -> None:
        self._level, self._skip, self._most = level, first, most
        self.counts: dict[str, int] = {}

    def of_rows(self, kind: Kind, rows: QuerySet[Any], order: tuple[str, ...]) -> list[Risk]:
        count = rows.aggregate(n=Count("pk"))["n"]
        ordered = rows.select_related("master", "watch").order_by(*order)
        return self._cut(kind, count, lambda first, after: ordered[first:after])

    def of_ids(self, kind: Kind, ids: list[int]) -> list[Risk]:
        def read(first: int, after: int) -> list[Receipt]:
            rows = Receipt.objects.select_related("master", "watch").in_bulk(ids[first:after])
            return [rows[pk] for pk in ids[first:after]]

        return self._cut(kind, len(ids), read)

    def _cut(self, kind: Kind, count: int, read: Callable[[int, int], Any]) -> list[Risk]:
        self.counts[kind.value] = count
        if self._level not in {"", LEVEL_OF[kind]}:
            return []
        first = min(self._skip, count)
        after = min(first + self._most, count)
        self._skip -= first
        if after == first:
            return []
        self._most -= after - first
        return [
            Risk(row, kind, last_at=getattr(row, "last_at", None)) for row in read(first, after)
        ]
