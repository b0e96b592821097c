"""Who may read numbers about people."""

from __future__ import annotations

from collections.abc import Collection

from staff import roles
from staff.models import Employee
from workshop.lib.actor import KIND_CLIENT, Actor
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


def ensure_may_keep_alert_rules(actor: Actor) -> None:
    """Managers and administrators say what is an alert, and close one by hand."""
    if not (actor.is_system or actor.has(roles.MANAGER, roles.ADMINISTRATOR)):
        raise NotAllowed()


def may_answer_alerts(actor: Actor, told: Collection[int] = ()) -> bool:
    """Acknowledge and snooze: the leading roles, and whoever (``told``, ids) is told of it."""
    leading = actor.has(roles.MANAGER, roles.OWNER, roles.ADMINISTRATOR)
    return actor.is_system or leading or actor.employee_id in told


def ensure_may_answer_alerts(actor: Actor, told: Collection[int]) -> None:
    if not may_answer_alerts(actor, told):
        raise NotAllowed()


def ensure_may_capture(actor: Actor) -> None:
    """A snapshot of the numbers now: the leading roles; for programs their scope decides."""
    leading = actor.has(roles.MANAGER, roles.OWNER, roles.ADMINISTRATOR)
    if not (actor.is_system or leading or actor.kind == KIND_CLIENT):
        raise NotAllowed()
