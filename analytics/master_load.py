"""What every master has now, and why what is late is late."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Case, Count, F, Min, Q, QuerySet, Value, When

from analytics.filters import EVERYTHING, Filters
from analytics.places import Place, narrowed, placed, with_late
from receipts.models import HoldReason, OperationType, Receipt
from receipts.states import IN_WORKSHOP, Status
from staff.models import Employee

Cause = tuple[str, int | None]
"""Where the watch is stuck, and the reason if that is a hold."""


@dataclass(frozen=True)
class MasterLoad:
    """The watches handed to one master; ``places`` counts each of them once."""

    employee_id: int
    name: str
    places: dict[str, int] = field(default_factory=dict)
    purposes: dict[int | None, int] = field(default_factory=dict)
    overdue: dict[Cause, int] = field(default_factory=dict)
    not_accepted: int = 0
    oldest: datetime | None = None

    @property
    def total(self) -> int:
        return sum(self.places.values())

    @property
    def bench(self) -> int:
        return self.places.get(Place.MASTER, 0)

    @property
    def late(self) -> int:
        return sum(self.overdue.values())


@dataclass(frozen=True)
class MasterLoads:
    """Masters in alphabetical order, the purposes and reasons that occur by name."""

    at: datetime
    people: list[MasterLoad]
    purposes: dict[int, str]
    reasons: dict[int, str]

    @property
    def total(self) -> MasterLoad:
        """All of them together."""
        places: Counter[str] = Counter()
        purposes: Counter[int | None] = Counter()
        overdue: Counter[Cause] = Counter()
        for one in self.people:
            places.update(one.places)
            purposes.update(one.purposes)
            overdue.update(one.overdue)
        moments = [one.oldest for one in self.people if one.oldest]
        waiting = sum(one.not_accepted for one in self.people)
        oldest = min(moments, default=None)
        return MasterLoad(0, "", dict(places), dict(purposes), dict(overdue), waiting, oldest)


def handed(at: datetime, filters: Filters = EVERYTHING) -> QuerySet[Any]:
    """The receipts with an open hand-over, each with its place: the list behind ``master_load``.

    ``holder`` is the master, ``purpose`` what for, ``since`` when; ``unaccepted`` exists only where
    masters serve themselves.
    """
    rows = Receipt.objects.filter(
        voided_at__isnull=True,
        status__in=IN_WORKSHOP,
        assignments__ended_at__isnull=True,
        assignments__voided_at__isnull=True,
        assignments__isnull=False,
    )
    condition = Q(pk__isnull=True)
    if settings.WORKSHOP_SELF_SERVICE:
        condition = Q(status=Status.IN_WORK, assignments__accepted_at__isnull=True)
    rows = rows.annotate(
        holder=F("assignments__master"),
        purpose=F("assignments__purpose"),
        since=F("assignments__assigned_at"),
        unaccepted=Case(
            When(condition, then=Value(True)), default=Value(False), output_field=BooleanField()
        ),
    )
    return with_late(placed(narrowed(rows, filters, "holder")), at)


def master_load(*, at: datetime, filters: Filters = EVERYTHING) -> MasterLoads:
    """Watches handed to each master and not yet taken from him.

    On the bench: in work, nothing at the polisher; by the purpose of the hand-over. Apart from it,
    each watch once: a part at the polisher, at quality control, on hold, returned and not handed
    back (waiting), refused and still his. Overdue ones by what they are stuck in: the bench, the
    polisher, quality control, a hold with its reason. Not accepted: in work by the status, but the
    master has not taken it yet (self-service only). Every active master stands there, also with
    nothing. Four queries.
    """
    rows = (
        handed(at, filters)
        .order_by()
        .values_list("holder", "purpose", "stands", "hold_reason", "late", "unaccepted")
        .annotate(number=Count("pk"), oldest=Min("since"))
    )
    found: dict[int, _Tally] = defaultdict(_Tally)
    for master, *cell in rows:
        found[master].add(*cell)
    people = Employee.objects.filter(Q(active=True, is_master=True) | Q(pk__in=list(found)))
    if filters.employees:
        people = people.filter(pk__in=filters.employees)
    kinds = {pk for tally in found.values() for pk in tally.purposes if pk}
    causes = {pk for tally in found.values() for _place, pk in tally.overdue if pk}
    return MasterLoads(
        at,
        [
            found[pk].load(pk, name)
            for pk, name in people.order_by("full_name", "pk").values_list("pk", "short_name")
        ],
        dict(OperationType.objects.filter(pk__in=kinds).values_list("pk", "name")),
        dict(HoldReason.objects.filter(pk__in=causes).values_list("pk", "name")),
    )


@dataclass
class _Tally:
    """A master's load while it is added up."""

    places: Counter[str] = field(default_factory=Counter)
    purposes: Counter[int | None] = field(default_factory=Counter)
    overdue: Counter[Cause] = field(default_factory=Counter)
    not_accepted: int = 0
    oldest: datetime | None = None

    def add(
        self,
        purpose: int | None,
        place: str,
        reason: int | None,
        late: bool,
        unaccepted: bool,
        number: int,
        oldest: datetime,
    ) -> None:
        self.places[place] += number
        if place == Place.MASTER:
            self.purposes[purpose] += number
            self.oldest = min(self.oldest or oldest, oldest)
        if late:
            self.overdue[place, reason] += number
        if unaccepted:
            self.not_accepted += number

    def load(self, employee_id: int, name: str) -> MasterLoad:
        return MasterLoad(
            employee_id,
            name,
            dict(self.places),
            dict(self.purposes),
            dict(self.overdue),
            self.not_accepted,
            self.oldest,
        )
