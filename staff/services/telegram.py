"""Binding people to Telegram accounts by one-time links."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from history.commands import Already, CommandRef, Outcome, Run, verb
from history.selectors import already
from staff import locks, policies
from staff.actors import employee_actor
from staff.events import EmployeeSettingsChanged, Invited, TelegramBound
from staff.models import Employee, Invite
from staff.services.rules import check_language, ensure_own_or_managed, telegram_taken
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation
from workshop.lib.text import clean_text

INVITE_LIFE: Final = timedelta(hours=24)
USERNAME_LENGTH: Final = 64


@verb("employee.invite", "staff.Invite")
def issue_invite(
    *, employee_id: int, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Invite]:
    """A one-time link for 24 h; earlier open ones of the person end.

    The token comes in ``shown_once["token"]`` and is kept nowhere (only its hash): a replay
    answers without it. Raises NotFound, NotAllowed, RuleViolation ``staff.inactive`` /
    ``staff.already_bound``.
    """
    run = Run.of(actor, command, at)
    employee = locks.employee(employee_id)
    policies.ensure_can_manage(actor, touched=employee.roles)
    if not employee.active:
        raise RuleViolation("staff.inactive", _("This person is deactivated."), field="employee")
    if employee.telegram_id is not None:
        raise RuleViolation(
            "staff.already_bound",
            _("A Telegram account is bound already: unbind it first."),
            field="employee",
        )
    Invite.objects.filter(employee=employee, used_at=None, revoked_at=None).update(
        revoked_at=run.at
    )
    # Hexadecimal: no token can look like the other deep links, r_… and t_….
    token = secrets.token_hex(20)
    invite = Invite.objects.create(
        employee=employee,
        token_hash=_hash(token),
        created_at=run.at,
        expires_at=run.at + INVITE_LIFE,
    )
    run.record(employee.stream, Invited(employee_id=employee.pk, name=employee.short_name))
    return Outcome(invite, shown_once={"token": token})


@verb("employee.accept_invite", "staff.Employee")
def accept_invite(
    *,
    token: str,
    telegram_id: int,
    actor: Actor,
    username: str = "",
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """Bind a Telegram account once; the event names the person who has just proved himself.

    Whatever is wrong with the link, the answer is the same RuleViolation ``staff.invite_invalid``.
    The same account with its own used link is "already done". Raises Duplicate
    ``staff.telegram_taken`` when the account belongs to another employee.
    """
    run = Run.of(actor, command, at)
    digest = _hash(token)
    found = Invite.objects.filter(token_hash=digest).values_list("employee_id", flat=True).first()
    if found is None:
        raise _invalid()
    # The employee first, as the other services lock; then the invite as it is now.
    employee, invite = locks.employee(found), locks.invite(digest)
    if invite is None or not employee.active:
        raise _invalid()
    if invite.used_at and employee.telegram_id == telegram_id:
        return Outcome(employee, already=Already(employee.short_name, invite.used_at))
    if not invite.is_open(run.at) or employee.telegram_id is not None:
        raise _invalid()
    invite.used_at = run.at
    invite.save(update_fields=["used_at"])
    _bind(employee, telegram_id, _username(username))
    replace(run, actor=employee_actor(employee, actor.channel)).record(
        employee.stream,
        TelegramBound(
            name=employee.short_name,
            old_id=None,
            telegram_id=telegram_id,
            username=employee.telegram_username,
        ),
    )
    return Outcome(employee)


@verb("employee.unbind_telegram", "staff.Employee")
def unbind_telegram(
    *, employee_id: int, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Employee]:
    """Take the Telegram account off a person; the bot refuses it from the next press on.

    Raises NotFound, NotAllowed.
    """
    run = Run.of(actor, command, at)
    employee = locks.employee(employee_id)
    policies.ensure_can_manage(actor, touched=employee.roles)
    if employee.telegram_id is None:
        return Outcome(employee, already=already(employee.stream, TelegramBound.kind))
    old_id = employee.telegram_id
    _bind(employee, None, "")
    run.record(
        employee.stream, TelegramBound(name=employee.short_name, old_id=old_id, telegram_id=None)
    )
    return Outcome(employee)


@verb("employee.set_language", "staff.Employee")
def set_language(
    *,
    employee_id: int,
    language: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """The language the person is spoken to in; his own choice, or that of who manages him.

    Raises NotFound, NotAllowed, RuleViolation ``staff.unknown_language``.
    """
    run = Run.of(actor, command, at)
    employee = locks.employee(employee_id)
    ensure_own_or_managed(actor, employee)
    return _set(run, employee, "language", check_language(language))


@verb("employee.set_username", "staff.Employee")
def set_username(
    *,
    employee_id: int,
    username: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """Follow a change of the person's Telegram username (the bot sees it with every update).

    Raises NotFound, NotAllowed.
    """
    run = Run.of(actor, command, at)
    employee = locks.employee(employee_id)
    ensure_own_or_managed(actor, employee)
    return _set(run, employee, "telegram_username", _username(username))


def _set(run: Run, employee: Employee, field: str, value: str) -> Outcome[Employee]:
    old = getattr(employee, field)
    if old == value:
        return Outcome(employee)
    setattr(employee, field, value)
    employee.save(update_fields=[field])
    run.record(employee.stream, EmployeeSettingsChanged(field=field, old=old, new=value))
    return Outcome(employee)


def _bind(employee: Employee, telegram_id: int | None, username: str) -> None:
    employee.telegram_id, employee.telegram_username = telegram_id, username
    try:
        with transaction.atomic():
            employee.save(update_fields=["telegram_id", "telegram_username"])
    except IntegrityError as error:
        raise telegram_taken(telegram_id) from error


def _username(raw: str) -> str:
    return clean_text(raw, field="username", limit=USERNAME_LENGTH).removeprefix("@")


def _hash(token: str) -> str:
    # surrogatepass: whatever a person pastes has a hash, and then finds no invite
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _invalid() -> RuleViolation:
    return RuleViolation(
        "staff.invite_invalid",
        _("This link is not valid any more. Ask for a new one."),
        field="token",
    )
