"""The relay: every event once to each consumer, in the order of its stream, whatever fails."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine

from history import lease, nudge, relay
from history.models import Event, Lease, Outbox
from history.registry import consumer
from history.relay import relay_outbox, waiting
from history.tests.conftest import events
from workshop.lib import clock
from workshop.lib.process import own_name


class Told:
    """A consumer that remembers, and fails for the texts it is asked to fail for."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []
        self.failing: set[str] = set()

    def __call__(self, event: Event) -> None:
        if event.payload["text"] in self.failing:
            raise RuntimeError("told to fail")
        self.events.append((event.stream, event.sequence))


@pytest.fixture
def told() -> Any:
    seen = Told()
    with consumer("test", seen):
        yield seen


@pytest.mark.django_db
def test_events_reach_the_consumer_once_and_in_order(write: Any, told: Told) -> None:
    for text in "abc":
        write("test:1", text)
        write("test:2", text)

    assert relay_outbox() == 6
    assert told.events == [(f"test:{s}", n) for n in (1, 2, 3) for s in (1, 2)]
    assert relay_outbox() == 0
    assert waiting() == 0
    assert len(told.events) == 6


@pytest.mark.django_db
def test_a_failure_holds_only_its_stream_and_is_tried_again(write: Any, told: Told) -> None:
    for text in "abc":
        write("test:1", text)
        write("test:2", text)
    told.failing = {"b"}

    with time_machine.travel(clock.now(), tick=False) as traveller:
        assert relay_outbox() == 2
        assert told.events == [("test:1", 1), ("test:2", 1)]
        rows = Outbox.objects.filter(attempts=1)
        assert set(rows.values_list("stream", "event__sequence", "last_error")) == {
            ("test:1", 2, "RuntimeError"),
            ("test:2", 2, "RuntimeError"),
        }
        assert relay_outbox() == 0

        told.failing = set()
        traveller.shift(timedelta(seconds=relay.BACKOFF[0] - 1))
        assert relay_outbox() == 0
        traveller.shift(timedelta(seconds=1))
        assert relay_outbox() == 4
    for stream in ("test:1", "test:2"):
        assert [n for name, n in told.events if name == stream] == [1, 2, 3]


@pytest.mark.django_db
def test_an_event_is_never_given_up(write: Any, told: Told) -> None:
    write("test:1", "b")
    told.failing = {"b"}
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for attempt in range(1, 9):
            relay_outbox()
            assert Outbox.objects.get().attempts == attempt
            traveller.shift(timedelta(seconds=relay.BACKOFF[-1]))
        told.failing = set()
        assert relay_outbox() == 1


@pytest.mark.django_db
def test_a_failed_stream_does_not_fill_the_batch(
    write: Any, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BATCH", 3)
    for text in ("bad", "x", "x", "x", "x"):
        write("test:1", text)
    write("test:2", "good")
    told.failing = {"bad"}

    assert relay_outbox() == 1
    assert told.events == [("test:2", 1)]


@pytest.mark.django_db
def test_what_one_consumer_did_is_undone_when_another_fails(write: Any, told: Told) -> None:
    def writes(event: Event) -> None:
        Lease.objects.create(name=f"made by {event.pk}")

    write("test:1", "b")
    told.failing = {"b"}
    with consumer("a-first", writes), consumer("z-last", told):
        assert relay_outbox() == 0
    assert not Lease.objects.filter(name__startswith="made").exists()


@pytest.mark.django_db
def test_a_limit_ends_the_run(write: Any, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "BATCH", 2)
    for _ in range(5):
        write()
    assert relay_outbox(limit=4) == 4
    assert waiting() == 1


@pytest.mark.django_db
def test_a_run_ends_in_time_and_the_next_goes_on(write: Any, told: Told) -> None:
    for _ in range(3):
        write()
    assert relay_outbox(seconds=0) == 0
    assert waiting() == 3
    assert relay_outbox() == 3


@pytest.mark.django_db
def test_the_lease_is_renewed_within_a_slow_batch(
    write: Any, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event takes longer than a third of the term: the run must not lose its lease."""
    monkeypatch.setattr(relay, "TERM", 0)
    renewed = []
    renew = lease.renew
    monkeypatch.setattr(lease, "renew", lambda *given: renewed.append(given) or renew(*given))
    for _ in range(4):
        write()
    assert relay_outbox() == 4
    assert len(renewed) == 4


@pytest.mark.django_db
def test_only_the_holder_of_the_lease_relays(write: Any, told: Told) -> None:
    write()
    token = lease.acquire(relay.LEASE, "another process")
    assert token is not None
    assert relay_outbox() == 0
    assert told.events == []

    lease.release(relay.LEASE, token)
    assert relay_outbox() == 1


@pytest.mark.django_db
def test_the_lease_of_a_killed_process_is_taken_over() -> None:
    dead = lease.acquire("job", "a")
    assert dead is not None
    assert lease.acquire("job", "b") is None
    assert lease.renew("job", dead)

    Lease.objects.update(until=clock.now() - timedelta(milliseconds=50))
    assert not lease.renew("job", dead)
    fresh = lease.acquire("job", "b")
    assert fresh is not None
    assert not lease.renew("job", dead)
    assert lease.renew("job", fresh)
    assert Lease.objects.get().owner == "b"


@pytest.mark.django_db
def test_a_holder_that_died_on_this_machine_is_not_waited_for() -> None:
    place, _dash, _started = own_name().rpartition("-")
    assert lease.acquire("job", f"{place}-1")  # of this number, but started at another time
    alive = lease.acquire("job", own_name())
    assert alive is not None
    assert lease.acquire("job", own_name()) is None
    assert lease.renew("job", alive)


@pytest.mark.django_db
def test_a_late_release_does_not_touch_the_new_holder() -> None:
    dead = lease.acquire("job", "a")
    assert dead is not None
    Lease.objects.update(until=clock.now() - timedelta(seconds=1))
    fresh = lease.acquire("job", "b")
    assert fresh is not None
    lease.release("job", dead)
    assert lease.renew("job", fresh)


@pytest.mark.django_db
def test_the_lease_holds_for_its_term() -> None:
    lease.acquire("job", "a")
    row = Lease.objects.get()
    assert row.since is not None
    assert row.until is not None
    assert row.until - row.since == lease.HOLD
    assert abs(row.since - clock.now()) < timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_one_of_many_gets_the_lease(together: Any) -> None:
    tokens = together([lambda n=n: lease.acquire("job", str(n)) for n in range(6)])
    assert len([token for token in tokens if token]) == 1, tokens


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_relays_at_once_do_not_double(write: Any, told: Told, together: Any) -> None:
    """Without the lease too: a slow relay may outlive it, and then the row decides."""
    for n in range(60):
        write(f"test:{n % 3}", "x")

    answers = together([partial(relay._relay_batch, time.monotonic() + 60)] * 4)
    assert all(isinstance(answer, tuple) for answer in answers), answers
    assert waiting() == 0
    assert sorted(told.events) == sorted((f"test:{s}", n) for s in range(3) for n in range(1, 21))


@pytest.mark.django_db(transaction=True)
def test_a_commit_nudges_the_relay_and_a_failing_nudge_harms_nobody(
    write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(nudge, "_listeners", [])

    def listener() -> None:
        calls.append(events().count())
        raise ConnectionError("the broker is down")

    nudge.on_new_events(listener)
    write()
    assert calls == [1]
