"""Writing the sums of roll-ups: differences are added, so that nobody counts a day twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.db import connection

from analytics.counting import KINDS, Contribution, Key, Kind, Sums, month
from analytics.models import Cell, Counted

ROWS: Final = 1000
"""Rows of one statement."""


def add(changes: Mapping[str, Sums]) -> None:
    """Add ``changes`` to the sums of their days, and of the months of these days."""
    for name, sums in changes.items():
        kind = KINDS[name]
        _upsert(kind, Cell.Grain.DAY, sums)
        if kind.months:
            _upsert(kind, Cell.Grain.MONTH, _by_month(sums))


def _by_month(sums: Sums) -> Sums:
    totals: Sums = {}
    for (day, *key), values in sums.items():
        whole = (month(day), *key)
        before = totals.get(whole, (0,) * len(values))
        totals[whole] = tuple(one + other for one, other in zip(before, values, strict=True))
    return {key: values for key, values in totals.items() if any(values)}


def _upsert(kind: Kind, grain: str, sums: Sums) -> None:
    """One statement for up to ``ROWS`` keys, in their order: a key that is there is added to."""
    quote = connection.ops.quote_name
    table = quote(kind.model._meta.db_table)
    keys = ["grain", "day", *kind.keys]
    columns = [*keys, *kind.values]
    adding = ", ".join(
        f"{quote(name)} = {table}.{quote(name)} + excluded.{quote(name)}" for name in kind.values
    )
    gap = f"({', '.join(['%s'] * len(columns))})"
    rows = [_row(kind, grain, key, values) for key, values in sorted(sums.items())]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS]
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(map(quote, columns))})"  # noqa: S608  names only
                f" VALUES {', '.join([gap] * len(part))}"
                f" ON CONFLICT ({', '.join(map(quote, keys))}) DO UPDATE SET {adding}",
                [value for row in part for value in row],
            )


def _row(kind: Kind, grain: str, key: Key, values: Sequence[int]) -> list[Any]:
    day, *rest = key
    if kind.keys[0] == "before":
        rest[0] = date.fromordinal(rest[0])
    return [grain, date.fromordinal(day), *rest, *values]


def keep(receipts: Iterable[int], contributions: Mapping[int, Contribution]) -> None:
    """Remember what these receipts have added; those that add nothing now are forgotten."""
    gone = [pk for pk in receipts if pk not in contributions]
    if gone:
        Counted.objects.filter(receipt__in=gone).delete()
    rows = [Counted(receipt_id=pk, cells=one.as_json()) for pk, one in contributions.items()]
    Counted.objects.bulk_create(
        rows, ROWS, update_conflicts=True, unique_fields=["receipt"], update_fields=["cells"]
    )
