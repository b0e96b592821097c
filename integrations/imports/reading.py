"""From the cells of a row to the values of its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations.imports.cells import CellError
from integrations.imports.columns import Problem, Source, Subject, Values
from integrations.imports.known import Known

REMEMBERED: Final = 5_000  # equal cells of a column are read once; phones and serials never are
_NONE: Final = object()


class _Place:
    """One column of ours in the file."""

    def __init__(self, name: str, place: int, parse: Callable[[Any], Any]) -> None:
        self.name, self.place, self.parse = name, place, parse
        self.read: dict[Any, Any] = {}


class RowReader:
    def __init__(self, subject: Subject, mapping: Mapping[str, int], known: Known) -> None:
        self._places = [
            _Place(column.name, mapping[column.name], column.parser(known))
            for column in subject.columns
            if column.name in mapping
        ]
        self._required = subject.required

    def read(self, number: int, cells: Sequence[Any]) -> tuple[Source, list[Problem]]:
        """The values of a row, empty cells left out, and what is wrong with its cells."""
        values: Values = {}
        problems: list[Problem] = []
        width = len(cells)
        for place in self._places:
            cell = cells[place.place] if place.place < width else ""
            if cell == "" or cell is None or (isinstance(cell, str) and not cell.strip()):
                continue
            key = cell if isinstance(cell, str) else (type(cell), cell)
            value = place.read.get(key, _NONE)
            if value is _NONE:
                try:
                    value = place.parse(cell)
                except CellError as error:
                    problems.append(Problem(place.name, str(error)))
                    continue
                if len(place.read) < REMEMBERED:
                    place.read[key] = value
            values[place.name] = value
        for name in self._required:
            if name not in values and not any(problem.column == name for problem in problems):
                problems.append(Problem(name, _("Fill in this column.")))
        return Source(number, values), problems
