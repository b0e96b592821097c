"""Which event tells of which row: by the id it names, or by being nearest in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from integrations.legacy import values
from integrations.legacy.source import Row

NEAR: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Told:
    """A history event with its values read."""

    id: int
    type: str
    data: dict[str, Any]
    telegram_id: int | None
    username: str
    at: datetime | None

    @classmethod
    def of(cls, row: Row) -> Told:
        return cls(
            id=row["id"],
            type=values.text(row["event_type"], 100),
            data=values.payload(row["payload"]),
            telegram_id=values.number(row["telegram_id"]),
            username=values.text(row["telegram_username"], 64).removeprefix("@"),
            at=values.moment(row["created_at"]),
        )

    def pick(self, *names: str) -> Any:
        """The first of the keys that is there and not null."""
        return next((self.data[name] for name in names if self.data.get(name) is not None), None)

    def number(self, *names: str) -> int | None:
        return values.number(self.pick(*names))


def by_id(rows: Iterable[Row], events: Sequence[Told], names: Sequence[str]) -> dict[int, Told]:
    """Row id → its event: the one that names it, else the nearest one that names none."""
    left = list(events)
    found: dict[int, Told] = {}
    rows = list(rows)
    for row in rows:
        event = next((one for one in left if one.number(*names) == row["id"]), None)
        if event is not None:
            found[row["id"]] = event
            left.remove(event)
    nameless = [one for one in left if one.number(*names) is None]
    for row in rows:
        if row["id"] not in found:
            event = nearest(values.moment(row["created_at"]), nameless, within=NEAR)
            if event is not None:
                found[row["id"]] = event
                nameless.remove(event)
    return found


def nearest(
    moment: datetime | None, events: Iterable[Told], within: timedelta | None = None
) -> Told | None:
    """The event nearest to ``moment``, None when there is none (``within`` that distance)."""
    if moment is None:
        return None
    dated = [(abs(one.at - moment), one.id, one) for one in events if one.at is not None]
    if not dated:
        return None
    distance, _id, event = min(dated)
    return event if within is None or distance <= within else None
