"""What a dry run has understood of a table, kept for the import that follows.

Lines of JSON, one for the rows of a chunk, in the file of the dry run's job; it goes when the
import is done, or with the job's other files. Its hash stands in the job, together with the mark of
all that the reading depended on: the table, its columns, the language, the names of people and
catalogues, the program itself. Whatever is missing or differs, the table is read again. What is
kept are cells and nothing else: whether a row may be written is asked of the database anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import orjson
from django.conf import settings

from history.canonical import digest
from integrations.imports.cells import Moment
from integrations.imports.columns import Problem, Source
from integrations.imports.known import Known
from integrations.models import DataJob, Import
from receipts.numbers import Number

FORM: Final = 2
MOST_BYTES: Final = 32 * 1024 * 1024
"""Some 60 000 rows: a longer table is read twice."""

Read = list[tuple[Source, list[Problem]]]


def mark_of(row: Import, language: str, known: Known) -> str:
    """Equal as long as reading the table again would give the same."""
    return digest(
        {
            "form": FORM,
            "build": settings.BUILD,
            "zone": settings.WORKSHOP_TIME_ZONE,
            "subject": row.subject,
            "table": [row.sha256, row.table],
            "mapping": row.mapping,
            "language": language,  # in which the reasons are told
            "names": known.digest(),
        }
    )


class Kept:
    """The rows of a walk, chunk by chunk; empty when they are too many."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._left = MOST_BYTES

    def add(self, rows: Read) -> None:
        try:
            line = orjson.dumps(rows, default=_told, option=orjson.OPT_PASSTHROUGH_DATACLASS)
        except orjson.JSONEncodeError:  # half of a surrogate pair in a reason
            line, self._left = b"", 0
        self._left -= len(line) + 1
        if self._left >= 0:
            self.lines.append(line)
        else:
            self.lines.clear()


def lines_of(job: DataJob | None, mark: str) -> list[bytes]:
    """What the dry run has kept; nothing when it has not, or when it does not hold any more."""
    note = job.checkpoint.get("kept", {}) if job is not None else {}
    if job is None or not job.file or note.get("mark") != mark:
        return []
    try:
        with job.file.open("rb") as file:
            content: bytes = file.read(MOST_BYTES + 1)
    except OSError:
        return []
    is_whole = hashlib.sha256(content).hexdigest() == note["sha256"]
    return content.split(b"\n") if is_whole else []


class Ahead:
    """The chunks that were kept, as they were read; the next one may be made ready before its
    turn."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = iter(lines)
        self._ready: Read | None = None

    def __iter__(self) -> Iterator[Read]:
        return self

    def __next__(self) -> Read:
        ready, self._ready = self._ready, None
        return _rows_of(next(self._lines)) if ready is None else ready

    def prepare(self) -> None:
        """Nothing happens when it is ready, or at the end."""
        if self._ready is None and (line := next(self._lines, None)) is not None:
            self._ready = _rows_of(line)


def _rows_of(line: bytes) -> Read:
    """One chunk as it was read."""
    found: Read = []
    for (number, values), problems in orjson.loads(line):
        for name, value in values.items():
            kind = type(value)
            if kind is dict:
                ((kind, told),) = value.items()
                values[name] = _MAKERS[kind](told)
            elif kind is list:
                values[name] = _back(value)
        found.append((Source(number, values), [Problem(**problem) for problem in problems]))
    return found


_MAKERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "moment": lambda told: Moment(datetime.fromisoformat(told), False),
    "day": lambda told: Moment(datetime.fromisoformat(told), True),
    "decimal": Decimal,
    "number": lambda told: Number(*told),
}


def _told(value: Any) -> Any:
    """What JSON does not know. Raises TypeError for a type that would not come back."""
    match value:
        case Moment():
            return {"day" if value.is_day else "moment": value.at}
        case Decimal():
            return {"decimal": str(value)}
        case Number():
            return {"number": [value.display, value.key]}
        case Source():
            return [value.number, value.values]
        case Problem():
            return {"column": value.column, "why": value.why}
    raise TypeError(type(value).__name__)


def _back(value: Any) -> Any:
    if type(value) is list:
        return [_back(one) for one in value]
    if type(value) is dict:
        ((kind, told),) = value.items()
        return _MAKERS[kind](told)
    return value
