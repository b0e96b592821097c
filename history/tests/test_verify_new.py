"""The daily proof: only what is new and settled is reckoned, and nothing broken is passed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from history import triggers
from history.jobs import JobFailed, Turn, declared_jobs
from history.models import Checkpoint, Event, Outbox, Stream
from history.verify_new import NAME, SETTLED, Verified, verify_new
from workshop.lib import clock

pytestmark = pytest.mark.django_db


def later() -> datetime:
    """When everything that was written by now is settled."""
    return clock.now() + SETTLED + timedelta(seconds=1)


def look() -> Verified:
    return verify_new(at=later())


def broken() -> tuple[str, int, str]:
    (finding,) = look().findings
    return finding.stream, finding.sequence, finding.problem


def tamper(sql: str, *params: Any) -> None:
    Outbox.objects.all().delete()  # it would keep a row of the history from being removed
    with triggers.lifted(), connection.cursor() as cursor:
        cursor.execute(sql, params)


@pytest.fixture
def known(write: Callable[..., Event]) -> None:
    """Two streams that were verified yesterday, with the events of the catalogues."""
    for number in range(3):
        write("test:1", f"old {number}")
    write("test:2", "old")
    assert look().findings == []


def test_only_new_events_are_reckoned(known: None, write: Callable[..., Event]) -> None:
    assert look() == Verified(0, 0, [])
    write("test:1", "new")
    write("test:3", "new")
    write("test:3", "newer")
    assert look() == Verified(3, 2, [])
    assert look() == Verified(0, 0, [])


def test_young_events_wait(known: None, write: Callable[..., Event]) -> None:
    event = write("test:1", "new")
    assert verify_new(at=event.recorded_at + SETTLED).events == 0
    assert verify_new(at=event.recorded_at + SETTLED + timedelta(seconds=1)).events == 1


def test_a_long_night_is_done_in_parts(known: None, write: Callable[..., Event]) -> None:
    for number in range(5):
        write("test:1", f"n{number}")
    assert [verify_new(at=later(), most=2).events for _run in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    ("sql", "sequence", "problem"),
    [
        ("UPDATE history_event SET actor_label = 'x'", 5, "its content does not match its hash"),
        ("UPDATE history_event SET payload = '[1.5]'", 5, "it cannot be read"),
        ("UPDATE history_event SET hash = 'x'", 5, "its content does not match its hash"),
        ("UPDATE history_event SET previous_hash = 'x'", 5, "does not follow the event before it"),
        ("DELETE FROM history_event", 5, "number 5 is missing"),
    ],
)
def test_a_new_event_that_was_altered_is_found_each_day(
    known: None, write: Callable[..., Event], sql: str, sequence: int, problem: str
) -> None:
    for number in range(3):
        write("test:1", f"new {number}")
    tamper(f"{sql} WHERE stream = 'test:1' AND sequence = 5")
    assert broken() == ("test:1", sequence, problem)
    assert broken() == ("test:1", sequence, problem), "the checkpoint does not step over it"


def test_a_missing_first_new_event_is_found(known: None, write: Callable[..., Event]) -> None:
    write("test:1", "new")
    write("test:1", "newer")
    tamper("DELETE FROM history_event WHERE stream = 'test:1' AND sequence = 4")
    assert broken()[:2] == ("test:1", 5)


@pytest.mark.parametrize("name", ["test:1", "test:2"])
def test_a_cut_tail_is_found_in_old_streams_too(
    known: None, write: Callable[..., Event], name: str
) -> None:
    write("test:1", "new")
    last = Stream.objects.get(name=name).last_sequence
    tamper("DELETE FROM history_event WHERE stream = %s AND sequence = %s", name, last)
    assert broken() == (name, last, "the head names another last event")


def test_a_head_that_counts_too_few_is_found(known: None) -> None:
    previous = Event.objects.get(stream="test:1", sequence=2).hash
    Stream.objects.filter(name="test:1").update(last_sequence=2, last_hash=previous)
    assert broken() == ("test:1", 2, "the head names another last event")


def test_an_absent_trigger_is_found(known: None) -> None:
    with triggers.lifted():
        problems = [finding.problem for finding in look().findings]
    names = triggers.NAMES[connection.vendor]
    assert problems == [f"database trigger {name} is absent" for name in names]


def test_the_job_fails_and_says_where(known: None, write: Callable[..., Event]) -> None:
    job = declared_jobs()["history.verify"]
    turn = Turn(job.name, later(), later())
    write("test:1", "new")
    assert job.work(turn) == {"events": 1, "streams": 1}
    write("test:2", "Иванов")
    tamper("UPDATE history_event SET actor_label = 'x' WHERE stream = 'test:2' AND sequence = 2")
    with pytest.raises(JobFailed) as failed:
        job.work(turn)
    assert str(failed.value) == "1: test:2 2: its content does not match its hash"
    assert Checkpoint.objects.get(name=NAME).position < Event.objects.latest("pk").pk
