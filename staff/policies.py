"""Who may change the staff. Policies read only the actor's roles."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from staff import roles
from staff.models import Employee
from workshop.lib.actor import KIND_USER, Actor
from workshop.lib.errors import NotAllowed, RuleViolation


def ensure_can_manage(actor: Actor, *, touched: Iterable[str]) -> None:
    """Inspectors manage masters and polishers; other roles are managers' alone."""
    if actor.is_system or actor.has(roles.MANAGER):
        return
    if not actor.has(roles.INSPECTOR) or set(touched) & roles.GRANTED_BY_MANAGERS_ONLY:
        raise NotAllowed(
            "staff.managers_only",
            _("Only the office manager may change people with this access."),
            field="roles",
        )


def ensure_can_set_up(actor: Actor) -> None:
    """Inspectors and managers link and unlink the work group."""
    if not (actor.is_system or actor.has(roles.INSPECTOR, roles.MANAGER)):
        raise NotAllowed()


def ensure_not_self(actor: Actor, employee: Employee) -> None:
    """Nobody changes his own roles or deactivates himself."""
    if actor.employee_id == employee.pk:
        raise NotAllowed(
            "staff.not_yourself", _("You cannot change your own access."), field="roles"
        )


def ensure_not_last_manager(employee: Employee) -> None:
    """Somebody must be left who can manage."""
    others = Employee.objects.active().filter(is_manager=True).exclude(pk=employee.pk)
    if employee.is_manager and employee.active and not others.exists():
        raise RuleViolation(
            "staff.last_manager",
            _("This is the last office manager: appoint another one first."),
            field="roles",
        )


def ensure_can_administer(actor: Actor, *, groups: Iterable[str], superuser: bool = False) -> None:
    """Managers look after office accounts; administrators' accounts are administrators' alone."""
    if actor.is_system or actor.has(roles.ADMINISTRATOR):
        return
    if superuser or roles.ADMINISTRATORS in set(groups) or not actor.has(roles.MANAGER):
        raise NotAllowed(
            "staff.administrators_only",
            _("You may not change this office account."),
            field="groups",
        )


def ensure_not_own_account(actor: Actor, user_id: int) -> None:
    """Nobody changes his own groups or switches himself off."""
    if actor.kind == KIND_USER and actor.id == user_id:
        raise NotAllowed(
            "staff.not_yourself", _("You cannot change your own access."), field="groups"
        )
