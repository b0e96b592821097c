"""Writing events: gap-free linked chains, with everything that was known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from attrs import frozen
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from history import canonical, chain, registry
from history.commands import CommandKey
from history.models import Command, Event, Outbox, Stream
from history.record import record_event
from history.registry import Payload
from history.render import kind_labels, line
from history.tests.conftest import Noted, commands, events, note, streams
from workshop.lib.actor import BOT, Actor, Channel, system_actor

AT = datetime(2026, 11, 20, 9, 30, 15, 123456, tzinfo=UTC)


@pytest.mark.django_db
def test_events_are_numbered_without_gaps_and_linked(write: Any) -> None:
    chained = [write("test:1", f"n{i}") for i in range(4)]
    other = write("test:2")

    assert [event.sequence for event in chained] == [1, 2, 3, 4]
    assert [event.previous_hash for event in chained] == ["", *(e.hash for e in chained[:3])]
    assert (other.sequence, other.previous_hash) == (1, "")
    head = Stream.objects.get(name="test:1")
    assert (head.last_sequence, head.last_hash) == (4, chained[-1].hash)
    assert all(chain.event_hash(event, event.previous_hash) == event.hash for event in chained)


@pytest.mark.django_db
def test_an_event_keeps_everything_about_who_and_when() -> None:
    channel = Channel(BOT, correlation_id="c-17")
    igor = Actor(
        kind="employee", id=7, label="Igor", channel=channel, telegram_id=1007, username="igor"
    )
    outcome = note(stream="test:1", text="hello", actor=igor, at=AT)

    event = events().get()
    assert outcome.command is not None
    assert {
        name: getattr(event, name) for name in chain.HASHED_FIELDS if name != "recorded_at"
    } == {
        "stream": "test:1",
        "sequence": 1,
        "kind": "test.noted",
        "version": 1,
        "payload": {"text": "hello"},
        "actor_kind": "employee",
        "actor_id": 7,
        "actor_label": "Igor",
        "actor_telegram_id": 1007,
        "actor_username": "igor",
        "channel": "bot",
        "occurred_at": AT,
        "command_id": outcome.command.pk,
        "ordinal": 1,
        "correlation_id": "c-17",
    }
    assert event.recorded_at > AT


@pytest.mark.django_db
def test_each_event_waits_in_the_outbox_unless_the_channel_is_silent(write: Any) -> None:
    event = write()
    note(stream="test:2", text="imported", actor=system_actor("import", silent=True))

    assert list(Outbox.objects.values_list("event_id", "stream")) == [(event.pk, "test:1")]


@pytest.mark.django_db
def test_an_unregistered_kind_is_refused(write: Any, actor: Actor) -> None:
    @frozen(slots=False)
    class Unknown(Payload):
        kind: ClassVar[str] = "test.unknown"

    command = write().command
    with pytest.raises(LookupError, match=r"test\.unknown"):
        record_event(
            stream="test:1", payload=Unknown(), actor=actor, command=command, occurred_at=AT
        )
    assert events().count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused(actor: Actor) -> None:
    command = Command.objects.create(
        client="once", key="k", verb="test", actor_kind="system", arguments_hash="", created_at=AT
    )
    with pytest.raises(TransactionManagementError):
        record_event(
            stream="test:1", payload=Noted("x"), actor=actor, command=command, occurred_at=AT
        )
    assert not events().exists()
    assert not streams().exists()


@pytest.mark.django_db
def test_a_subscriber_runs_in_the_transaction_of_the_change(
    write: Any, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_events: Sequence[Event]) -> None:
        raise RuntimeError("mark failed")

    seen: list[str] = []
    monkeypatch.setitem(
        registry._subscribers, "test", lambda events: seen.extend(event.kind for event in events)
    )
    write()
    assert seen == ["test.noted"]

    monkeypatch.setitem(registry._subscribers, "test", refuse)
    with pytest.raises(RuntimeError, match="mark failed"):
        note(stream="test:1", text="x", actor=actor)
    assert events().count() == 1


def test_the_canonical_form_is_sorted_compact_and_exact() -> None:
    value = {
        "ё": "Иванов «И»",
        "a": [1, True, None, Decimal("12.50")],
        "t": datetime(2026, 11, 20, 12, 30, tzinfo=UTC),
        "d": date(2026, 11, 20),
        "n": time(18, 0),
        "s": frozenset({"b", "a"}),
    }
    assert canonical.canonical_json(value).decode() == (
        '{"a":[1,true,null,"12.50"],"d":"2026-11-20","n":"18:00:00","s":["a","b"],'
        '"t":"2026-11-20T12:30:00.000000Z","ё":"Иванов «И»"}'
    )


def test_an_object_of_values_is_told_by_them() -> None:
    """Verbs may be given some as arguments, and their commands remember the hash of these."""
    told = {"note": Noted("ё"), "key": CommandKey("test", "1")}
    plain = {"note": {"text": "ё"}, "key": {"client": "test", "key": "1"}}
    assert canonical.plain(told) == plain


@pytest.mark.parametrize("value", [1.5, {"a": [0.1]}, object(), 1j])
def test_floats_and_unknown_types_have_no_canonical_form(value: object) -> None:
    with pytest.raises(TypeError):
        canonical.canonical_json(value)


def test_a_naive_time_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="naive"):
        canonical.canonical_json(datetime(2026, 1, 1))  # noqa: DTZ001  # the point of the test


def test_text_that_is_no_unicode_can_still_be_hashed() -> None:
    assert len(canonical.digest({"text": "\ud800"})) == 64


@pytest.mark.django_db
def test_a_float_in_a_payload_changes_nothing(actor: Actor) -> None:
    with pytest.raises(TypeError), transaction.atomic():
        note(stream="test:1", text=1.5, actor=actor)  # type: ignore[arg-type]
    assert not commands().exists()


GOLDEN = "1fbe34cb406ca5b3cf910fbff6d413f6390475b9af17559e694e36fac98d5453"


@pytest.mark.django_db
def test_the_hash_is_the_same_on_every_database() -> None:
    """Golden: a change of this value would make every history in the field look forged."""
    command = Command.objects.create(
        pk=410_000, client="bot:7", key="k", verb="test", actor_kind="employee", arguments_hash="",
        created_at=AT,
    )  # fmt: skip
    event = Event(
        stream="test:1", sequence=2, kind="test.noted", version=1,
        payload={"б": ["ё", None, True], "a": {"z": 1, "b": "12.50"}},
        actor_kind="employee", actor_id=7, actor_label="Иванов И.", actor_telegram_id=2**40,
        actor_username="igor", channel="bot", occurred_at=AT, recorded_at=AT.replace(microsecond=0),
        command=command, ordinal=1, correlation_id="c-1", previous_hash="ab" * 32,
    )  # fmt: skip
    event.hash = chain.event_hash(event, event.previous_hash)
    event.save(force_insert=True)

    stored = Event.objects.get(pk=event.pk)
    assert stored.hash == GOLDEN, connection.vendor
    assert chain.event_hash(stored, stored.previous_hash) == GOLDEN


@pytest.mark.django_db
def test_an_event_in_words_names_who_and_the_door(actor: Actor) -> None:
    note(stream="test:1", text="hello", actor=actor, at=AT, command=CommandKey("c", "k"))

    shown = line(events().get())
    assert (shown.when, shown.who, shown.kind, shown.sequence) == (
        "20.11.2026 12:30",
        "test",
        "test.noted",
        1,
    )
    assert shown.door
    assert "test.noted" in kind_labels()


def test_a_kind_is_registered_once_and_loads_older_payloads() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        registry.event_kind("test.noted", "again")(Noted)
    event = Event(kind="test.noted", payload={"text": "hello", "dropped_later": 1})
    assert registry.load(event) == Noted("hello")


def test_an_event_kind_whose_fields_would_get_lost_is_refused() -> None:
    @dataclass(frozen=True)
    class Plain(Payload):
        text: str

    with pytest.raises(TypeError, match="Plain needs @frozen"):
        registry.event_kind("test.plain", "Plain")(Plain)
    assert "test.plain" not in registry.kinds()
