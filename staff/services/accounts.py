"""Office accounts: users of the admin site, their groups, and whom they belong to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from history.selectors import already
from staff import locks, policies, roles
from staff.events import UserChanged
from staff.models import Employee
from workshop.lib.actor import KIND_USER, Actor
from workshop.lib.errors import Duplicate, NotAllowed, NotFound, RuleViolation
from workshop.lib.text import clean_text, require_text


@verb("access.create_user", "auth.User", secret=("password",))
def create_user(
    *,
    username: str,
    password: str,
    actor: Actor,
    groups: Collection[str] = (),
    first_name: str = "",
    last_name: str = "",
    office: bool = True,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[User]:
    """A new account in some of ``roles.OFFICE_GROUPS``; without ``office`` no page opens to it.

    Raises NotAllowed ``staff.administrators_only``, Duplicate ``staff.username_taken``,
    RuleViolation ``text.*`` / ``staff.username_invalid`` / ``staff.unknown_group`` /
    ``staff.password_weak``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_can_administer(actor, groups=groups)
    chosen = _groups(groups)
    locks.usernames()
    user = User(
        username=_free_username(username),
        first_name=clean_text(first_name, field="first_name", limit=150),
        last_name=clean_text(last_name, field="last_name", limit=150),
        is_staff=office,
        date_joined=run.at,
    )
    _set_password(user, password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise _username_taken(user.username) from error
    user.groups.set(chosen)
    _record(run, user, account=["", "created"], groups=["", _listed(groups)])
    return Outcome(user)


@verb("access.rename_user", "auth.User")
def rename_user(
    *,
    user_id: int,
    first_name: str,
    last_name: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[User]:
    """Whose account it is, in words. Raises NotFound, NotAllowed, RuleViolation ``text.*``."""
    run = Run.of(actor, command, at)
    user = _locked(actor, user_id)
    _ensure_can_administer(actor, user)
    old = user.get_full_name()
    user.first_name = clean_text(first_name, field="first_name", limit=150)
    user.last_name = clean_text(last_name, field="last_name", limit=150)
    if user.get_full_name() == old:
        return Outcome(user)
    user.save(update_fields=["first_name", "last_name"])
    _record(run, user, name=[old, user.get_full_name()])
    return Outcome(user)


@verb("access.change_groups", "auth.User")
def change_groups(
    *,
    user_id: int,
    groups: Collection[str],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[User]:
    """Put an account into exactly these of ``roles.OFFICE_GROUPS``.

    Raises NotFound, NotAllowed ``staff.administrators_only`` / ``staff.not_yourself``,
    RuleViolation ``staff.unknown_group``.
    """
    run = Run.of(actor, command, at)
    user = _locked(actor, user_id)
    old = set(user.groups.values_list("name", flat=True))
    _ensure_can_administer(actor, user, old | set(groups))
    policies.ensure_not_own_account(actor, user_id)
    chosen = _groups(groups)
    if old == set(groups):
        return Outcome(user, already=already(_stream(user_id), UserChanged.kind))
    user.groups.set(chosen)
    _record(run, user, groups=[_listed(old), _listed(groups)])
    return Outcome(user)


@verb("access.set_user_active", "auth.User")
def set_user_active(
    *,
    user_id: int,
    active: bool,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[User]:
    """Switch an account on or off; off ends its sessions with the next request.

    Raises NotFound, NotAllowed ``staff.administrators_only`` / ``staff.not_yourself``.
    """
    run = Run.of(actor, command, at)
    user = _locked(actor, user_id)
    _ensure_can_administer(actor, user)
    policies.ensure_not_own_account(actor, user_id)
    if user.is_active == active:
        return Outcome(user, already=already(_stream(user_id), UserChanged.kind))
    return Outcome(switch_user(run, user_id, active=active))


@verb("access.change_password", "auth.User", secret=("password",))
def change_password(
    *,
    user_id: int,
    password: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[User]:
    """A new password, one's own or an administered account's; other sessions of it end.

    Nothing of the password is kept but Django's salted hash. Raises NotFound, NotAllowed,
    RuleViolation ``staff.password_weak``.
    """
    run = Run.of(actor, command, at)
    user = _locked(actor, user_id)
    if not (actor.kind == KIND_USER and actor.id == user_id):
        _ensure_can_administer(actor, user)
    _set_password(user, password)
    user.save(update_fields=["password"])
    _record(run, user, password=["", "changed"])
    return Outcome(user)


@verb("employee.link_user", "staff.Employee")
def link_user(
    *,
    employee_id: int,
    user_id: int | None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """Say whose office account it is: from then on it has the roles of this person. None unlinks.

    Nobody gains by it: an own account may only be linked to a person with no role one lacks, and
    is unlinked by somebody else. Raises NotFound, NotAllowed, Duplicate ``staff.user_taken``.
    """
    run = Run.of(actor, command, at)
    employee = locks.employee(employee_id)
    policies.ensure_can_manage(actor, touched={roles.MANAGER})
    old_id = employee.user_id
    if old_id == user_id:
        return Outcome(employee)
    users = locks.users(*filter(None, (old_id, user_id)))
    if user_id is not None and user_id not in users:
        raise _no_such_user()
    for user in users.values():
        _ensure_can_administer(actor, user)
        if user.pk == old_id or not employee.roles <= actor.roles:
            policies.ensure_not_own_account(actor, user.pk)
    employee.user_id = user_id
    try:
        with transaction.atomic():
            employee.save(update_fields=["user"])
    except IntegrityError as error:
        raise _user_taken(user_id) from error
    if old_id is not None:
        _record(run, users[old_id], employee=[employee.short_name, ""])
    if user_id is not None:
        _record(run, users[user_id], employee=["", employee.short_name])
    return Outcome(employee)


def switch_user(run: Run, user_id: int, *, active: bool) -> User:
    """Inside a service: switch an account on or off, with its event when that changes anything."""
    user = locks.users(user_id)[user_id]
    if user.is_active != active:
        user.is_active = active
        user.save(update_fields=["is_active"])
        _record(run, user, active=[_yes_no(not active), _yes_no(active)])
    return user


def _locked(actor: Actor, user_id: int) -> User:
    """The locked account, and the acting one still active: two cannot switch off each other."""
    own = actor.id if actor.kind == KIND_USER else None
    users = locks.users(*filter(None, (user_id, own)))
    if own is not None and not (own in users and users[own].is_active):
        raise NotAllowed()
    if user_id not in users:
        raise _no_such_user()
    return users[user_id]


def _ensure_can_administer(actor: Actor, user: User, groups: Collection[str] | None = None) -> None:
    if groups is None:
        groups = set(user.groups.values_list("name", flat=True))
    policies.ensure_can_administer(actor, groups=groups, superuser=user.is_superuser)


def _record(run: Run, user: User, **changes: list[str]) -> None:
    payload = UserChanged(user_id=user.pk, username=user.get_username(), changes=changes)
    run.record(_stream(user.pk), payload)


def _stream(user_id: int) -> str:
    return f"access:user:{user_id}"


def _groups(names: Collection[str]) -> list[Group]:
    if not set(names) <= set(roles.OFFICE_GROUPS):
        raise RuleViolation("staff.unknown_group", _("There is no such group."), field="groups")
    found = list(Group.objects.filter(name__in=names))
    missing = set(names) - {group.name for group in found}
    if missing:  # made after every migrate (staff.groups)
        raise LookupError(f"groups are absent, run migrate: {sorted(missing)}")
    return found


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _username(raw: str) -> str:
    name = User.normalize_username(require_text(raw, field="username", limit=150))
    try:
        User._meta.get_field("username").run_validators(name)
    except ValidationError as error:
        raise RuleViolation(
            "staff.username_invalid", " ".join(error.messages), field="username"
        ) from error
    return name


def _free_username(raw: str) -> str:
    """Anna and ANNA would be two accounts that nobody can tell apart."""
    name = _username(raw)
    if User.objects.filter(username__iexact=name).exists():
        raise _username_taken(name)
    return name


def _set_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise RuleViolation(
            "staff.password_weak", " ".join(error.messages), field="password"
        ) from error
    user.set_password(password)


def _no_such_user() -> NotFound:
    return NotFound("staff.no_such_user", _("There is no such office account."), field="user")


def _username_taken(username: str) -> Duplicate:
    other = User.objects.filter(username__iexact=username).first()
    return Duplicate(
        "staff.username_taken",
        _("There is an office account with this name already."),
        existing_id=other.pk if other else None,
        field="username",
    )


def _user_taken(user_id: int | None) -> Duplicate:
    other: Employee | None = Employee.objects.filter(user=user_id).first()
    return Duplicate(
        "staff.user_taken",
        _("This office account belongs to another employee: %(name)s."),
        existing_id=other.pk if other else None,
        field="user",
        params={"name": other.short_name if other else "–"},
    )
