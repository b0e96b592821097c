"""The same work through every door leaves the same history, but for the door itself."""

from __future__ import annotations

import re
from typing import Any

import pytest

from history.models import Event
from history.verify import verify
from receipts.models import Receipt
from receipts.projection import differences
from tests.cast import make_cast
from tests.doors.doors import DOORS, play

MOMENT = re.compile(r"\A\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+)\Z")
NUMBER = re.compile("d-?(?:" + "|".join(DOORS) + ")", re.I)  # D-bot, also as the key of it
# Rows that each scenario makes for itself; people and catalogue rows are the same for all.
OWN_ROWS = frozenset({"operation", "order", "return", "check", "item", "assignment", "rework_of"})


def told(value: Any, name: str = "") -> Any:
    """A payload without what differs by nature: moments, ids of rows made here, the number."""
    if isinstance(value, dict):
        return {key: told(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [told(inner, name) for inner in value]
    if isinstance(value, str):
        return "<moment>" if MOMENT.match(value) else NUMBER.sub("<number>", value)
    row = name.removesuffix("_id")
    is_own = row in OWN_ROWS or row.rpartition("_")[2] in OWN_ROWS
    return "<row>" if is_own and value is not None else value


def history_of(receipt: Receipt) -> list[tuple[Any, ...]]:
    events = Event.objects.filter(stream=receipt.stream).order_by("sequence")
    return [
        (one.sequence, one.kind, one.version, one.ordinal, one.actor_label, told(one.payload))
        for one in events
    ]


@pytest.mark.django_db
def test_every_door_leaves_the_same_events() -> None:
    cast = make_cast()
    receipts = {name: play(door(cast), f"D-{name}") for name, door in DOORS.items()}
    first, *others = receipts.values()
    for other in others:
        assert history_of(other) == history_of(first)
        assert (other.status, other.master_id, other.version) == (
            first.status,
            first.master_id,
            first.version,
        )
    for name, receipt in receipts.items():
        channels = set(
            Event.objects.filter(stream=receipt.stream).values_list("channel", flat=True)
        )
        assert channels == {name}
        assert differences(receipt) == {}
    assert list(verify()) == []
