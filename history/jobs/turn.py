"""What a job is, and one run of it as its function sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.utils.functional import Promise

from history.commands import CommandKey
from history.jobs.schedules import Schedule
from workshop.lib import clock
from workshop.lib.actor import Actor, system_actor
from workshop.lib.correlation import LONGEST

Words = str | Promise
Result = Mapping[str, int] | int | None


class JobFailed(Exception):
    """A job tells why it failed, in words that may be shown: no data of people."""


@dataclass(frozen=True)
class Turn:
    """One run of a job, as its function sees it."""

    job: str
    slot: datetime  # the moment it stands for
    at: datetime  # when it began

    @property
    def late(self) -> timedelta:
        """How long after its slot it began."""
        return self.at - self.slot

    @property
    def actor(self) -> Actor:
        return system_actor(self.job, correlation_id=self.correlation_id)

    @property
    def correlation_id(self) -> str:
        """``job:<name>:<slot>``: the same however often the slot is tried."""
        return f"job:{self.job}:{self.slot.astimezone(UTC):%Y%m%dT%H%M%SZ}"[:LONGEST]

    def key(self, part: object = "") -> CommandKey:
        """The key of a command of this slot: run again after a kill, it replays."""
        slot = clock.iso(self.slot)
        return CommandKey(f"job:{self.job}", f"{slot}:{part}" if part != "" else str(slot))


Work = Callable[[Turn], Result]


@dataclass(frozen=True)
class Declared:
    """A job of the code. The schedule that counts is the row the office may change."""

    name: str
    title: Words
    about: Words
    work: Work
    when: Schedule
    limit: timedelta
    late: timedelta | None = None
    each: bool = False
    counts: Mapping[str, Words] = field(default_factory=dict)
