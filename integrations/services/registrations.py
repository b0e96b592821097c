"""Signing up for the API of the numbers: one token lets one person in, once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import Group, User
from django.utils.translation import gettext_lazy as _

from history.commands import CommandRef, Outcome, Run, verb
from integrations import locks, policies
from integrations.events import Registered, RegistrationOpened
from integrations.models import RegistrationToken
from staff.services.accounts import create_user
from workshop.lib.actor import Actor, system_actor
from workshop.lib.errors import NotAllowed, RuleViolation

GROUP: Final = "Analytics API"
TOKEN_LIFE: Final = timedelta(days=7)
USERNAME_LENGTH: Final = (3, 50)
PASSWORD_LENGTH: Final = (8, 72)


@verb("access.open_registration", "integrations.RegistrationToken")
def open_registration(
    *, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[RegistrationToken]:
    """A token for one registration within a week, in ``shown_once["token"]``; kept nowhere.

    Raises NotAllowed.
    """
    run = Run.of(actor, command, at)
    policies.ensure_may_open_doors(actor)
    token = secrets.token_urlsafe(30)
    row = RegistrationToken.objects.create(
        digest=_digest(token), created_at=run.at, expires_at=run.at + TOKEN_LIFE
    )
    run.record("access:registration", RegistrationOpened(token_id=row.pk))
    return Outcome(row, shown_once={"token": token})


@verb("access.register", "auth.User", secret=("token", "password"))
def register(
    *,
    token: str,
    username: str,
    password: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[User]:
    """An account for the API of the numbers (no office account). Uses the token up.

    Raises NotAllowed ``integrations.registration_closed`` whatever is wrong with the token,
    Duplicate ``staff.username_taken``, RuleViolation ``integrations.username_length`` /
    ``integrations.password_length`` / ``staff.password_weak``.
    """
    run = Run.of(actor, command, at)
    row = locks.registration_token(_digest(token))
    if row is None or not row.is_open(run.at):
        raise NotAllowed(
            "integrations.registration_closed",
            _("This registration token does not count (any more)."),
            field="token",
        )
    _ensure_length("username", username, USERNAME_LENGTH, "integrations.username_length")
    _ensure_length("password", password, PASSWORD_LENGTH, "integrations.password_length")
    user = create_user(
        username=username,
        password=password,
        office=False,
        actor=system_actor("registration"),
        command=run.command,
        at=run.at,
    ).object
    user.groups.add(Group.objects.get_or_create(name=GROUP)[0])
    row.used_at, row.username = run.at, user.get_username()
    row.save(update_fields=["used_at", "username"])
    run.record("access:registration", Registered(token_id=row.pk, username=row.username))
    return Outcome(user)


def _ensure_length(field: str, text: str, limits: tuple[int, int], code: str) -> None:
    least, most = limits
    if not least <= len(text) <= most:
        raise RuleViolation(
            code,
            _("From %(least)s to %(most)s characters."),
            field=field,
            params={"least": least, "most": most},
        )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
