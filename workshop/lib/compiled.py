"""Statements of the hot paths, built by the ORM once and then run with other values.

Building the SQL of a queryset costs Python three to ten times what running it does. A queryset
here is written as everywhere, with slots where values come later; it is compiled on first use and
gives the same model instances:

    _by_telegram = Rows(lambda slot: Employee.objects.filter(telegram_id=slot("telegram_id")))
    _by_telegram.first(telegram_id=7)

Only for what runs with nearly every update of the bot, or every few seconds day and night. A slot
holds a value, never None (that would be another statement); moments need the field they are
compared with. ``slot.each`` holds a tuple for ``__in``, compiled for 1, 2, 4, 8, … values: the last
one is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import Expression, Field, QuerySet, sql
from django.db.models.query import get_related_populators

from workshop.lib.prepared import prepared_cursor

_PLAIN = frozenset({int, str, bool})
M = TypeVar("M", bound=models.Model)
Value = Any


@dataclass(frozen=True)
class _Gap:
    """Where a value belongs among the parameters; ``field`` prepares it for the database."""

    name: str
    field: Field[Any, Any] | None
    place: int | None = None

    def fill(self, values: dict[str, Value], connection: Any) -> Value:
        value = values[self.name] if self.place is None else values[self.name][self.place]
        if self.field is not None:
            return self.field.get_db_prep_save(value, connection)
        if type(value) not in _PLAIN:
            raise TypeError(f"slot {self.name} cannot hold {value!r} without its field")
        return value


class Slot(Expression):
    """Stands in a queryset for a value to come."""

    def __init__(
        self, name: str, field: Field[Any, Any] | None = None, place: int | None = None
    ) -> None:
        super().__init__(output_field=field)
        self.gap = _Gap(name, field, place)

    def __repr__(self) -> str:
        return f"Slot({self.gap.name})"

    @property
    def identity(self) -> Any:
        return self.gap

    def as_sql(  # type: ignore[override]  # the gap is filled later
        self, compiler: Any, connection: Any, **_more: Any
    ) -> tuple[str, list[Any]]:
        return "%s", [self.gap]


class Slots:
    """Handed to the builder: ``slot("name")``, ``slot("name", field)``, ``slot.each("name")``."""

    def __init__(self, lengths: dict[str, int]) -> None:
        self._lengths = lengths

    def __call__(self, name: str, field: Any = None) -> Any:
        return Slot(name, field)

    def each(self, name: str) -> Any:
        """For ``__in``: as many as the tuple that is given will hold."""
        return [Slot(name, None, place) for place in range(self._lengths[name])]


class _Statement:
    """Compiled per database and per lengths of the tuples."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Any] = {}

    def _of(self, alias: str, values: dict[str, Value]) -> Any:
        lengths: dict[str, int] = {}
        for name, value in values.items():
            if type(value) is tuple:
                lengths[name] = 1 << (len(value) - 1).bit_length()
                values[name] = value + value[-1:] * (lengths[name] - len(value))
        # The settings of a test may give the alias another database.
        key = (alias, connections[alias].vendor, *lengths.items())
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._compile(alias, Slots(lengths))
        return made

    def _compile(self, alias: str, slots: Slots) -> Any:
        raise NotImplementedError


@dataclass(frozen=True)
class _Select:
    """What is asked, and how the columns of the answer become values and instances."""

    text: str
    gaps: Sequence[Any]
    converters: list[tuple[int, list[Any], Any]]
    model: type[models.Model] | None = None
    names: Sequence[str] = ()
    end: int = 0
    related: Sequence[Any] = ()
    extra: Mapping[str, int] = field(default_factory=dict)
    prepared: bool = False

    def rows(self, values: dict[str, Value], connection: Any) -> list[Any]:
        with prepared_cursor(connection) if self.prepared else connection.cursor() as cursor:
            cursor.execute(self.text, _filled(self.gaps, values, connection))
            found = cursor.fetchall()
        if not self.converters:
            return list(found)
        rows = [list(row) for row in found]
        for place, convert, expression in self.converters:
            for row in rows:
                for step in convert:
                    row[place] = step(row[place], expression, connection)
        return rows

    def instance(self, row: Sequence[Any], alias: str) -> Any:
        if self.model is None:
            raise TypeError("these columns are no model")
        found = self.model.from_db(alias, self.names, row[: self.end])
        for populator in self.related:
            populator.populate(row, found)
        for name, place in self.extra.items():
            setattr(found, name, row[place])
        return found


def _columns(queryset: QuerySet[Any, Any], alias: str, *, prepared: bool) -> tuple[_Select, Any]:
    """The select without a model, and the compiler that knows more of it."""
    compiler = queryset.query.get_compiler(using=alias, elide_empty=False)
    text, gaps = compiler.as_sql()
    columns: list[Any] = [column for column, _sql, _alias in compiler.select]
    converters = [(at, *how) for at, how in compiler.get_converters(columns).items()]
    return _Select(text, gaps, converters, prepared=prepared), compiler


def _instances(queryset: QuerySet[Any, Any], alias: str, *, prepared: bool) -> _Select:
    made, compiler = _columns(queryset, alias, prepared=prepared)
    info = compiler.klass_info
    end = info["select_fields"][-1] + 1
    populators: Any = get_related_populators  # the stubs are those of Django 6
    return replace(
        made,
        model=info["model"],
        names=[column.target.attname for column, _sql, _alias in compiler.select[:end]],
        end=end,
        related=populators(info, compiler.select, alias),
        extra=dict(compiler.annotation_col_map or {}),
    )


