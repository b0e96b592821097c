"""Choosing a person: who can do it, last used first, with what lies at him; absent ones last."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from botapp.dialogs import Answer, Button, Context, Screen, View, grid, lines, paged
from botapp.dialogs.view import Row
from polishing.models import PolishingOrder
from receipts.models import Assignment, Operation, OperationType
from receipts.states import Status
from staff.models import Employee
from staff.selectors import by_id
from workshop.lib import clock
from workshop.lib.compiled import Rows
from workshop.lib.errors import RuleViolation


@dataclass(frozen=True)
class Candidate:
    """A person who can do it: what lies at him, whether he is away."""

    employee: Employee
    load: int
    absent: bool = False

    @property
    def label(self) -> str:
        """``Ivanov I. (3)``, marked when he is absent."""
        text = f"{self.employee.short_name} ({self.load})"
        return f"{text} · {_('absent')}" if self.absent else text


def masters() -> list[Candidate]:
    """Active masters: last used first, with their open watches; absent ones last."""
    return _present_first(_masters.all())


def _loaded_masters() -> QuerySet[Employee]:
    latest = Assignment.objects.filter(master=OuterRef("pk")).order_by("-id").values("id")[:1]
    open_now = Q(assignments__ended_at__isnull=True, assignments__voided_at__isnull=True)
    at_work = open_now & Q(assignments__receipt__status__in=set(Status) - {Status.ON_HOLD})
    people = Employee.objects.active().filter(is_master=True)
    return _by_name(people.annotate(load=Count("assignments", filter=at_work)), latest)


_masters = Rows(lambda _slot: _loaded_masters())


def polishers() -> list[Candidate]:
    """Active polishers: last used first, with their open orders; absent ones last."""
    latest = PolishingOrder.objects.filter(polisher=OuterRef("pk")).order_by("-id").values("id")[:1]
    open_now = Q(
        polishing_orders__returned_at__isnull=True, polishing_orders__voided_at__isnull=True
    )
    people = Employee.objects.active().filter(is_polisher=True)
    return _ordered(people.annotate(load=Count("polishing_orders", filter=open_now)), latest)


def performers(kind: OperationType) -> list[Candidate]:
    """Active people with the skill: who did such work last comes first; absent ones last."""
    latest = Operation.objects.filter(employee=OuterRef("pk"), type=kind).order_by("-id")
    open_now = Q(assignments__ended_at__isnull=True, assignments__voided_at__isnull=True)
    people = Employee.objects.active().filter(skills=kind)
    loaded = people.annotate(load=Count("assignments", filter=open_now, distinct=True))
    return _ordered(loaded, latest.values("id")[:1])


def everybody() -> list[Candidate]:
    """All active people who work on watches: for "someone else"."""
    people = Employee.objects.active().with_role("master", "polisher", "inspector")
    open_now = Q(assignments__ended_at__isnull=True, assignments__voided_at__isnull=True)
    loaded = people.annotate(load=Count("assignments", filter=open_now, distinct=True))
    return _ordered(loaded, Operation.objects.none().values("id")[:1])


def _ordered(people: QuerySet[Employee], latest: Any) -> list[Candidate]:
    return _present_first(_by_name(people, latest))


def _by_name(people: QuerySet[Employee], latest: Any) -> QuerySet[Employee]:
    return people.annotate(last_used=Subquery(latest)).order_by("full_name", "pk")


def _present_first(rows: Iterable[Employee]) -> list[Candidate]:
    today: date = clock.today()
    found = [
        (Candidate(one, one.load, one.is_absent(today)), -(one.last_used or 0))  # type: ignore[attr-defined]  # annotated
        for one in rows
    ]
    return [candidate for candidate, _used in sorted(found, key=lambda x: (x[0].absent, x[1]))]


def person_rows(
    ctx: Context, people: Sequence[Candidate], action: str = "person", *, columns: int = 2
) -> list[Row]:
    """Buttons of people, paged; the value is the employee's id."""
    buttons = [Button(one.label, action, one.employee.pk) for one in people]
    return paged(ctx, buttons, columns=columns) if len(buttons) > 8 else grid(buttons, columns)


class PersonPicker(Screen):
    """Asks for a person. Subclasses give the question, the candidates and what follows."""

    @abstractmethod
    def title(self, ctx: Context) -> Any:
        """The question."""

    @abstractmethod
    def candidates(self, ctx: Context) -> list[Candidate]:
        """Who can be chosen."""

    @abstractmethod
    def picked(self, ctx: Context, employee: Employee) -> Answer:
        """Where the choice leads."""

    def view(self, ctx: Context) -> View:
        people = self.candidates(ctx)
        empty = None if people else _("There is nobody who can do it: add people first.")
        return View(lines(self.title(ctx), empty), person_rows(ctx, people))

    def do_person(self, ctx: Context, value: str) -> Answer:
        return self.picked(ctx, load_employee(int(value)))


def load_employee(employee_id: int) -> Employee:
    """A person by id; RuleViolation when he has been deactivated meanwhile."""
    found = by_id(employee_id)
    if found is None or not found.active:
        raise RuleViolation(
            "bot.person_gone", _("This person is not active any more."), field="employee"
        )
    return found
