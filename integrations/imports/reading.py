"""From the cells of a row to the values of its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from integrations.imports.cells import CellError
from integrations.imports.columns import Problem, Source, Subject, Values
from integrations.imports.known import Known

REMEMBERED: Final = 5_000  # equal cells of a column are read once; phones and serials never are
_NEW: Final = object()
_EMPTY: Final = object()

Place = tuple[str, int, Callable[[Any], Any], dict[Any, Any]]


class RowReader:
    def __init__(self, subject: Subject, mapping: Mapping[str, int], known: Known) -> None:
        # Of each column of ours: its name, its place in the file, its parser, what was read before.
        self._places: list[Place] = [
            (column.name, mapping[column.name], column.parser(known), {})
            for column in subject.columns
            if column.name in mapping
        ]
        self._required = subject.required

    def read(self, number: int, cells: Sequence[Any]) -> tuple[Source, list[Problem]]:
        """The values of a row, empty cells left out, and what is wrong with its cells."""
        values: Values = {}
        problems: list[Problem] = []
        width = len(cells)
        for name, place, parse, before in self._places:
            cell = cells[place] if place < width else None
            value = before.get(cell, _NEW) if type(cell) is str else _NEW
            if value is _NEW:
                try:
                    value = _parsed(cell, parse, before)
                except CellError as error:
                    problems.append(Problem(name, str(error)))
                    continue
            if value is not _EMPTY:
                values[name] = value
        for name in self._required:
            if name not in values and not any(problem.column == name for problem in problems):
                problems.append(Problem(name, _("Fill in this column.")))
        return Source(number, values), problems


def _parsed(cell: Any, parse: Callable[[Any], Any], before: dict[Any, Any]) -> Any:
    """The value of a cell that was not read before, or is no text; ``_EMPTY`` where none is."""
    if isinstance(cell, datetime):  # seldom the same, and read sooner than looked up
        return parse(cell)
    if cell is None:
        return _EMPTY
    is_text = isinstance(cell, str)
    key = cell if is_text else (type(cell), cell)
    value = before.get(key, _NEW)
    if value is _NEW:
        value = _EMPTY if is_text and not cell.strip() else parse(cell)
        if len(before) < REMEMBERED:
            before[key] = value
    return value
