"""People: who they are, what they may do, whether they are here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from history.selectors import already, last_event
from staff import locks, policies, roles
from staff.events import (
    AbsenceChanged,
    AccessConfirmed,
    ActivityChanged,
    EmployeeAdded,
    EmployeeRenamed,
    RolesChanged,
    role_names,
)
from staff.models import Employee, Invite
from staff.names import FULL_LENGTH, SHORT_LENGTH, short_name
from staff.selectors import REVIEWED, is_to_review
from staff.services.accounts import switch_user
from staff.services.rules import check_language, check_roles, telegram_taken
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation, StaleState
from workshop.lib.text import clean_text, require_text


@verb("employee.add", "staff.Employee")
def add_employee(
    *,
    full_name: str,
    actor: Actor,
    short_name: str = "",
    roles: Collection[str] = (),
    language: str = "",
    telegram_id: int | None = None,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """A new person; an empty ``short_name`` is derived (Иванов И.), an empty language is Russian.

    Raises NotAllowed, RuleViolation ``text.*``, ``staff.unknown_role``, ``staff.unknown_language``
    and Duplicate ``staff.telegram_taken``.
    """
    run = Run.of(actor, command, at)
    held = check_roles(roles)
    policies.ensure_can_manage(actor, touched=held)
    full, short = _names(full_name, short_name)
    employee = Employee(
        full_name=full,
        short_name=short,
        telegram_id=telegram_id,
        language=check_language(language),
        created_at=run.at,
    )
    _grant(employee, held)
    try:
        with transaction.atomic():
            employee.save(force_insert=True)
    except IntegrityError as error:
        raise telegram_taken(telegram_id) from error
    run.record(employee.stream, EmployeeAdded(name=full, roles=_ordered(held)))
    return Outcome(employee)


@verb("employee.rename", "staff.Employee")
def rename_employee(
    *,
    employee_id: int,
    full_name: str,
    actor: Actor,
    short_name: str = "",
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """Another name; events of the past keep the name of their time.

    Raises NotFound ``staff.no_such_employee``, NotAllowed, RuleViolation ``text.*``.
    """
    run = Run.of(actor, command, at)
    employee = locks.employee(employee_id)
    policies.ensure_can_manage(actor, touched=employee.roles)
    full, short = _names(full_name, short_name, but=employee)
    if (full, short) == (employee.full_name, employee.short_name):
        return Outcome(employee, already=already(employee.stream, EmployeeRenamed.kind))
    change = EmployeeRenamed(
        old=employee.full_name, new=full, old_short=employee.short_name, new_short=short
    )
    employee.full_name, employee.short_name = full, short
    employee.save(update_fields=["full_name", "short_name"])
    run.record(employee.stream, change)
    return Outcome(employee)


@verb("employee.change_roles", "staff.Employee")
def change_roles(
    *,
    employee_id: int,
    roles: Collection[str],
    actor: Actor,
    expected_roles: Collection[str] | None = None,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """What the person may do from now on; ``expected_roles`` are those the screen showed.

    Raises NotAllowed ``staff.managers_only`` / ``staff.not_yourself``, RuleViolation
    ``staff.last_manager`` / ``staff.unknown_role``, StaleState ``staff.roles_changed``.
    """
    run = Run.of(actor, command, at)
    wanted = check_roles(roles)
    locks.managers()
    employee = locks.employee(employee_id)
    old = employee.roles
    policies.ensure_can_manage(actor, touched=old | wanted)
    policies.ensure_not_self(actor, employee)
    if wanted == old:
        return Outcome(employee, already=already(employee.stream, RolesChanged.kind))
    if expected_roles is not None and frozenset(expected_roles) != old:
        raise _stale_roles(employee)
    if _MANAGER not in wanted:
        policies.ensure_not_last_manager(employee)
    employee.save(update_fields=_grant(employee, wanted))
    run.record(
        employee.stream,
        RolesChanged(name=employee.short_name, old=_ordered(old), new=_ordered(wanted)),
    )
    return Outcome(employee)


@verb("employee.confirm_access", "staff.Employee")
def confirm_access(
    *, employee_id: int, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Employee]:
    """What an import guessed of a person is right: he is not listed for review any more.

    Raises NotFound, NotAllowed.
    """
    run = Run.of(actor, command, at)
    employee = locks.employee(employee_id)
    policies.ensure_can_manage(actor, touched=employee.roles)
    if not is_to_review(employee):
        return Outcome(employee, already=already(employee.stream, *REVIEWED))
    run.record(employee.stream, AccessConfirmed(name=employee.short_name))
    return Outcome(employee)


@verb("employee.set_active", "staff.Employee")
def set_active(
    *,
    employee_id: int,
    active: bool,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """Switch a person on or off. Off works at once at every door: open invites end and the linked
    office account is switched off too (on again only by itself, a decision of its own). His
    watches and orders are the caller's question.

    Raises NotFound, NotAllowed ``staff.managers_only`` / ``staff.not_yourself``, RuleViolation
    ``staff.last_manager``.
    """
    run = Run.of(actor, command, at)
    locks.managers()
    employee = locks.employee(employee_id)
    policies.ensure_can_manage(actor, touched=employee.roles)
    policies.ensure_not_self(actor, employee)
    if employee.active == active:
        return Outcome(employee, already=already(employee.stream, ActivityChanged.kind))
    if not active:
        policies.ensure_not_last_manager(employee)
        Invite.objects.filter(employee=employee, used_at=None, revoked_at=None).update(
            revoked_at=run.at
        )
    employee.active = active
    employee.save(update_fields=["active"])
    run.record(employee.stream, ActivityChanged(name=employee.short_name, active=active))
    if employee.user_id and not active:
        switch_user(run, employee.user_id, active=False)
    return Outcome(employee)


@verb("employee.set_absence", "staff.Employee")
def set_absence(
    *,
    employee_id: int,
    actor: Actor,
    absent_from: date | None = None,
    absent_until: date | None = None,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """Absent on workshop days from–until, both included (from: today by default); no end clears.

    Raises NotFound, NotAllowed, RuleViolation ``staff.absence_end_missing`` /
    ``staff.absence_backwards`` / ``staff.absence_over``.
    """
    run = Run.of(actor, command, at)
    employee = locks.employee(employee_id)
    policies.ensure_can_manage(actor, touched=employee.roles)
    start, end = _absence(absent_from, absent_until, clock.local(run.at).date())
    if (start, end) == (employee.absent_from, employee.absent_until):
        return Outcome(employee, already=already(employee.stream, AbsenceChanged.kind))
    change = AbsenceChanged(
        name=employee.short_name,
        absent_from=_iso(start),
        absent_until=_iso(end),
        old_from=_iso(employee.absent_from),
        old_until=_iso(employee.absent_until),
    )
    employee.absent_from, employee.absent_until = start, end
    employee.save(update_fields=["absent_from", "absent_until"])
    run.record(employee.stream, change)
    return Outcome(employee)


_MANAGER = roles.MANAGER  # the services' argument ``roles`` hides the module


def _names(full_name: str, given_short: str, but: Employee | None = None) -> tuple[str, str]:
    full = " ".join(require_text(full_name, field="full_name", limit=FULL_LENGTH).split())
    short = " ".join(clean_text(given_short, field="short_name", limit=SHORT_LENGTH).split())
    if short:
        return full, short
    others = Employee.objects.active().exclude(pk=but.pk if but else None)
    return full, short_name(full, set(others.values_list("short_name", flat=True)))


def _grant(employee: Employee, wanted: frozenset[str]) -> list[str]:
    """Sets the role columns; answers their names."""
    columns = {f"is_{name}": name in wanted for name in roles.ALL}
    for column, held in columns.items():
        setattr(employee, column, held)
    return list(columns)


def _ordered(names: Collection[str]) -> list[str]:
    return [name for name in roles.ALL if name in names]


def _stale_roles(employee: Employee) -> StaleState:
    event = last_event(employee.stream, RolesChanged.kind, EmployeeAdded.kind)
    return StaleState(
        "staff.roles_changed",
        _("The access of %(name)s is now: %(roles)s. Changed by: %(who)s, %(when)s."),
        field="roles",
        params={
            "name": employee.short_name,
            "roles": role_names(_ordered(employee.roles)),
            "who": event.actor_label if event else "–",
            "when": clock.show(event.occurred_at) if event else "–",
        },
    )


def _absence(start: date | None, end: date | None, today: date) -> tuple[date | None, date | None]:
    if end is None:
        if start is None:
            return None, None
        raise RuleViolation(
            "staff.absence_end_missing",
            _("Until when? Give the last day of the absence."),
            field="absent_until",
        )
    start = start or min(today, end)
    if end < start:
        raise RuleViolation(
            "staff.absence_backwards",
            _("The absence ends before it begins."),
            field="absent_until",
        )
    if end < today:
        raise RuleViolation(
            "staff.absence_over",
            _("The absence is over already: the last day lies in the past."),
            field="absent_until",
        )
    return start, end


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
