"""verify_history finds every kind of tampering and names the first bad row."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from history import triggers
from history.chain import HASHED_FIELDS, event_hash
from history.models import Event, Stream
from history.verify import Finding, verify

STREAM = "test:2"


@pytest.fixture
def events(write: Any) -> list[Event]:
    """Four events in the stream under attack, between two whole streams."""
    write("test:1")
    found = [write(STREAM, f"n{i}") for i in range(4)]
    write("test:3")
    assert list(verify()) == []
    return found


def tamper(sql: str, *params: str | int | None) -> None:
    with triggers.lifted(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def only_finding() -> Finding:
    (finding,) = verify()
    assert list(verify(stream=finding.stream)) == [finding]
    return finding


FORGED: dict[str, str | int | None] = {
    "stream": "test:1",
    "sequence": 77,
    "kind": "test.other",
    "version": 2,
    "payload": '{"text": "n2"}',
    "actor_kind": "user",
    "actor_id": 3,
    "actor_label": "tesu",
    "actor_telegram_id": 1,
    "actor_username": "x",
    "channel": "bot",
    "occurred_at": "2026-11-20 09:30:15.123457",
    "recorded_at": "2026-11-20 09:30:15.123457",
    "command_id": None,  # that of another event
    "ordinal": 2,
    "correlation_id": "x",
    "previous_hash": "0" * 64,
    "hash": "0" * 64,
}


def test_every_column_is_attacked() -> None:
    columns = {field.column for field in Event._meta.fields} - {"id"}
    assert set(FORGED) == columns
    assert set(HASHED_FIELDS) == columns - {"previous_hash", "hash"}


@pytest.mark.django_db
@pytest.mark.parametrize("column", sorted(set(FORGED) - {"stream", "sequence"}))
def test_a_changed_byte_is_found(events: list[Event], column: str, actor: Any) -> None:
    victim = events[1]
    value = FORGED[column]
    if column == "command_id":
        value = _spare_command()
    tamper(f"UPDATE history_event SET {column} = %s WHERE id = %s", value, victim.pk)

    finding = only_finding()
    assert (finding.stream, finding.sequence, finding.event_id) == (STREAM, 2, victim.pk)


def _spare_command() -> int:
    from history.models import Command
    from workshop.lib import clock

    return int(
        Command.objects.create(
            client="x", key="x", verb="x", actor_kind="x", arguments_hash="", created_at=clock.now()
        ).pk
    )


@pytest.mark.django_db
def test_a_row_moved_to_another_stream_is_found_in_both(events: list[Event]) -> None:
    tamper("UPDATE history_event SET stream = 'test:1', sequence = 2 WHERE id = %s", events[1].pk)
    assert {(f.stream, f.sequence) for f in verify()} == {("test:1", 2), (STREAM, 2)}


@pytest.mark.django_db
def test_a_changed_number_is_found(events: list[Event]) -> None:
    tamper("UPDATE history_event SET sequence = 77 WHERE id = %s", events[1].pk)
    assert only_finding().problem == "number 2 is missing"


@pytest.mark.django_db
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_removed_row_is_found(events: list[Event], index: int) -> None:
    _delete(events[index].pk)

    finding = only_finding()
    assert (finding.sequence, finding.event_id) == (index + 1, events[index + 1].pk)


@pytest.mark.django_db
def test_a_cut_tail_is_found(events: list[Event]) -> None:
    _delete(events[3].pk)
    assert only_finding() == Finding(STREAM, 4, None, "the tail is cut: 4 events are counted")


@pytest.mark.django_db
def test_a_vanished_stream_is_found(events: list[Event]) -> None:
    _delete(*(event.pk for event in events))
    assert only_finding() == Finding(STREAM, 1, None, "all events are gone, the head counts more")


@pytest.mark.django_db
def test_an_inserted_row_is_found_even_with_a_right_hash(events: list[Event]) -> None:
    forged = Event.objects.get(pk=events[3].pk)
    forged.pk, forged.sequence, forged.ordinal = None, 5, 9
    forged.previous_hash = events[3].hash
    forged.hash = event_hash(forged, forged.previous_hash)
    forged.save(force_insert=True)

    assert only_finding() == Finding(STREAM, 5, forged.pk, "the head does not count it")


@pytest.mark.django_db
def test_a_row_inserted_in_the_middle_is_found(events: list[Event]) -> None:
    for event in reversed(events[2:]):
        tamper("UPDATE history_event SET sequence = sequence + 1 WHERE id = %s", event.pk)
    forged = Event.objects.get(pk=events[1].pk)
    forged.pk, forged.sequence, forged.ordinal = None, 3, 9
    forged.previous_hash = events[1].hash
    forged.hash = event_hash(forged, forged.previous_hash)
    forged.save(force_insert=True)

    finding = only_finding()
    assert (finding.sequence, finding.event_id) == (4, events[2].pk)


@pytest.mark.django_db
def test_two_swapped_rows_are_found(events: list[Event]) -> None:
    first, second = events[1].pk, events[2].pk
    for sequence, pk in ((77, first), (2, second), (3, first)):
        tamper("UPDATE history_event SET sequence = %s WHERE id = %s", sequence, pk)

    finding = only_finding()
    assert (finding.sequence, finding.event_id) == (2, second)


@pytest.mark.django_db
def test_a_rehashed_tail_is_found_by_the_head(events: list[Event]) -> None:
    """Who recomputes all later hashes must also forge the head, and the anchors kept outside."""
    previous = events[0].hash
    for event in events[1:]:
        event.actor_label = "forged"
        event.previous_hash = previous
        previous = event.hash = event_hash(event, previous)
        tamper(
            "UPDATE history_event SET actor_label = %s, previous_hash = %s, hash = %s"
            " WHERE id = %s",
            event.actor_label,
            event.previous_hash,
            event.hash,
            event.pk,
        )
    assert only_finding() == Finding(STREAM, 4, events[3].pk, "the head names another hash")


@pytest.mark.django_db
def test_a_missing_head_is_found(events: list[Event]) -> None:
    tamper("DELETE FROM history_stream WHERE name = %s", STREAM)
    assert only_finding() == Finding(STREAM, 1, events[0].pk, "the stream has no head")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value"), [("payload", '{"text": 1.5}'), ("occurred_at", "2026-13-45 00:00:00")]
)
def test_an_unreadable_row_is_found_and_hides_no_other(
    events: list[Event], column: str, value: str
) -> None:
    if connection.vendor == "postgresql" and column == "occurred_at":
        pytest.skip("PostgreSQL stores no such instant")
    tamper(f"UPDATE history_event SET {column} = %s WHERE id = %s", value, events[1].pk)
    _delete(Event.objects.only("pk").get(stream="test:3").pk)

    assert {(f.stream, f.problem) for f in verify()} == {
        (STREAM, "a row of it cannot be read"),
        ("test:3", "all events are gone, the head counts more"),
    }


@pytest.mark.django_db
def test_an_absent_trigger_is_found(events: list[Event]) -> None:
    with triggers.lifted():
        problems = [finding.problem for finding in verify()]
    names = triggers.NAMES[connection.vendor]
    assert problems == [f"database trigger {name} is absent" for name in names]
    assert list(verify()) == []


@pytest.mark.django_db
def test_the_command_says_whole_or_names_the_place(events: list[Event]) -> None:
    out, err = StringIO(), StringIO()
    call_command("verify_history", stdout=out)
    assert f"{Event.objects.count()} events" in out.getvalue()

    _delete(events[1].pk)
    with pytest.raises(CommandError, match="1 broken place"):
        call_command("verify_history", stderr=err)
    assert f"{STREAM} event 2 (row {events[2].pk})" in err.getvalue()
    call_command("verify_history", stream="test:1", stdout=out)


@pytest.mark.django_db
def test_events_written_while_it_runs_are_no_finding(
    events: list[Event], write: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The heads are read first: whatever comes between is newer than they know."""
    from history import verify as module

    genuine = module._check_chunk

    def after_a_write(heads: dict[str, Stream]) -> list[Finding]:
        write(STREAM, "late")
        return genuine(heads)

    monkeypatch.setattr(module, "_check_chunk", after_a_write)
    assert list(verify()) == []


@pytest.mark.django_db
def test_many_streams_are_walked_in_chunks(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("history.verify.CHUNK", 2)
    events = [write(f"test:{i}") for i in range(5)]
    assert list(verify()) == []

    _delete(events[4].pk)
    assert [finding.stream for finding in verify()] == ["test:4"]


def _delete(*pks: int) -> None:
    for pk in pks:
        tamper("DELETE FROM history_outbox WHERE event_id = %s", pk)
        tamper("DELETE FROM history_event WHERE id = %s", pk)
