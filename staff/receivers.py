"""Signals of django.contrib.auth: there Django itself is the door, so there is no other way in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from staff.actors import user_actor
from staff.services.doors import record_sign_in, refuse_sign_in
from workshop.lib.actor import ADMIN, KIND_STRANGER, Actor, Channel


def signed_in(user: AbstractBaseUser, **_: Any) -> None:
    """Receiver of ``user_logged_in``. An error here refuses the sign-in: no event, no entry."""
    record_sign_in(user_id=user.pk, actor=user_actor(user, Channel(ADMIN)))


def sign_in_refused(credentials: Mapping[str, Any], **_: Any) -> None:
    """Receiver of ``user_login_failed``; Django has taken the password out of ``credentials``."""
    visitor = Actor(kind=KIND_STRANGER, id=None, label="", channel=Channel(ADMIN))
    refuse_sign_in(username=str(credentials.get("username") or ""), actor=visitor)