class Rows(_Statement, Generic[M]):
    """A queryset of model instances; select_related and annotations work, prefetches do not.

    ``prepared``: PostgreSQL keeps the plan too, see :mod:`workshop.lib.prepared`.
    """

    def __init__(self, build: Callable[[Slots], QuerySet[M]], *, prepared: bool = False) -> None:
        super().__init__()
        self._build, self._prepared = build, prepared

    def all(self, **values: Value) -> list[M]:
        """The rows, in the order of the queryset."""
        made: _Select = self._of(DEFAULT_DB_ALIAS, values)
        rows = made.rows(values, connections[DEFAULT_DB_ALIAS])
        return [made.instance(row, DEFAULT_DB_ALIAS) for row in rows]

    def first(self, **values: Value) -> M | None:
        """The first row, if any: the queryset itself says of how many (``[:1]``)."""
        found = self.all(**values)
        return found[0] if found else None

    def _compile(self, alias: str, slots: Slots) -> _Select:
        return _instances(self._build(slots), alias, prepared=self._prepared)


class Columns(_Statement):
    """The rows of a ``values_list``. ``prepared`` as for :class:`Rows`."""

    def __init__(
        self, build: Callable[[Slots], QuerySet[Any, Any]], *, prepared: bool = False
    ) -> None:
        super().__init__()
        self._build, self._prepared = build, prepared

    def all(self, **values: Value) -> list[Sequence[Any]]:
        made: _Select = self._of(DEFAULT_DB_ALIAS, values)
        return made.rows(values, connections[DEFAULT_DB_ALIAS])

    def _compile(self, alias: str, slots: Slots) -> _Select:
        return _columns(self._build(slots), alias, prepared=self._prepared)[0]


class Count(_Statement):
    """How many rows a queryset has."""

    def __init__(self, build: Callable[[Slots], QuerySet[Any]]) -> None:
        super().__init__()
        self._build = build

    def of(self, **values: Value) -> int:
        text, gaps = self._of(DEFAULT_DB_ALIAS, values)
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(text, _filled(gaps, values, connection))
            number: int = cursor.fetchone()[0]
        return number

    def _compile(self, alias: str, slots: Slots) -> tuple[str, Sequence[Any]]:
        query = self._build(slots).values("pk").query
        text, gaps = query.get_compiler(using=alias).as_sql()
        return f"SELECT COUNT(*) FROM ({text}) AS counted", gaps  # noqa: S608  the ORM's own


class Change(_Statement):
    """An UPDATE: the builder gives the queryset and what is set."""

    def __init__(self, build: Callable[[Slots], tuple[QuerySet[Any], dict[str, Any]]]) -> None:
        super().__init__()
        self._build = build

    def run(self, **values: Value) -> int:
        """How many rows were changed."""
        text, gaps = self._of(DEFAULT_DB_ALIAS, values)
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(text, _filled(gaps, values, connection))
            changed: int = cursor.rowcount
        return changed

    def _compile(self, alias: str, slots: Slots) -> tuple[str, Sequence[Any]]:
        queryset, new = self._build(slots)
        query: Any = queryset.query.chain(sql.UpdateQuery)
        model = queryset.model
        query.add_update_values(
            {name: _in_field(value, model._meta.get_field(name)) for name, value in new.items()}
        )
        text, gaps = query.get_compiler(using=alias).as_sql()
        return text, gaps


@dataclass(frozen=True)
class _Insert:
    insert: str
    gaps: str
    returning: str
    columns: Sequence[Any]

    def values(self, row: models.Model, connection: Any) -> list[Value]:
        return [
            column.get_db_prep_save(getattr(row, column.attname), connection)
            for column in self.columns
        ]


def _insert(model: type[models.Model], connection: Any) -> _Insert:
    """Every column but a primary key that the database gives."""
    meta, quote = model._meta, connection.ops.quote_name
    given = isinstance(meta.pk, models.AutoField)
    columns = [one for one in meta.concrete_fields if not (given and one.primary_key)]
    names = ", ".join(quote(one.column) for one in columns)
    return _Insert(
        insert=f"INSERT INTO {quote(meta.db_table)} ({names}) VALUES",
        gaps=f"({', '.join(['%s'] * len(columns))})",
        returning=f" RETURNING {quote(meta.pk.column)}" if given and meta.pk else "",
        columns=columns,
    )


class Insertion(Generic[M]):
    """INSERT of instances, without the signals of ``save``."""

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._made: dict[str, _Insert] = {}

    def save(self, row: M) -> None:
        """Raises IntegrityError as ``save(force_insert=True)`` does."""
        connection = connections[DEFAULT_DB_ALIAS]
        made = self._of(connection)
        with connection.cursor() as cursor:
            cursor.execute(
                f"{made.insert} {made.gaps}{made.returning}", made.values(row, connection)
            )
            if row.pk is None:
                row.pk = cursor.fetchone()[0]
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    def save_new(self, rows: Sequence[M]) -> None:
        """Those that are not there yet, in one statement; no primary keys come back."""
        if not rows:
            return
        connection = connections[DEFAULT_DB_ALIAS]
        made = self._of(connection)
        gaps = ", ".join([made.gaps] * len(rows))
        values = [value for row in rows for value in made.values(row, connection)]
        with connection.cursor() as cursor:
            cursor.execute(f"{made.insert} {gaps} ON CONFLICT DO NOTHING", values)

    def _of(self, connection: Any) -> _Insert:
        made = self._made.get(connection.vendor)
        if made is None:
            made = self._made[connection.vendor] = _insert(self._model, connection)
        return made


def _in_field(value: Any, field: Any) -> Any:
    return Slot(value.gap.name, field) if isinstance(value, Slot) else value


def _filled(gaps: Iterable[Any], values: dict[str, Value], connection: Any) -> list[Any]:
    return [gap.fill(values, connection) if type(gap) is _Gap else gap for gap in gaps]
