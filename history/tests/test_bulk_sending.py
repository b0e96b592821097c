"""Rows that go to the database while a batch goes on: all of them arrive, or none."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.waiting import Wait

from history.bulk import Batch, batch, new_row
from history.bulk_ids import AT_ONCE
from history.bulk_sending import sending
from history.models import Command, Lease, Outbox, Stream
from workshop.lib import clock

pytestmark = pytest.mark.django_db

on_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="elsewhere rows are written at once"
)


VALUES: dict[Any, Any] = {
    Command: lambda number: {"client": "test", "key": str(number), "created_at": clock.now()},
    Stream: lambda number: {"name": f"test:{number}"},
}


def add(rows: Batch, *numbers: int, size: int = 10) -> None:
    for number in numbers:
        rows.add(new_row(Lease, name=f"{number:05}", owner="x" * size))


def names() -> list[int]:
    return [int(name) for name in Lease.objects.order_by("name").values_list("name", flat=True)]


def test_pieces_arrive_in_their_order_and_are_seen_in_between() -> None:
    with batch() as rows:
        add(rows, 1, 2)
        rows.hand_over()
        add(rows, 3)
        rows.turn()
        assert names() == [1, 2]
        rows.hand_over()
        add(rows, 4)
    assert names() == [1, 2, 3, 4]


def test_what_gathered_for_several_tables_arrives_in_each() -> None:
    """Several COPY go as one query."""
    with batch() as rows:
        add(rows, *range(2000), size=90)
        rows.hand_over()  # it keeps the server busy while the next gathers
        for number in range(3):
            add(rows, 10_000 + number)
            for table in (Command, Stream):
                rows.add(new_row(table, **VALUES[table](number)))
            rows.hand_over()
    assert len(names()) == 2003
    assert Command.objects.filter(client="test").count() == 3
    assert Stream.objects.filter(name__startswith="test:").count() == 3


def break_off() -> None:
    with batch() as rows:
        add(rows, *range(3000), size=90)
        rows.hand_over()
        rows.turn()
        raise RuntimeError("in the middle")


def give_a_name_twice() -> None:
    with batch() as rows:
        for numbers in ([1], [1], [2]):
            add(rows, *numbers)
            rows.hand_over()


def point_nowhere() -> None:
    with batch(check_keys=True) as rows:
        rows.add(new_row(Outbox, event_id=10**12, stream="s", next_attempt_at=clock.now()))
        rows.hand_over()
        names()  # whoever asks waits for what was queued


def test_an_error_takes_back_what_had_arrived() -> None:
    with pytest.raises(RuntimeError):
        break_off()
    assert names() == []


def test_a_name_given_twice_is_told_and_nothing_is_left() -> None:
    with pytest.raises(IntegrityError):
        give_a_name_twice()
    assert names() == []


@on_postgresql
def test_a_key_that_leads_nowhere_is_found_before_the_commit() -> None:
    with pytest.raises(IntegrityError):
        point_nowhere()
    assert names() == []


def refuse_to_wait(*_args: Any) -> None:
    raise AssertionError("somebody waited")


@on_postgresql
def test_rows_arrive_without_anybody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    with batch() as rows:
        add(rows, *range(20_000), size=100)  # more than a socket takes at once
        assert rows._sending is not None
        rows.hand_over()
        with monkeypatch.context() as patched:
            patched.setattr(connection.connection, "wait", refuse_to_wait)
            assert rows._sending._steps is not None
            until = time.monotonic() + 60
            while rows._sending._steps is not None and time.monotonic() < until:
                rows.turn()
    assert len(names()) == 20_000


@on_postgresql
def test_ids_come_beside_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first ones nobody waits for an id, and none is given out twice."""
    made: list[Lease] = []

    def give_ids(rows: Batch, number: int) -> None:
        for _ in range(number):
            made.append(new_row(Lease, name=f"{len(made):05}"))
            rows.add(made[-1])

    with batch() as rows:
        give_ids(rows, AT_ONCE)
        for _ in range(3):
            rows.hand_over()
            assert rows._sending is not None
            until = time.monotonic() + 60
            while rows._sending._steps is not None and time.monotonic() < until:
                rows.turn()
            with monkeypatch.context() as patched:
                patched.setattr(connection.connection, "wait", refuse_to_wait)
                give_ids(rows, AT_ONCE)
    assert len({row.id for row in made}) == len(made) == Lease.objects.count()


@on_postgresql
def test_what_was_left_in_the_middle_of_sending_is_waited_for() -> None:
    """The driver takes what it is told then for what it waits for, and no None for a number."""
    size = 30_000_000  # more than a socket takes at once
    found: list[bytes] = []
    with transaction.atomic(), sending() as beside:
        beside.ask(b"SELECT length('%b')" % (b"x" * size), found.extend)
        assert beside._steps is not None
        assert beside._wanted == Wait.RW
        beside.settle()
    assert found == [str(size).encode()]
