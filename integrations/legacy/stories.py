"""The rows of one receipt, put together from all tables in one pass over each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.legacy.source import TABLES, Row, Source

_PARTS: Final = ("operations", "polishing_details", "returns", "links", "history_events")
_TABLE_OF: Final = {"links": "return_reason_links"}


@dataclass
class Story:
    """All that the earlier platform knows of one receipt."""

    receipt: Row
    operations: list[Row] = field(default_factory=list)
    polishing_details: list[Row] = field(default_factory=list)
    returns: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    history_events: list[Row] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.receipt["id"])


Orphan = Callable[[str, Row], Any]


def stories(source: Source, orphan: Orphan) -> Iterator[Story]:
    """Every receipt in the order of the ids; rows of receipts that do not exist go to ``orphan``.

    All tables are read side by side in the order of the receipt: nothing is searched for, so it
    needs no index, and memory holds one receipt at a time.
    """
    readers = {part: _Reader(source, part, orphan) for part in _PARTS}
    columns = ", ".join(TABLES["receipts"])
    for row in source.rows(f"SELECT {columns} FROM receipts ORDER BY id"):  # noqa: S608  # names
        yield Story(row, **{part: reader.of(row["id"]) for part, reader in readers.items()})
    for reader in readers.values():
        reader.rest()


class _Reader:
    """One table in the order of its receipts."""

    def __init__(self, source: Source, part: str, orphan: Orphan) -> None:
        self._table = _TABLE_OF.get(part, part)
        self._orphan = orphan
        self._rows = source.rows(_sql(part))
        self._next = next(self._rows, None)

    def of(self, receipt_id: int) -> list[Row]:
        """The rows of the receipt; those of earlier numbers belong to nobody."""
        found: list[Row] = []
        while self._next is not None:
            owner = self._next["receipt_id"]
            if owner is not None and owner > receipt_id:
                break
            if owner == receipt_id:
                found.append(self._next)
            else:
                self._orphan(self._table, self._next)
            self._next = next(self._rows, None)
        return found

    def rest(self) -> None:
        while self._next is not None:
            self._orphan(self._table, self._next)
            self._next = next(self._rows, None)


def _sql(part: str) -> str:
    """In the order of receipt, time, id; rows without a receipt first."""
    if part == "links":
        return (
            "SELECT l.id, l.return_id, l.reason_id, l.guilty_employee_id, r.receipt_id"
            " FROM return_reason_links l LEFT JOIN returns r ON r.id = l.return_id"
            " ORDER BY r.receipt_id NULLS FIRST, l.id"
        )
    order = "sent_at" if part == "polishing_details" else "created_at, id"
    columns = ", ".join(TABLES[part])
    return f"SELECT {columns} FROM {part} ORDER BY receipt_id NULLS FIRST, {order}"  # noqa: S608
