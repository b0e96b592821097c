"""Writing whole histories at once: the columns, chain and constraints of ``record_event``.

For imports and large demonstrations. A row's id is taken before it is written, because payloads
name the rows they speak of. All rows of a batch go to the database together: by COPY on
PostgreSQL, by executemany on SQLite.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from operator import attrgetter
from typing import Any, Final, cast

from django.db import connection, models, transaction

from history.canonical import digest
from history.chain import event_hash
from history.commands import CommandKey
from history.models import Command, Event, Stream
from history.record import who
from history.registry import Payload, payload_class, subscribers
from workshop.lib import clock
from workshop.lib.actor import Actor

IDS_AT_ONCE: Final = 2000

Mark = tuple[dict[type[models.Model], int], int]


@dataclass(slots=True)
class NewEvent:
    """The columns of an event; a model instance of each would double the time."""

    id: int
    stream: str
    sequence: int
    kind: str
    version: int
    payload: dict[str, Any]
    actor_kind: str
    actor_id: int | None
    actor_label: str
    actor_telegram_id: int | None
    actor_username: str
    channel: str
    correlation_id: str
    occurred_at: datetime
    recorded_at: datetime
    command_id: int
    ordinal: int
    previous_hash: str = ""
    hash: str = ""


@dataclass
class Batch:
    """Rows of one transaction; made by :func:`batch`. Bulk writing is silent: no outbox rows."""

    now: datetime
    dry: bool = False  # nothing is written, no hash is reckoned
    _rows: dict[type[models.Model], list[Any]] = field(default_factory=dict)
    _ids: dict[type[models.Model], Iterator[int]] = field(default_factory=dict)
    _heads: dict[str, Stream] = field(default_factory=dict)
    _who: dict[int, tuple[Actor, dict[str, Any]]] = field(default_factory=dict)

    def next_id(self, model: type[models.Model]) -> int:
        """An id that no other row of ``model`` has or gets."""
        while True:
            found = next(self._ids.get(model, iter(())), None)
            if found is not None:
                return found
            self._ids[model] = count(2**62) if self.dry else _take_ids(model)

    def add(self, row: models.Model) -> None:
        """Write ``row`` at the end; it may be changed until then. It gets an id unless it has."""
        if row.pk is None:
            row.pk = self.next_id(type(row))
        self._rows.setdefault(type(row), []).append(row)

    def command(self, verb: str, key: CommandKey, actor: Actor, arguments: Any) -> Command:
        """The one command of a history. A key that was used before fails when it is written."""
        row = Command(
            client=key.client,
            key=key.key,
            verb=verb,
            actor_kind=actor.kind,
            actor_id=actor.id,
            arguments_hash=digest({"verb": verb, "arguments": arguments}),
            created_at=self.now,
        )
        self.add(row)
        return row

    def record(
        self, stream: str, payload: Payload, *, actor: Actor, command: Command, at: datetime
    ) -> Event:
        """The next event of a stream that begins in this batch: its columns, not yet a row."""
        payload_class(payload.kind)
        head = self._heads.get(stream)
        if head is None:
            head = self._heads[stream] = Stream(name=stream)
            self.add(head)
        columns = NewEvent(
            id=self.next_id(Event),
            stream=stream,
            sequence=head.last_sequence + 1,
            kind=payload.kind,
            version=payload.version,
            payload=payload.as_json(),
            occurred_at=at,
            recorded_at=self.now,
            command_id=command.pk,
            ordinal=command.next_ordinal,
            previous_hash=head.last_hash,
            **self._columns_of(actor),
        )
        event = cast(Event, columns)
        if not self.dry:
            event.hash = event_hash(event, head.last_hash)
        command.next_ordinal += 1
        head.last_sequence, head.last_hash = event.sequence, event.hash
        self._rows.setdefault(Event, []).append(event)
        return event

    def _columns_of(self, actor: Actor) -> dict[str, Any]:
        """The actor's columns, worked out once; the actor is kept, so its id() stays his."""
        known = self._who.get(id(actor))
        if known is None:
            if not actor.channel.silent:
                raise ValueError("bulk writing is silent: give the actor a silent channel")
            known = self._who[id(actor)] = (actor, who(actor))
        return known[1]

    def mark(self) -> Mark:
        """The batch as it is now, to come :meth:`back_to`."""
        rows = {model: len(rows) for model, rows in self._rows.items()}
        return rows, len(self._heads)

    def back_to(self, mark: Mark) -> None:
        """Forget what was added since, and nothing else may hold on to it."""
        lengths, heads = mark
        for model, rows in self._rows.items():
            del rows[lengths.get(model, 0) :]
        for name in list(self._heads)[heads:]:
            del self._heads[name]

    def write(self) -> None:
        """Everything at once, in the order in which the tables were first used."""
        events = self._rows.get(Event, [])
        for model, rows in self._rows.items():
            insert_rows(model, rows)
        for subscriber in subscribers().values():
            for event in events:
                subscriber(event)
        self._rows.clear()


@contextmanager
def batch(*, dry: bool = False) -> Iterator[Batch]:
    """One transaction of bulk writing; an error inside leaves nothing. A ``dry`` one neither locks
    nor writes, the rows are only worked out."""
    if dry:
        yield Batch(clock.now(), dry=True)
        return
    with transaction.atomic():
        opened = Batch(clock.now())
        yield opened
        opened.write()


def _take_ids(model: type[models.Model]) -> Iterator[int]:
    """Ids of the database's own sequence; SQLite has one writer, its counter cannot move."""
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [f'"{table}"', column, IDS_AT_ONCE],
            )
            return iter([row[0] for row in cursor.fetchall()])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()
    start = last[0] if last else 0
    return iter(range(start + 1, 2**63))


def insert_rows(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Insert rows (anything with the columns as attributes) with the ids they have."""
    fields = model._meta.concrete_fields
    values = attrgetter(*(item.attname for item in fields))
    converters = [
        (place, convert) for place, item in enumerate(fields) if (convert := _converter(item))
    ]
    table = connection.ops.quote_name(model._meta.db_table)
    columns = ", ".join(connection.ops.quote_name(item.column or "") for item in fields)
    prepared = (_prepared(values(row), converters) for row in rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in prepared:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608  # names only
                list(prepared),
            )


Converters = Sequence[tuple[int, Callable[[Any], Any]]]


def _prepared(row: tuple[Any, ...], converters: Converters) -> Sequence[Any]:
    values = list(row)
    for place, convert in converters:
        values[place] = convert(values[place])
    return values


def _converter(item: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    """How a value of the field is handed to the database, None for as it is."""
    if isinstance(item, models.JSONField):
        return json.dumps
    if isinstance(item, models.FileField):
        return str
    plain = connection.vendor == "postgresql" or not isinstance(
        item, models.DateTimeField | models.DateField | models.DecimalField
    )
    return None if plain else lambda value: item.get_db_prep_save(value, connection)
