"""Leases: one holder of a job at a time, taken over when the holder falls silent."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from history.models import Lease

HOLD = timedelta(seconds=15)


def acquire(name: str, owner: str) -> str | None:
    """Take the lease when it is free or ran out; the token to renew it with, or None.

    The database's clock decides, so that two machines with different clocks agree.
    """
    Lease.objects.get_or_create(name=name)
    token = secrets.token_hex(16)
    free = Q(until__isnull=True) | Q(until__lt=Now())
    taken = Lease.objects.filter(free, name=name).update(
        owner=owner, token=token, since=Now(), until=Now() + HOLD
    )
    return token if taken else None


def renew(name: str, token: str) -> bool:
    """Hold on for another term; False when somebody else took over meanwhile."""
    held = Lease.objects.filter(name=name, token=token, until__gte=Now())
    return bool(held.update(until=Now() + HOLD))


def release(name: str, token: str) -> None:
    """Let go at once, so that another process need not wait for the term to end."""
    Lease.objects.filter(name=name, token=token).update(until=F("since"), token="")


def beat(name: str, owner: str) -> None:
    """A sign of life, whoever holds the row: ``until`` in the future means somebody is alive."""
    Lease.objects.get_or_create(name=name)
    Lease.objects.filter(name=name).update(owner=owner, since=Now(), until=Now() + HOLD)
