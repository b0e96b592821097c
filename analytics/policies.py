"""Who may read numbers about people."""

from __future__ import annotations

from staff import roles
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed


def ensure_may_compare_people(actor: Actor) -> None:
    """Managers and owners: everybody else sees himself against an anonymous average."""
    if not (actor.is_system or actor.has(roles.MANAGER, roles.OWNER)):
        raise NotAllowed()


def ensure_may_schedule_reports(actor: Actor) -> None:
    """Managers have reports made and say who gets them; an owner reads, he changes nothing."""
    if not (actor.is_system or actor.has(roles.MANAGER)):
        raise NotAllowed()


def may_receive_reports(employee: Employee) -> bool:
    """Reports name people: only those get them who may compare people, as long as they are here."""
    return employee.active and not employee.roles.isdisjoint({roles.MANAGER, roles.OWNER})
