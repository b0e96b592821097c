"""Rules that several services of the staff share."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from staff import policies, roles
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.errors import Duplicate, NotAllowed, RuleViolation


def check_roles(names: Collection[str]) -> frozenset[str]:
    """The names as a set; RuleViolation ``staff.unknown_role``."""
    wanted = frozenset(names)
    if not wanted <= frozenset(roles.ALL):
        raise RuleViolation(
            "staff.unknown_role", _("There is no such kind of access."), field="roles"
        )
    return wanted


def check_language(code: str) -> str:
    """A language of the interface, the default one for empty; ``staff.unknown_language``."""
    code = code or settings.LANGUAGE_CODE
    if code not in dict(settings.LANGUAGES):
        raise RuleViolation(
            "staff.unknown_language", _("There is no such language."), field="language"
        )
    return code


def telegram_taken(telegram_id: int | None) -> Duplicate:
    """The refusal when another employee holds this Telegram account."""
    other = Employee.objects.filter(telegram_id=telegram_id).first()
    return Duplicate(
        "staff.telegram_taken",
        _("This Telegram account belongs to another employee: %(name)s."),
        existing_id=other.pk if other else None,
        field="telegram_id",
        params={"name": other.short_name if other else "–"},
    )


def ensure_own_or_managed(actor: Actor, employee: Employee) -> None:
    """A person's own settings, changed by himself or by who manages him."""
    if actor.employee_id != employee.pk:
        policies.ensure_can_manage(actor, touched=employee.roles)
    elif not employee.active:
        raise NotAllowed()
