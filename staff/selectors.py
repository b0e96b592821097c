"""Reads over the staff."""

from __future__ import annotations

from datetime import date

from staff import roles
from staff.models import Employee, EmployeeQuerySet


def by_telegram_id(telegram_id: int) -> Employee | None:
    """Who writes, in one query: asked for every update. Check ``active`` before letting him in."""
    found: Employee | None = Employee.objects.filter(telegram_id=telegram_id).first()
    return found


def active_with_role(*names: str) -> list[Employee]:
    """Active people who hold at least one of the roles, by name."""
    return list(_active().with_role(*names))


def active_inspectors() -> list[Employee]:
    """Whom notices for quality control go to."""
    return active_with_role(roles.INSPECTOR)


def masters_present(day: date) -> list[Employee]:
    """Masters who can be handed a watch on ``day``."""
    return list(_active().with_role(roles.MASTER).present(day))


def polishers_present(day: date) -> list[Employee]:
    """Polishers who can be handed parts on ``day``."""
    return list(_active().with_role(roles.POLISHER).present(day))


def staff_list(*, active: bool | None = None) -> list[Employee]:
    """Everybody, active people first, then by name; or only the active or inactive ones."""
    people = Employee.objects.all()
    if active is not None:
        people = people.filter(active=active)
    return list(people.order_by("-active", "full_name", "pk"))


def _active() -> EmployeeQuerySet:
    people: EmployeeQuerySet = Employee.objects.active().order_by("full_name", "pk")
    return people
