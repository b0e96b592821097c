"""Leases: one holder of a job at a time, taken over when the holder falls silent."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DurationField, F, Q
from django.db.models.functions import Now

from history.models import Lease
from workshop.lib.compiled import Change, Slots
from workshop.lib.process import is_gone

HOLD = timedelta(seconds=15)


def _until(slot: Slots) -> Any:
    return Now() + slot("hold", DurationField())


# What every program says every few seconds, also when nobody does anything.
_renew = Change(
    lambda slot: (
        Lease.objects.filter(name=slot("name"), token=slot("token"), until__gte=Now()),
        {"until": _until(slot), "seen_at": Now()},
    )
)
_beat = Change(
    lambda slot: (
        Lease.objects.filter(name=slot("name")),
        {"owner": slot("owner"), "since": Now(), "until": _until(slot), "seen_at": Now()},
    )
)


def acquire(name: str, owner: str, *, hold: timedelta = HOLD) -> str | None:
    """Take the lease when it is free or ran out; the token to renew it with, or None.

    The database's clock decides, so that two machines with different clocks agree. A holder on
    this machine that was killed need not be waited for, if ``owner`` is its ``own_name()``.
    """
    row, _is_new = Lease.objects.get_or_create(name=name)
    token = secrets.token_hex(16)
    free = Q(until__isnull=True) | Q(until__lt=Now())
    if is_gone(row.owner):
        free |= Q(token=row.token)
    taken = Lease.objects.filter(free, name=name).update(
        owner=owner, token=token, since=Now(), until=Now() + hold, seen_at=Now()
    )
    return token if taken else None


def renew(name: str, token: str, *, hold: timedelta = HOLD) -> bool:
    """Hold on for another term; False when somebody else took over meanwhile."""
    return bool(_renew.run(name=name, token=token, hold=hold))


def release(name: str, token: str) -> None:
    """Let go at once, so that another process need not wait for the term to end."""
    Lease.objects.filter(name=name, token=token).update(until=F("since"), token="", seen_at=Now())


def beat(name: str, owner: str, *, hold: timedelta = HOLD) -> None:
    """A sign of life, whoever holds the row: ``until`` in the future means somebody is alive."""
    if not _beat.run(name=name, owner=owner, hold=hold):
        Lease.objects.get_or_create(name=name)
        _beat.run(name=name, owner=owner, hold=hold)


def is_held(name: str) -> bool:
    """Is somebody alive who holds it, or beats under this name?"""
    return Lease.objects.filter(name=name, until__gte=Now()).exists()


@dataclass(frozen=True)
class Sign:
    """Who holds a lease (or held it last) since when; ``silent`` since the last sign of life."""

    name: str
    owner: str
    since: datetime | None
    alive: bool
    silent: timedelta


def signs(*names: str) -> dict[str, Sign]:
    """The last signs of life by name, measured by the database's clock; one query.

    Whoever never gave one is not among them.
    """
    rows = Lease.objects.filter(name__in=names).annotate(now=Now())
    return {
        row.name: Sign(
            row.name,
            row.owner,
            row.since,
            alive=row.until is not None and row.until >= row.now,
            silent=max(row.now - row.seen_at, timedelta()),
        )
        for row in rows
        if row.seen_at is not None
    }
