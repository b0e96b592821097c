"""One receipt's story told to a draft of the bulk writer, in the order of its times.

Rows are facts, events say when and by whom. What breaks a rule of ours becomes a comment at its
own time and is noted; an event without a kind of ours, or without effect, is kept as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from integrations.legacy import values
from integrations.legacy.events import LegacyEvent
from integrations.legacy.matching import Told
from integrations.legacy.notes import CARRIED, KEPT, LEGACY, Notes, Refused
from integrations.legacy.world import Actors, World
from receipts.services.bulk import Draft
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import WorkshopError
from workshop.lib.text import COMMENT_LENGTH, REASON_LENGTH

FIRST, OF_ROWS, OF_EVENTS = range(3)  # of equal moments: rows alone before events


@dataclass
class Step:
    """Something to tell: ``row`` names the row of a table, ``event`` the event it came by.

    ``act`` answers LEGACY when it has kept the event itself. ``verb``: a change of ours, which is
    refused before the receipt was there. ``along``: so many rows of a table share a refusal.
    """

    at: datetime | None
    act: Callable[[Actor, datetime], str | None]
    what: str
    row: tuple[str, int] | None = None
    event: Told | None = None
    rank: int = OF_EVENTS
    verb: bool = True
    along: tuple[str, int] | None = None


class Telling:
    """The steps of one receipt, whatever they are about, and what becomes of each."""

    def __init__(self, world: World, actors: Actors, draft: Draft, notes: Notes) -> None:
        self.world, self.actors, self.draft, self.notes = world, actors, draft, notes
        self.received = self.last = draft.receipt.received_at
        self.now = draft.rows.now

    def run(self, steps: list[Step]) -> None:
        """All steps in the order of time; equal moments in the order of the events."""

        def place(step: Step) -> tuple[datetime, int, int]:
            return step.at or self.received, step.rank, step.event.id if step.event else 0

        for step in sorted(steps, key=place):
            self._tell(step, min(step.at or self.received, self.now))

    def _tell(self, step: Step, at: datetime) -> None:
        before = self.draft.receipt.version
        try:
            self._ensure_possible(step)
            fate = step.act(self.actors.of(step.event), at)
        except Refused as refused:
            self._keep(step, refused.why, at)
            return
        except WorkshopError as error:
            self._keep(step, error.code, at)
            return
        self.last = max(self.last, at)
        self._count(step, CARRIED)
        if step.event is None or fate == LEGACY:
            return
        if self.draft.receipt.version == before:
            self.keep_event(step.event, at, "repeated")
        else:
            self.notes.count("history_events", CARRIED)

    def _ensure_possible(self, step: Step) -> None:
        if step.at is None:
            raise Refused("time_unreadable")
        if step.at > self.now:
            raise Refused("in_future")
        if step.verb and step.at < self.received:
            raise Refused("before_receipt")

    def _keep(self, step: Step, why: str, at: datetime) -> None:
        """As a comment, at its own time and by its own actor."""
        text = _("Earlier platform, not carried over: %(what)s") % {"what": step.what}
        text = values.text(text, COMMENT_LENGTH)
        self.draft.add_comment(text=text, actor=self.actors.of(step.event), at=at)
        event = ("history_events", step.event.id) if step.event else ("", 0)
        table, row = step.row or event
        self.notes.note(table, row, why, values.text(step.what, REASON_LENGTH))
        self._count(step, KEPT)
        if step.along is not None:
            self.notes.count(step.along[0], KEPT, step.along[1])
        if step.event is not None:
            self.notes.count("history_events", KEPT)

    def _count(self, step: Step, fate: str) -> None:
        if step.row is not None:
            self.notes.count(step.row[0], fate)

    def keep_event(self, event: Told, at: datetime, why: str = "") -> str:
        """As it was stored: of an unknown type, or one that changed nothing."""
        payload = LegacyEvent(legacy_id=event.id, type=event.type, data=event.data)
        self.draft.write(payload, self.actors.of(event), at)
        self.notes.count("history_events", LEGACY)
        if why:
            self.notes.note("history_events", event.id, why, event.type)
        return LEGACY


def later(moment: datetime | None, event: Told | None) -> datetime | None:
    """When a row was told: at its own time, or later with its event."""
    times = [one for one in (moment, event.at if event else None) if one is not None]
    return max(times) if moment is not None else None


def shown(moment: datetime | None) -> str:
    return clock.show(moment) or "–"
