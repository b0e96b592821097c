"""Writing whole histories at once: the columns, chain and constraints of ``record_event``.

For imports and large demonstrations. A row's id is taken before it is written, because payloads
name the rows they speak of. Rows go to the database many at a time, by COPY on PostgreSQL (beside
the work on the next ones), by executemany on SQLite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from django.db import connection, models, transaction
from django.db.models.base import ModelState

from history.bulk_events import Form, NewEvent, lines
from history.bulk_ids import Blocks, stock_up
from history.bulk_rows import copied, copy, insert, insert_rows
from history.canonical import digest, encoded
from history.commands import CommandKey
from history.models import Command, Event, Stream
from history.record import who
from history.registry import Payload, payload_class, subscribers
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.collector import resting

if TYPE_CHECKING:
    from history.bulk_sending import Sending

M = TypeVar("M", bound=models.Model)

# A session keeps the plan by which it checks a key; made while the table was nearly empty, it reads
# all of it for each row.
_PLANNED_ANEW: Final = b"DISCARD PLANS; SET LOCAL enable_seqscan = off"
_CHECKED: Final = b"SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"

Mark = list[int]


class _Table:
    """The rows of a batch for one table, and ids for them."""

    __slots__ = ("blocks", "ids", "key", "rows")

    def __init__(self, model: type[models.Model], *, dry: bool) -> None:
        self.key = model._meta.pk.attname
        self.rows: list[Any] = []
        self.blocks = Blocks(model)
        self.ids: Iterator[int] = count(2**62)  # of a dry batch: no row of the database has one
        if not dry:
            self.ids = chain.from_iterable(self.blocks)


class _Tables(dict[type[models.Model], _Table]):
    """The table of each model that was asked for, in the order of the first questions."""

    def __init__(self, *, dry: bool) -> None:
        super().__init__()
        self._dry = dry

    def __missing__(self, model: type[models.Model]) -> _Table:
        table = self[model] = _Table(model, dry=self._dry)
        return table


class Head:
    """The end of a stream that begins in a batch: the columns of its row, and its name as bytes."""

    copied: bytes
    encoded: bytes

    def __init__(self, name: str, id_: int) -> None:
        self.id, self.name = id_, name
        self.last_sequence, self.last_hash = 0, ""


@dataclass
class Batch:
    """Rows of one transaction; made by :func:`batch`. Bulk writing is silent: no outbox rows."""

    now: datetime
    dry: bool = False  # nothing is written, no hash is reckoned
    check_keys: bool = False  # as rows arrive
    _now: str = ""
    _tables: _Tables = field(init=False)
    _heads: dict[str, Head] = field(default_factory=dict)
    _who: dict[int, tuple[Actor, dict[str, Any]]] = field(default_factory=dict)
    _forms: dict[tuple[int, type[Payload]], Form] = field(default_factory=dict)
    _at: datetime | None = None
    _at_told: str = ""
    _sending: Sending | None = None

    def __post_init__(self) -> None:
        self._now = clock.iso(self.now) or ""
        self._tables = _Tables(dry=self.dry)

    def next_id(self, model: type[models.Model]) -> int:
        """An id that no other row of ``model`` has or gets."""
        return next(self._tables[model].ids)

    def add(self, row: models.Model) -> None:
        """Write ``row`` at the end; it may be changed until then. It gets an id unless it has."""
        table, columns = self._tables[type(row)], row.__dict__
        if columns[table.key] is None:
            columns[table.key] = next(table.ids)
        if not self.dry:
            table.rows.append(row)

    def command(self, verb: str, key: CommandKey, actor: Actor, arguments: Any) -> Command:
        """The one command of a history. A key that was used before fails when it is written."""
        row = new_row(
            Command,
            client=key.client,
            key=key.key,
            verb=verb,
            actor_kind=actor.kind,
            actor_id=actor.id,
            arguments_hash="" if self.dry else digest({"verb": verb, "arguments": arguments}),
            created_at=self.now,
        )
        self.add(row)
        return row

    def record(
        self, stream: str, payload: Payload, *, actor: Actor, command: Command, at: datetime
    ) -> Event:
        """The next event of a stream that begins in this batch: its columns, not yet a row."""
        head = self._heads.get(stream)
        if head is None:
            head = self._begin(stream)
        head.last_sequence += 1
        event = NewEvent(stream, head.last_sequence, at, head.last_hash)
        if not self.dry:
            table = self._tables[Event]
            event.id, event.recorded_at = next(table.ids), self.now
            event.command_id, event.ordinal = command.id, command.next_ordinal
            form = self._form(type(payload), actor)
            event.fill(form, payload.as_json(), self.told(at).encode(), head)
            table.rows.append(event)
            command.next_ordinal += 1
            head.last_hash = event.hash
        return cast(Event, event)

    def _begin(self, stream: str) -> Head:
        table = self._tables[Stream]
        head = self._heads[stream] = Head(stream, next(table.ids))
        if not self.dry:
            head.copied, head.encoded = copied(stream), encoded(stream)
            table.rows.append(head)
        return head

    def _form(self, payload: type[Payload], actor: Actor) -> Form:
        """What the events of this kind and actor share."""
        form = self._forms.get((id(actor), payload))
        if form is None:
            payload_class(payload.kind)  # LookupError for a kind that nobody registered
            shared = self._columns_of(actor)
            form = self._forms[id(actor), payload] = Form.of(payload, shared, self._now)
        return form

    def told(self, at: datetime) -> str:
        """A moment in canonical form; several events after another are often of one."""
        if at is not self._at:
            self._at, self._at_told = at, clock.iso(at) or ""
        return self._at_told

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
        return [len(self._heads), *[len(table.rows) for table in self._tables.values()]]

    def back_to(self, mark: Mark) -> None:
        """Forget what was added since, and nothing else may hold on to it."""
        heads, *lengths = mark
        for table, length in zip(self._tables.values(), chain(lengths, repeat(0)), strict=False):
            del table.rows[length:]  # a table that was first used since is empty again
        for name in list(self._heads)[heads:]:
            del self._heads[name]

    def hand_over(self, *, last: bool = False) -> None:
        """Write what was added so far, in the order in which the tables were first used.

        It is complete: none of it may be changed or taken back any more, its streams have ended.
        On PostgreSQL it is on its way from now on, while the batch goes on; see :meth:`turn`.
        """
        written = [(model, table.rows) for model, table in self._tables.items() if table.rows]
        if self._sending is not None and not last:
            used = {self._tables[model].blocks: len(rows) for model, rows in written}
            stock_up(self._sending, used)
        for model, _rows in written:
            self._tables[model].rows = []
        for model, rows in written:
            if model is Event:
                _insert_events(rows)
            else:
                insert_rows(model, rows)
        events = dict(written).get(Event, ())
        for subscriber in subscribers().values():
            subscriber(events)
        self._heads.clear()
        if self._sending is not None and written and self.check_keys:
            self._sending.add(_CHECKED)

    def turn(self) -> None:
        """Let what is on its way go on as far as it goes without waiting."""
        if self._sending is not None:
            self._sending.turn()


def _insert_events(events: list[NewEvent]) -> None:
    names = [item.attname for item in Event._meta.concrete_fields]
    if connection.vendor == "postgresql":
        copy(Event, names, lines(events))
    else:
        insert(Event, [[getattr(event, name) for name in names] for event in events])


def new_row(model: type[M], /, **values: Any) -> M:
    """What ``model(**values)`` makes, in a tenth of the time: values are right by construction."""
    recipe = _recipe(model)
    row = model.__new__(model)
    row.__dict__ = columns = recipe.constants.copy()
    columns["_state"] = state = ModelState()
    for name, make in recipe.made:
        if name not in values:
            columns[name] = make()
    for name, (column, key) in recipe.relations.items():
        if name in values:
            state.fields_cache[name] = value = values.pop(name)
            if value is not None:
                columns[column] = value.__dict__[key]
    columns.update(values)
    return row


def relate(row: models.Model, name: str, value: models.Model | None) -> None:
    """``row.name = value`` for a relation, without the questions that a right value need not
    answer."""
    column, key = _recipe(type(row)).relations[name]
    row.__dict__[column] = None if value is None else value.__dict__[key]
    row._state.fields_cache[name] = value


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Defaults that are the same for each row, those that are made; name of a relation → its
    column and the column it points to."""

    constants: dict[str, Any]
    made: list[tuple[str, Callable[[], Any]]]
    relations: dict[str, tuple[str, str]]


