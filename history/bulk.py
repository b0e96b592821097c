"""Writing whole histories at once: the columns, chain and constraints of ``record_event``.

For imports and large demonstrations. A row's id is taken before it is written, because payloads
name the rows they speak of. All rows of a batch go to the database together: by COPY on
PostgreSQL, by executemany on SQLite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import count
from operator import attrgetter
from typing import Any, Final, TypeVar, cast

from django.db import connection, models, transaction
from django.db.models.base import ModelState

from history.canonical import digest, encoded
from history.chain import HASHED_FIELDS, link
from history.commands import CommandKey
from history.models import Command, Event, Stream
from history.record import who
from history.registry import Payload, payload_class, subscribers
from workshop.lib import clock
from workshop.lib.actor import Actor

M = TypeVar("M", bound=models.Model)

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
    _now: str = ""
    _rows: dict[type[models.Model], list[Any]] = field(default_factory=dict)
    _ids: dict[type[models.Model], Iterator[int]] = field(default_factory=dict)
    _heads: dict[str, Stream] = field(default_factory=dict)
    _who: dict[int, tuple[Actor, dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._now = clock.iso(self.now) or ""

    def next_id(self, model: type[models.Model]) -> int:
        """An id that no other row of ``model`` has or gets."""
        while True:
            ids = self._ids.get(model)
            if ids is not None:
                for found in ids:
                    return found
            self._ids[model] = count(2**62) if self.dry else _take_ids(model)

    def add(self, row: models.Model) -> None:
        """Write ``row`` at the end; it may be changed until then. It gets an id unless it has."""
        if row.pk is None:
            row.pk = self.next_id(type(row))
        if not self.dry:
            self._rows.setdefault(type(row), []).append(row)

    def command(self, verb: str, key: CommandKey, actor: Actor, arguments: Any) -> Command:
        """The one command of a history. A key that was used before fails when it is written."""
        row = new_row(
            Command,
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
            head = self._heads[stream] = new_row(Stream, name=stream)
            self.add(head)
        columns = NewEvent(
            id=self.next_id(Event),
            stream=stream,
            sequence=head.last_sequence + 1,
            kind=payload.kind,
            version=payload.version,
            payload={} if self.dry else payload.as_json(),
            occurred_at=at,
            recorded_at=self.now,
            command_id=command.pk,
            ordinal=command.next_ordinal,
            previous_hash=head.last_hash,
            **self._columns_of(actor),
        )
        event = cast(Event, columns)
        if not self.dry:
            event.hash = self._hash_of(columns)
        command.next_ordinal += 1
        head.last_sequence, head.last_hash = event.sequence, event.hash
        if not self.dry:
            self._rows.setdefault(Event, []).append(event)
        return event

    def _hash_of(self, columns: NewEvent) -> str:
        """As ``event_hash``: the payload is in its plain form already."""
        body = {name: getattr(columns, name) for name in HASHED_FIELDS}
        body["occurred_at"] = clock.iso(columns.occurred_at)
        body["recorded_at"] = self._now
        return link(encoded(body), columns.previous_hash)

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


def new_row(model: type[M], **values: Any) -> M:
    """What ``model(**values)`` makes, in a tenth of the time: values are right by construction."""
    constants, made, relations = _recipe(model)
    row = model.__new__(model)
    row._state = ModelState()
    columns = row.__dict__
    columns.update(constants)
    for name, make in made:
        if name not in values:
            columns[name] = make()
    for name, value in values.items():
        column = relations.get(name)
        if column is None:
            columns[name] = value
        else:
            columns[column] = None if value is None else value.pk
            row._state.fields_cache[name] = value
    return row


@cache
def _recipe(
    model: type[models.Model],
) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]], dict[str, str]]:
    """Defaults that are the same for each row, those that are made, and columns of relations."""
    constants: dict[str, Any] = {}
    made: list[tuple[str, Callable[[], Any]]] = []
    relations: dict[str, str] = {}
    for item in model._meta.concrete_fields:
        constants[item.attname] = None
        if item.is_relation:
            relations[item.name] = item.attname
        if callable(item.default) and item.default is not models.NOT_PROVIDED:
            made.append((item.attname, item.get_default))
        else:
            constants[item.attname] = item.get_default()
    return constants, made, relations


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


def _json(value: Any) -> str:
    return encoded(value).decode(errors="surrogatepass")


def _converter(item: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    """How a value of the field is handed to the database, None for as it is."""
    if isinstance(item, models.JSONField):
        return _json
    if isinstance(item, models.FileField):
        return str
    plain = connection.vendor == "postgresql" or not isinstance(
        item, models.DateTimeField | models.DateField | models.DecimalField
    )
    return None if plain else lambda value: item.get_db_prep_save(value, connection)
