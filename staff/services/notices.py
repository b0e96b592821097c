"""Which notices a person has switched off."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from staff import locks
from staff.events import NoticesMuted
from staff.models import Employee
from staff.notice_kinds import NoticeKind, is_compulsory
from staff.services.rules import ensure_own_or_managed
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation


@verb("employee.mute_notices", "staff.Employee")
def mute_notices(
    *,
    employee_id: int,
    kinds: Collection[str],
    muted: bool,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """Switch these kinds of notices off or on again; the others stay as they are.

    His own choice, or that of who manages him. Raises NotFound, NotAllowed, RuleViolation
    ``staff.unknown_notice`` / ``staff.notice_compulsory``.
    """
    run = Run.of(actor, command, at)
    employee = locks.employee(employee_id)
    ensure_own_or_managed(actor, employee)
    chosen = _checked(kinds)
    if muted:
        _ensure_not_compulsory(employee, chosen)
    old = list(employee.muted_notices)
    new = _listed((set(old) | chosen) if muted else (set(old) - chosen))
    if new == _listed(old):
        return Outcome(employee)
    employee.muted_notices = new
    employee.save(update_fields=["muted_notices"])
    run.record(employee.stream, NoticesMuted(name=employee.short_name, old=old, new=new))
    return Outcome(employee)


def _checked(kinds: Collection[str]) -> set[str]:
    if not set(kinds) <= set(NoticeKind.values):
        raise RuleViolation(
            "staff.unknown_notice", _("There is no such kind of notices."), field="kinds"
        )
    return set(kinds)


def _ensure_not_compulsory(employee: Employee, kinds: set[str]) -> None:
    fixed = [kind for kind in NoticeKind if kind.value in kinds and is_compulsory(employee, kind)]
    if fixed:
        raise RuleViolation(
            "staff.notice_compulsory",
            _("These notices belong to the work and cannot be switched off: %(kinds)s"),
            field="kinds",
            params={"kinds": ", ".join(str(kind.label) for kind in fixed)},
        )


def _listed(kinds: Collection[str]) -> list[str]:
    """In the order of the enumeration, so that equal choices are equal lists."""
    return [value for value in NoticeKind.values if value in kinds]
