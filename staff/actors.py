"""Building the actor: the one place where a door learns who acts and with which roles."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.utils import translation
from django.utils.translation import gettext as _

from staff import roles
from staff.models import Employee, employee_of
from workshop.lib.actor import KIND_EMPLOYEE, KIND_STRANGER, KIND_USER, Actor, Channel


def employee_actor(employee: Employee, channel: Channel) -> Actor:
    """A person of the staff. A deactivated one has no roles."""
    return Actor(
        kind=KIND_EMPLOYEE,
        id=employee.pk,
        label=employee.short_name,
        channel=channel,
        roles=employee.roles if employee.active else frozenset(),
        employee_id=employee.pk,
        telegram_id=employee.telegram_id,
        username=employee.telegram_username,
    )


def stranger_actor(telegram_id: int, channel: Channel) -> Actor:
    """A Telegram account that nobody of the staff is bound to: no name, no roles."""
    return Actor(
        kind=KIND_STRANGER,
        id=None,
        label=f"Telegram {telegram_id}",
        channel=channel,
        telegram_id=telegram_id,
    )


def customer_actor(channel: Channel) -> Actor:
    """A customer who came by his secret link: nobody's name, nobody's account enters an event."""
    with translation.override(settings.LANGUAGE_CODE):
        label = _("Customer (by his link)")
    return Actor(kind=KIND_STRANGER, id=None, label=label, channel=channel)


def user_actor(user: AbstractBaseUser, channel: Channel) -> Actor:
    """An office user: the roles of his linked employee, or those of his groups.

    Administering accounts is no access role of the workshop: it comes from the account itself,
    also when an employee is linked, as long as both are active.
    """
    employee = employee_of(user)
    if employee is not None:
        held = employee.roles | _technical(user) if employee.active else frozenset()
        label, employee_id = employee.short_name, employee.pk
    else:
        held = _group_roles(user)
        label, employee_id = _label(user), None
    return Actor(
        kind=KIND_USER,
        id=user.pk,
        label=label,
        channel=channel,
        roles=held,
        employee_id=employee_id,
        username=user.get_username()[:64],
    )


def _group_roles(user: AbstractBaseUser) -> frozenset[str]:
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    names = set(user.groups.values_list("name", flat=True))
    held = {role for role, group in roles.GROUPS.items() if group in names}
    technical = _technical(user)
    if technical:
        held.add(roles.MANAGER)
    return frozenset(held) | technical


def _technical(user: AbstractBaseUser) -> frozenset[str]:
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    if user.is_superuser or user.groups.filter(name=roles.ADMINISTRATORS).exists():
        return frozenset({roles.ADMINISTRATOR})
    return frozenset()


def _label(user: AbstractBaseUser) -> str:
    name = user.get_full_name() if isinstance(user, User) else ""
    return name or user.get_username()
