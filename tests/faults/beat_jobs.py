"""Jobs that leave a trace of every run, and an effect that may exist once per slot."""

from __future__ import annotations

import os
from datetime import datetime
from typing import ClassVar

from attrs import frozen
from django.db import connection

from history.commands import CommandRef, Outcome, Run, verb
from history.jobs import Turn, every, job
from history.models import Stream
from history.registry import Payload, event_kind
from workshop.lib import clock
from workshop.lib.actor import Actor

EACH, NEWEST = "faults.each", "faults.newest"
EACH_SECONDS, NEWEST_SECONDS = 2, 1

TABLE = (
    "CREATE TABLE faults_runs"
    " (job varchar(40), slot varchar(40), began varchar(40), process integer)"
)


@event_kind("faults.ticked", "Ticked")
@frozen(slots=False)
class Ticked(Payload):
    kind: ClassVar[str] = "faults.ticked"
    slot: str


@verb("faults.tick", "history.Stream")
def tick(
    *, name: str, slot: str, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Stream]:
    """The effect of a slot: one event, however often the slot is run."""
    run = Run.of(actor, command, at)
    run.record(f"faults:{name}", Ticked(slot))
    return Outcome(Stream.objects.get(name=f"faults:{name}"))


@job(EACH, "each", "Every slot, the missed ones too", when=every(seconds=EACH_SECONDS), each=True)
def each(turn: Turn) -> None:
    _leave_traces(turn)


@job(NEWEST, "newest", "The newest slot", when=every(seconds=NEWEST_SECONDS))
def newest(turn: Turn) -> None:
    _leave_traces(turn)


def _leave_traces(turn: Turn) -> None:
    slot = clock.iso(turn.slot) or ""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO faults_runs VALUES (%s, %s, %s, %s)",
            [turn.job, slot, clock.iso(turn.at), os.getpid()],
        )
    tick(name=turn.job, slot=slot, actor=turn.actor, command=turn.key())