@cache
def _recipe(model: type[models.Model]) -> _Recipe:
    found = _Recipe({}, [], {})
    for item in model._meta.concrete_fields:
        found.constants[item.attname] = None
        if isinstance(item, models.ForeignKey):
            found.relations[item.name] = item.attname, item.target_field.attname
        if callable(item.default) and item.default is not models.NOT_PROVIDED:
            found.made.append((item.attname, item.get_default))
        else:
            found.constants[item.attname] = item.get_default()
    return found


@contextmanager
def batch(*, dry: bool = False, check_keys: bool = False) -> Iterator[Batch]:
    """One transaction of bulk writing; an error inside leaves nothing. A ``dry`` one neither locks
    nor writes, the rows are only worked out.

    ``check_keys``: foreign keys are checked beside the work on the next rows instead of by the
    commit. From then on the rows they point to are locked against FOR UPDATE: not for a transaction
    that lasts.
    """
    with resting(), nullcontext() if dry else transaction.atomic(), _beside(dry=dry) as sending:
        if sending is not None and check_keys:
            sending.add(_PLANNED_ANEW)
        opened = Batch(clock.now(), dry=dry, check_keys=check_keys, _sending=sending)
        yield opened
        opened.hand_over(last=True)


def _beside(*, dry: bool) -> AbstractContextManager[Sending | None]:
    """Around a batch whose rows go to the database while it works on the next."""
    if dry or connection.vendor != "postgresql":
        return nullcontext()
    from history.bulk_sending import sending  # an installation on SQLite loads nothing of it

    return sending()
