"""Facts for a question: stored ones through SQL, and beside them those that are derived now.

Derived now are receipts that carry a mark, that have no facts yet, or to which something happened
after the moment of the question. They are left out of the SQL, so nobody is counted twice. Of them
only those are looked at that may touch the period: their number does not grow with history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from analytics.filters import EVERYTHING, Filters
from analytics.models import FactsProgress, FirstCheckType, Mark, ReceiptFact, StatusTime
from analytics.periods import DAY, Period
from analytics.receipt_facts.derived import Derived
from analytics.receipt_facts.loading import derived
from receipts.models import QualityCheck, Receipt
from workshop.lib.errors import RuleViolation


@dataclass(frozen=True)
class Known:
    """Every receipt that a question may count, once: stored or live."""

    at: datetime
    filters: Filters
    live: tuple[Derived, ...]

    def facts(self) -> QuerySet[ReceiptFact]:
        """Stored facts that are exact at the moment of the question."""
        rows: QuerySet[ReceiptFact] = ReceiptFact.objects.order_by()
        return rows.filter(self._exact(""))

    def status_times(self) -> QuerySet[StatusTime]:
        rows: QuerySet[StatusTime] = StatusTime.objects.order_by()
        return rows.filter(self._exact("fact__"))

    def first_check_types(self) -> QuerySet[FirstCheckType]:
        rows: QuerySet[FirstCheckType] = FirstCheckType.objects.order_by()
        return rows.filter(self._exact("fact__"))

    def chosen(self, condition: Callable[[Derived], bool]) -> list[Derived]:
        return [one for one in self.live if condition(one)]

    def _exact(self, to_fact: str) -> Q:
        watch = {f"{to_fact}receipt__{key}": value for key, value in of_watch(self.filters).items()}
        moment = {f"{to_fact}void": False, f"{to_fact}last_at__lte": self.at}
        marked = {f"{to_fact}pk__in": Mark.objects.order_by().values("receipt_id")}
        return Q(**moment, **watch) & ~Q(**marked)


def known(asked: Period, *, at: datetime, filters: Filters = EVERYTHING) -> Known:
    """What is needed for a question about the period, as it stood at ``at``.

    Two queries, and nine more for every 500 receipts that are derived now. Raises RuleViolation
    ``analytics.watches_only`` for filters that only works have.
    """
    ensure_of_watches(filters)
    progress = FactsProgress.objects.filter(pk=FactsProgress.ONLY).first()
    position = progress.position if progress else 0
    receipts = Receipt.objects.valid().filter(received_at__lt=asked.end, **of_watch(filters))
    touching = receipts.filter(_may_touch(asked))
    marked = touching.filter(pk__in=Mark.objects.order_by().values("receipt_id"))
    lacking = touching.filter(pk__gt=position, fact__isnull=True)
    # What it was then is not what it is now: nothing can be said before it is derived.
    later = receipts.filter(fact__last_at__gt=at)
    ids = [rows.order_by().values_list("pk", flat=True) for rows in (marked, lacking, later)]
    return Known(at, filters, tuple(derived(list(ids[0].union(*ids[1:])), at=at)))


def ensure_of_watches(filters: Filters) -> None:
    """A number of whole watches has no person and no type of work: choosing one is refused."""
    for chosen, field in ((filters.employees, "employee"), (filters.types, "type")):
        if chosen:
            raise RuleViolation(
                "analytics.watches_only",
                _("This number is about whole watches: it knows no persons and types of work."),
                field=field,
            )


def of_watch(filters: Filters) -> dict[str, Any]:
    """Conditions on a receipt. Brand and metal are read from the watch as its card says today."""
    found: dict[str, Any] = {}
    if filters.brand:
        found["watch__brand"] = filters.brand
    if filters.metal is not None:
        found["watch__metal"] = filters.metal
    return found


def _may_touch(asked: Period) -> Q:
    """Conditions that every receipt meets which has a moment in the period.

    A day more: the clocks of two machines may differ, and what was derived follows the order of
    the events.
    """
    start, end = asked.start - DAY, asked.end + DAY
    inside = {"gte": start, "lt": end}

    def within(name: str) -> Q:
        return Q(**{f"{name}__{lookup}": moment for lookup, moment in inside.items()})

    decided = QualityCheck.objects.filter(
        receipt=OuterRef("pk"), decided_at__gte=start, decided_at__lt=end
    )
    return (
        Q(status_since__gte=start)
        | within("received_at")
        | within("deadline")
        | within("first_promise")
        | Q(Exists(decided))
    )


def inside(asked: Period, moment: datetime | None) -> bool:
    return moment is not None and asked.start <= moment < asked.end


def within(asked: Period, column: str) -> Q:
    """The same as a condition of SQL."""
    return Q(**{f"{column}__gte": asked.start, f"{column}__lt": asked.end})
