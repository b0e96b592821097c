"""Whether the programs behind the workshop are alive, what waits, and the last backup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from history import lease, relay
from history.backups.events import STREAM as BACKUPS
from history.backups.events import BackupFailed, BackupMade
from history.jobs import running, scheduler
from history.lease import Sign
from history.models import Event, Outbox

SCHEDULER: Final = scheduler.LEASE
WORKER: Final = running.WORKER
BOT: Final = "runbot"
"""The bot's sign of life: it stands above, so its name stands here."""

RELAY: Final = relay.LEASE
RELAY_REST: Final = timedelta(minutes=1)
"""The relay holds its lease only while it runs: so long it may rest between two runs."""

MOST: Final = 1_000
"""Waiting events are counted no further."""


@dataclass(frozen=True)
class Program:
    """One program: who does it since when, and for how long nobody has heard of it.

    ``silent`` is None when it never ran. Of the scheduler ``owner`` is the process that leads.
    """

    name: str
    alive: bool
    owner: str
    since: datetime | None
    silent: timedelta | None = None

    @property
    def machine(self) -> str:
        """Where it runs: the rest of the owner's name tells one process from another."""
        return self.owner.partition("/")[0]


@dataclass(frozen=True)
class SystemState:
    """``waiting`` events (at most ``MOST``), the oldest since ``oldest``; the last backup."""

    at: datetime
    programs: dict[str, Program]
    waiting: int
    oldest: datetime | None
    backup: datetime | None
    backup_failed: bool


def system_state(*, at: datetime) -> SystemState:
    """The bot, the scheduler of jobs, their worker and the relay; what waits; the last backup.

    Alive: the term of its lease lies ahead by the database's clock. Waiting: events that nobody has
    been told of yet, the oldest by when it was recorded. Backup: the last one that was made, none
    so far if None; ``backup_failed``: the last attempt since has failed. Five queries.
    """
    names = (BOT, SCHEDULER, WORKER, RELAY)
    signs = lease.signs(*names)
    waiting = Outbox.objects.filter(done_at__isnull=True).order_by("event_id")
    backups = list(
        Event.objects.filter(stream=BACKUPS, kind__in=(BackupMade.kind, BackupFailed.kind))
        .order_by("-sequence")
        .values_list("kind", "occurred_at")[:1]
    )
    made = Event.objects.filter(stream=BACKUPS, kind=BackupMade.kind).order_by("-sequence")
    return SystemState(
        at,
        {name: _program(name, signs.get(name)) for name in names},
        waiting[:MOST].count(),
        waiting.values_list("event__recorded_at", flat=True).first(),
        made.values_list("occurred_at", flat=True).first(),
        bool(backups) and backups[0][0] == BackupFailed.kind,
    )


def _program(name: str, sign: Sign | None) -> Program:
    if sign is None:
        return Program(name, False, "", None)
    alive = sign.silent < RELAY_REST if name == RELAY else sign.alive
    return Program(name, alive, sign.owner, sign.since, sign.silent)
