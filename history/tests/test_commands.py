"""The same command twice has one effect, and a refused one leaves nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from history.commands import Already, CommandKey, CommandRef, Outcome, Run, verb
from history.models import Command, Event, Outbox, Stream
from history.selectors import already, last_event
from history.tests.conftest import Noted, commands, events, note, streams
from history.verify import verify
from workshop.lib.actor import Actor, system_actor
from workshop.lib.errors import RuleViolation

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
KEY = CommandKey("bot:7", "press-1")


def _counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Command, Event, Stream, Outbox))


@verb("test.outer", "history.Stream")
def outer(*, fail: bool, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Stream]:  # fmt: skip
    """Calls two inner services in its own command."""
    run = Run.of(actor, command, at)
    note(stream="test:1", text="first", actor=actor, command=run.command, at=run.at)
    note(stream="test:2", text="second", actor=actor, command=run.command, at=run.at)
    if fail:
        raise RuleViolation("test.refused", "refused")
    run.record("test:1", Noted("third"))
    return Outcome(Stream.objects.get(name="test:1"), already=Already("Anna", AT))


@verb("test.password", "history.Stream", secret=("password",))
def with_secret(*, password: str, actor: Actor, command: CommandRef = None,
                at: datetime | None = None) -> Outcome[Stream]:  # fmt: skip
    """Answers a token that must be kept nowhere."""
    head, _is_new = Stream.objects.get_or_create(name="test:1")
    return Outcome(head, shown_once={"token": "t0ken"})


@pytest.mark.django_db
def test_a_repeated_key_replays_the_answer(actor: Actor) -> None:
    first = note(stream="test:1", text="hello", actor=actor, command=KEY)
    before = _counts()
    second = note(stream="test:1", text="hello", actor=actor, command=KEY)

    assert (first.replayed, second.replayed) == (False, True)
    assert (second.object, second.extra) == (first.object, {"text": "hello"})
    assert second.command == first.command
    assert _counts() == before


@pytest.mark.django_db
def test_a_replay_answers_the_object_as_it_is_now(actor: Actor) -> None:
    note(stream="test:1", text="hello", actor=actor, command=KEY)
    note(stream="test:1", text="more", actor=actor)
    assert note(stream="test:1", text="hello", actor=actor, command=KEY).object.last_sequence == 2


@pytest.mark.django_db
def test_the_moment_is_no_argument(actor: Actor) -> None:
    note(stream="test:1", text="hello", actor=actor, command=KEY, at=AT)
    assert note(stream="test:1", text="hello", actor=actor, command=KEY).replayed


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [
        {"text": "other"},
        {"stream": "test:2"},
        {"actor": Actor(kind="employee", id=9, label="x", channel=system_actor("x").channel)},
    ],
)
def test_a_key_used_for_something_else_is_refused(actor: Actor, other: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"stream": "test:1", "text": "hello", "actor": actor}
    note(**arguments, command=KEY)
    before = _counts()

    with pytest.raises(RuleViolation) as refusal:
        note(**arguments | other, command=KEY)
    assert (refusal.value.code, refusal.value.field) == ("command.key_reused", "command")
    assert _counts() == before


@pytest.mark.django_db
def test_a_key_of_another_verb_is_refused(actor: Actor) -> None:
    note(stream="test:1", text="hello", actor=actor, command=KEY)
    with pytest.raises(RuleViolation) as refusal:
        outer(fail=False, actor=actor, command=KEY)
    assert refusal.value.code == "command.key_reused"


@pytest.mark.django_db
def test_another_client_may_use_the_same_key(actor: Actor) -> None:
    note(stream="test:1", text="hello", actor=actor, command=KEY)
    twin = note(stream="test:1", text="hello", actor=actor, command=CommandKey("api:1", KEY.key))
    assert not twin.replayed
    assert events().count() == 2


@pytest.mark.django_db
def test_a_refused_command_leaves_no_row_and_its_key_is_free(actor: Actor) -> None:
    note(stream="test:1", text="hello", actor=actor)
    before = _counts()
    with pytest.raises(RuleViolation):
        note(stream="test:9", text="refuse", actor=actor, command=KEY)
    assert _counts() == before

    assert not note(stream="test:1", text="hello", actor=actor, command=KEY).replayed


@pytest.mark.django_db
def test_a_command_without_effect_is_recorded_too(actor: Actor) -> None:
    note(stream="test:1", text="nothing", actor=actor, command=KEY)
    assert (commands().count(), events().count()) == (1, 0)
    assert note(stream="test:1", text="nothing", actor=actor, command=KEY).replayed


@pytest.mark.django_db
def test_inner_services_join_the_command(actor: Actor) -> None:
    outcome = outer(fail=False, actor=actor, command=KEY, at=AT)

    assert outcome.command is not None
    rows = (
        events()
        .order_by("ordinal")
        .values_list("ordinal", "stream", "payload__text", "command_id", "occurred_at")
    )
    assert list(rows) == [
        (1, "test:1", "first", outcome.command.pk, AT),
        (2, "test:2", "second", outcome.command.pk, AT),
        (3, "test:1", "third", outcome.command.pk, AT),
    ]
    assert commands().count() == 1
    replay = outer(fail=False, actor=actor, command=KEY)
    assert (replay.replayed, replay.already) == (True, Already("Anna", AT))


@pytest.mark.django_db
def test_a_refusal_takes_the_inner_services_back(actor: Actor) -> None:
    before = _counts()
    with pytest.raises(RuleViolation):
        outer(fail=True, actor=actor)
    assert _counts() == before


@pytest.mark.django_db
def test_secrets_are_kept_nowhere(actor: Actor) -> None:
    first = with_secret(password="correct horse", actor=actor, command=KEY)
    replay = with_secret(password="battery staple", actor=actor, command=KEY)

    assert first.shown_once == {"token": "t0ken"}
    assert replay.replayed
    assert replay.shown_once == {}
    assert "t0ken" not in f"{first!r}"
    assert "t0ken" not in str(commands().values().get())


@pytest.mark.django_db
def test_services_take_keywords_and_their_decorator_only(actor: Actor) -> None:
    with pytest.raises(TypeError, match="keyword"):
        note("test:1", "hello", actor)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="@verb"):
        Run.of(actor, None, None)


@pytest.mark.django_db
def test_who_made_it_so_before(actor: Actor) -> None:
    assert already("test:1") is None
    note(stream="test:1", text="hello", actor=actor, at=AT)
    assert already("test:1", "test.noted") == Already("test", AT)
    assert already("test:1", "test.other") is None
    event = last_event("test:1")
    assert event is not None
    assert event.sequence == 1


def _at_once(together: Any, function: Any, times: int = 6) -> list[Any]:
    barrier = threading.Barrier(times)

    def run() -> Any:
        connection.ensure_connection()
        barrier.wait(timeout=30)
        return function()

    return list(together([run] * times))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twin_commands_at_once_have_one_effect(actor: Actor, together: Any) -> None:
    for n in range(10):
        key = CommandKey("bot:7", f"press-{n}")
        outcomes = _at_once(
            together, lambda key=key: note(stream="test:1", text="x", actor=actor, command=key)
        )
        assert sorted(outcome.replayed for outcome in outcomes) == [False] + [True] * 5
    assert events().count() == 10
    assert list(verify()) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_twin_of_a_refused_command_runs_itself(actor: Actor, together: Any) -> None:
    before = _counts()
    outcomes = _at_once(
        together, lambda: note(stream="test:1", text="refuse", actor=actor, command=KEY)
    )
    assert [type(outcome) for outcome in outcomes] == [RuleViolation] * 6
    assert _counts() == before


@pytest.mark.django_db(transaction=True)
def test_two_creators_of_one_stream_share_it(actor: Actor, together: Any) -> None:
    for n in range(10):
        outcomes = _at_once(together, lambda n=n: note(stream=f"test:{n}", text="x", actor=actor))
        assert all(isinstance(outcome, Outcome) for outcome in outcomes), outcomes
        numbers = Event.objects.filter(stream=f"test:{n}").order_by("pk")
        assert list(numbers.values_list("sequence", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_many_writers_leave_no_gap(actor: Actor, together: Any) -> None:
    def twenty() -> None:
        for _ in range(20):
            with transaction.atomic():
                note(stream="test:1", text="x", actor=actor)

    assert _at_once(together, twenty, times=4) == [None] * 4
    assert streams().get().last_sequence == 80
    assert list(verify()) == []
