"""What a column of an import is, and what every subject shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from django.conf import settings
from django.db import transaction
from django.utils import translation

from integrations.imports.cells import Parser, folded
from integrations.imports.known import Known
from receipts.services.bulk import Writer
from workshop.lib.actor import Actor
from workshop.lib.errors import Message

CREATED: Final = "created"
UPDATED: Final = "updated"
UNCHANGED: Final = "unchanged"
ERROR: Final = "error"
OUTCOMES: Final = (CREATED, UPDATED, UNCHANGED, ERROR)

Values = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column: its cell is read by ``parser(known)``; ``kind`` lays it out in the template."""

    name: str
    label: Message
    parser: Callable[[Known], Parser]
    example: Any = ""
    about: Message = ""
    required: bool = False
    aliases: tuple[str, ...] = ()
    choices: Callable[[], Sequence[str]] | None = None

    def titles(self) -> set[str]:
        """Everything a person may have written above the column, folded."""
        found = {folded(self.name), folded(self.name.replace("_", " ")), *map(folded, self.aliases)}
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                found.add(folded(str(self.label)))
        return found


@dataclass(frozen=True)
class Problem:
    """Why a row cannot be taken: the column (empty: the row as a whole) and the reason."""

    column: str
    why: str


class RowError(Exception):
    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


class Source(NamedTuple):
    """A row whose cells could be read: its number in the file and the values by column."""

    number: int
    values: Values


class Done(NamedTuple):
    """What became of a row."""

    outcome: str
    object_id: int | None = None
    problems: tuple[Problem, ...] = ()


@dataclass
class Order:
    """What is asked: who imports, under which key, whether known rows are changed."""

    actor: Actor
    client: str  # of the commands
    update: bool = False
    dry: bool = False
    known: Known = field(default_factory=Known)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around the services that one row calls: all of it or nothing, in a dry run nothing."""
        with transaction.atomic():
            yield
            if self.dry:
                transaction.set_rollback(True)


class Importer(Protocol):
    """Writes the rows of one subject. Made for a run; ``look_up`` is called for each chunk."""

    def look_up(self, rows: Sequence[Source]) -> None:
        """Read at once what the rows of a chunk may meet."""
        ...

    def pass_by(self, rows: Sequence[Source]) -> None:
        """Rows that were written before a kill: what the others need to know of them."""
        ...

    def take(self, row: Source, bulk: Writer) -> Done:
        """Write a row, or refuse it: RowError, WorkshopError. Then what it added is taken back."""
        ...


@dataclass(frozen=True)
class Subject:
    """A kind of rows that can be imported."""

    name: str
    label: Message
    columns: tuple[Column, ...]
    importer: Callable[[Order], Importer]
    # Field of a service's refusal → column; the same name needs no entry.
    fields: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)
