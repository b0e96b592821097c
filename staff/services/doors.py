"""What happens at the doors: sign-ins, and refusals of whoever may not come in.

Refusals are counted; at most one event an hour is written about each subject, with the number of
refusals since the event before it. So nobody can flood the history by knocking.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from history.commands import CommandRef, Outcome, Run, verb
from history.registry import Payload
from staff import locks
from staff.events import AccessRefused, SignedIn, SignInRefused
from staff.models import AccessRefusal
from workshop.lib import clock
from workshop.lib.actor import Actor

QUIET: Final = timedelta(hours=1)
STRANGERS: Final = "access:strangers"


@verb("access.sign_in", "auth.User")
def record_sign_in(
    *, user_id: int, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[User]:
    """An office user came in."""
    run = Run.of(actor, command, at)
    user = User.objects.get(pk=user_id)
    run.record(f"access:user:{user_id}", SignedIn(username=user.get_username()))
    return Outcome(user)


@transaction.atomic
def refuse_sign_in(*, username: str, actor: Actor, at: datetime | None = None) -> bool:
    """Count a refused sign-in; True when an event was written.

    Names nobody has are counted together and not named: people type passwords there by mistake,
    and invented names must not fill the history.
    """
    user = _account(username)
    name = user.get_username() if user else ""
    at = at or clock.now()
    count = _due(f"user:{name}", at)
    if count:
        stream = f"access:user:{user.pk}" if user else STRANGERS
        payload = SignInRefused(username=name, count=count)
        _tell(subject=f"user:{name}", stream=stream, payload=payload, actor=actor, at=at)
    return bool(count)


def _account(username: str) -> User | None:
    """The account of this name; NUL and broken text would be an error of the database."""
    return User.objects.filter(username=username[:150]).first() if username.isprintable() else None


@transaction.atomic
def refuse_access(*, telegram_id: int, actor: Actor, at: datetime | None = None) -> bool:
    """Count a refused Telegram account (a stranger, or one who was deactivated).

    True when an event was written, which is also when to send the one polite message.
    """
    at = at or clock.now()
    subject = f"telegram:{telegram_id}"
    count = _due(subject, at)
    if count:
        payload = AccessRefused(telegram_id=telegram_id, count=count)
        _tell(subject=subject, stream=STRANGERS, payload=payload, actor=actor, at=at)
    return bool(count)


@verb("access.refuse", "staff.AccessRefusal")
def _tell(
    *,
    subject: str,
    stream: str,
    payload: Payload,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[AccessRefusal]:
    Run.of(actor, command, at).record(stream, payload)
    return Outcome(AccessRefusal.objects.get(subject=subject))


def _due(subject: str, at: datetime) -> int:
    """How many refusals to tell now; 0 while the hour since the last event runs."""
    _row, is_new = AccessRefusal.objects.get_or_create(subject=subject, defaults={"told_at": at})
    if is_new:
        return 1
    counter = locks.refusal(subject)
    if at < counter.told_at + QUIET:
        AccessRefusal.objects.filter(pk=counter.pk).update(untold=F("untold") + 1)
        return 0
    count = counter.untold + 1
    counter.told_at, counter.untold = at, 0
    counter.save(update_fields=["told_at", "untold"])
    return count
