"""Carrying over from beginning to end: people, catalogues, then receipts in chunks.

Each person, receipt and lonely row is a command of its own (client ``legacy:<name>``), so a run
after a kill goes on where it stopped, and one more run finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError
from django.utils import translation

from history.canonical import digest
from history.commands import CommandKey
from history.models import Command
from integrations.legacy import values
from integrations.legacy.catalogues import Catalogues, other_waiver_reason
from integrations.legacy.lives import Life, first_deadline
from integrations.legacy.matching import Told, nearest
from integrations.legacy.notes import CARRIED, Notes
from integrations.legacy.numbering import Numbers
from integrations.legacy.people import carry_people, known_by_telegram
from integrations.legacy.source import Row, Source
from integrations.legacy.stories import Story, stories
from integrations.legacy.telling import Telling
from integrations.legacy.world import Actors, World, metals
from integrations.services.legacy import keep_row
from receipts.models import OperationType
from receipts.services.bulk import Draft, Writer, writer
from receipts.services.bulk.writer import VERB
from workshop.lib import clock

CHUNK: Final = 500  # receipts in memory at a time, one transaction
TRIES: Final = 3

Progress = Callable[[int], None]


class Busy(Exception):
    """Somebody else writes the same: another import is running."""


@dataclass
class Import:
    """One run. ``notes`` hold what is found out anew in every run."""

    source: Source
    name: str
    progress: Progress

    def __post_init__(self) -> None:
        self.client = f"legacy:{self.name}"
        self.notes = Notes()
        self.added = 0

    def run(self) -> None:
        """Texts that are stored are in the language of the installation."""
        with translation.override(settings.LANGUAGE_CODE):
            actors = Actors(self.client, {})
            catalogues = Catalogues(self.source, self.client, actors.importer, self.notes)
            people = carry_people(self.source, self.client, actors.importer, clock.now())
            self._actors = Actors(self.client, known_by_telegram(people))
            self._world = World(
                people=people,
                types=catalogues.types,
                reasons=catalogues.reasons,
                waiver_reason_id=other_waiver_reason(),
                polishing_type_id=_polishing_type(),
                metals=metals(),
            )
            self._receipts()

    # -- receipts -----------------------------------------------------------------------------

    def _receipts(self) -> None:
        done = 0
        for chunk in _chunks(stories(self.source, self._orphan)):
            self._write(chunk)
            done += len(chunk)
            self.progress(done)

    def _write(self, chunk: list[Story]) -> None:
        """One transaction. A number that a person takes at the same moment is met by a retry."""
        for left in reversed(range(TRIES)):
            fresh = self._fresh(chunk)
            if not fresh:
                return
            try:
                self._write_fresh(fresh)
                return
            except IntegrityError as error:
                if not left:
                    raise Busy(str(error)) from error

    def _fresh(self, chunk: list[Story]) -> list[Story]:
        """Those not carried over yet; a known one whose rows have changed is noted."""
        keys = {f"receipt:{story.id}": story for story in chunk}
        known = dict(
            Command.objects.filter(client=self.client, key__in=list(keys)).values_list(
                "key", "arguments_hash"
            )
        )
        for key, hashed in known.items():
            arguments = _arguments(keys[key])
            if hashed != digest({"verb": VERB, "arguments": arguments}):
                self._note_once("receipts", keys[key].id, "changed_since")
        return [story for key, story in keys.items() if key not in known]

    def _note_once(self, table: str, row: int, why: str) -> None:
        if not any(one["row"] == row and one["why"] == why for one in self.notes.deviations):
            self.notes.note(table, row, why)

    def _write_fresh(self, fresh: list[Story]) -> None:
        numbers = Numbers(str(story.receipt["receipt_number"] or "") for story in fresh)
        with writer() as bulk:
            for story in fresh:
                self._tell(bulk, numbers, story)
        self.added += len(fresh)

    def _tell(self, bulk: Writer, numbers: Numbers, story: Story) -> None:
        events = [Told.of(row) for row in story.history_events]
        notes = Notes()
        created = _created(story, events)
        draft = self._register(bulk, numbers, story, events, created, notes)
        telling = Telling(self._world, self._actors, draft, notes)
        Life(telling, story, events).tell(created)
        numbers.settle(draft, story.id, self._actors.importer, notes)
        notes.count("receipts", CARRIED)
        draft.command.result["extra"] = notes.stored()

    def _register(
        self,
        bulk: Writer,
        numbers: Numbers,
        story: Story,
        events: list[Told],
        created: Told | None,
        notes: Notes,
    ) -> Draft:
        now = bulk.rows.now
        moments = [values.moment(story.receipt["created_at"]), created.at if created else None]
        at = min(filter(None, moments), default=None)
        if at is None or moments[0] is None:
            notes.note("receipts", story.id, "created_unreadable")
            at = at or min((one.at for one in events if one.at), default=now)
        if at > now:
            notes.note("receipts", story.id, "in_future", str(story.receipt["created_at"]))
            at = now
        raw = str(story.receipt["receipt_number"] or "")
        told = values.text(created.pick("receipt_number"), 100) if created else ""
        if told not in {"", values.text(raw, 100)}:
            notes.note("receipts", story.id, "number_told_differently", told)
        return bulk.draft(
            number=numbers.usable(raw, story.id, notes),
            key=CommandKey(self.client, f"receipt:{story.id}"),
            actor=self._actors.of(created),
            at=at,
            deadline=first_deadline(story, events, created),
            arguments=_arguments(story),
        )

    # -- rows without a receipt ---------------------------------------------------------------

    def _orphan(self, table: str, row: Row) -> None:
        row_id = int(row["id"] if "id" in row else row["receipt_id"])
        key = CommandKey(self.client, f"{table}:{row_id}")
        if Command.objects.filter(client=key.client, key=key.key).exists():
            return
        actor, at = self._actors.importer, None
        if table == "history_events":
            event = Told.of(row)
            actor, at = self._actors.of(event), event.at
        keep_row(
            table=table,
            legacy_id=row_id,
            data={name: values.plain(_plain(value)) for name, value in row.items()},
            why="no_such_receipt",
            actor=actor,
            command=key,
            at=min(at, clock.now()) if at else None,
        )


def _chunks(found: Iterator[Story]) -> Iterator[list[Story]]:
    while chunk := list(islice(found, CHUNK)):
        yield chunk


def _arguments(story: Story) -> dict[str, Any]:
    """All rows, to tell later whether they are still the same."""
    return {name: values.plain(_plain(rows)) for name, rows in vars(story).items()}


def _plain(value: Any) -> Any:
    """Times as they were written: SQLite hands out texts, PostgreSQL clock faces."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int) else str(value)


def _created(story: Story, events: list[Told]) -> Told | None:
    """The event that tells of the registration: of several the nearest to the row."""
    told = [event for event in events if event.type == "receipt_created"]
    return nearest(values.moment(story.receipt["created_at"]), told) or next(iter(told), None)


def _polishing_type() -> int:
    row = OperationType.objects.active().filter(recorded_by_polishing=True).first()
    if row is None:
        raise LookupError("no active kind of work is recorded by polishing")
    return row.pk
