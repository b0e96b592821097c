"""Periodic jobs: each slot once, one run at a time, taken over, tried again, made good for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now
from django_celery_beat.models import PeriodicTask

from history.jobs import Turn, claims, daily, every, running
from history.jobs.declaring import declared_jobs
from history.jobs.missed import missed
from history.jobs.rows import periodic_row, seed
from history.jobs.running import BACKOFF, run_by_hand, run_due
from history.jobs.turn import Declared
from history.models import Job, JobRun
from workshop.lib.process import own_name

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FOUR = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # 04:00 in Moscow
PAST = Now() - timedelta(seconds=1)


class Recorder:
    """The work of a job: remembers its turns, and fails when it is told to."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.inner: Callable[[], Any] | None = None

    def __call__(self, turn: Turn) -> dict[str, int]:
        self.turns.append(turn)
        if self.inner:
            self.inner()
        return {"seen": len(self.turns)}

    @property
    def slots(self) -> list[datetime]:
        return [turn.slot for turn in self.turns]


@pytest.fixture
def moved() -> Iterator[Any]:
    """The clock; it begins an hour before the slot of 04:00."""
    with time_machine.travel(FOUR - HOUR, tick=False) as traveller:
        yield traveller


@pytest.fixture
def work() -> Recorder:
    return Recorder()


@pytest.fixture
def nightly(db: None, moved: Any, work: Recorder) -> Declared:
    """A job of every night, known to the database like those of the code."""
    return planted("test.nightly", work, when=daily("04:00"))


def planted(name: str, work: Recorder, **options: Any) -> Declared:
    options.setdefault("limit", timedelta(seconds=30))
    declared = Declared(name, "title", "about", work, **options)
    seed({**declared_jobs(), name: declared})
    return declared


def row(declared: Declared) -> Job:
    return Job.objects.get(name=declared.name)


def outcomes(declared: Declared) -> list[tuple[str, datetime]]:
    runs = JobRun.objects.filter(job__name=declared.name).order_by("pk")
    return [(run.outcome, run.slot) for run in runs]


def fail() -> None:
    raise ValueError("Иванов, +7 900 123-45-67")


def test_a_slot_is_run_once(nightly: Declared, work: Recorder, moved: Any) -> None:
    assert run_due(nightly) == 0, "nothing is due: a new job has missed nothing"
    moved.move_to(FOUR)
    assert run_due(nightly) == 1
    assert run_due(nightly) == 0
    moved.shift(23 * HOUR)
    assert run_due(nightly) == 0
    moved.shift(HOUR)
    assert run_due(nightly) == 1
    assert work.slots == [FOUR, FOUR + DAY]
    kept = row(nightly)
    assert (kept.last_outcome, kept.last_result) == (Job.DONE, {"seen": 2})
    assert (kept.done_slot, kept.token, kept.running_until) == (FOUR + DAY, "", None)
    assert outcomes(nightly) == [(Job.DONE, FOUR), (Job.DONE, FOUR + DAY)]


def test_a_night_missed_is_made_good_in_the_morning(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    moved.move_to(FOUR + 3 * DAY + 4 * HOUR)
    assert run_due(nightly) == 1
    assert run_due(nightly) == 0
    assert work.slots == [FOUR + 3 * DAY], "the newest slot alone"
    assert work.turns[0].late == 4 * HOUR


def test_each_missed_slot_is_run_when_the_job_wants_that(
    db: None, work: Recorder, moved: Any
) -> None:
    declared = planted("test.each", work, when=every(minutes=15), each=True)
    moved.move_to(FOUR + timedelta(minutes=31))
    assert run_due(declared) == 6
    assert work.slots == [FOUR - HOUR + n * timedelta(minutes=15) for n in range(1, 7)]
    assert run_due(declared) == 0


def test_too_late_is_recorded_as_missed(db: None, work: Recorder, moved: Any) -> None:
    declared = planted("test.late", work, when=daily("04:00"), late=HOUR)
    moved.move_to(FOUR + HOUR + timedelta(seconds=1))
    assert run_due(declared) == 1
    assert work.slots == []
    assert outcomes(declared) == [(Job.MISSED, FOUR)]
    assert run_due(declared) == 0
    moved.move_to(FOUR + DAY + HOUR)
    assert run_due(declared) == 1
    assert work.slots == [FOUR + DAY]


def test_a_run_keeps_every_other_away(nightly: Declared, work: Recorder, moved: Any) -> None:
    moved.move_to(FOUR)
    inner: list[Any] = []
    work.inner = lambda: inner.extend([run_due(nightly), run_by_hand(nightly)])
    assert run_due(nightly) == 1
    assert inner == [0, None]


def test_a_killed_run_is_taken_over_and_told(nightly: Declared, work: Recorder, moved: Any) -> None:
    moved.move_to(FOUR)

    def killed() -> None:
        raise KeyboardInterrupt  # nothing after it is run, as in a kill

    work.inner = killed
    with pytest.raises(KeyboardInterrupt):
        run_due(nightly)
    work.inner = None
    assert run_due(nightly) == 0, "the claim still holds"
    Job.objects.filter(name=nightly.name).update(running_until=PAST)
    assert run_due(nightly) == 1
    assert work.slots == [FOUR, FOUR]
    assert work.turns[0].key("7") == work.turns[1].key("7"), "its commands replay"
    assert outcomes(nightly) == [(Job.LOST, FOUR), (Job.DONE, FOUR)]


def test_a_run_killed_on_this_machine_need_not_be_waited_for(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    moved.move_to(FOUR)
    gone = re.sub(r"-\d+$", "-1", own_name())  # our number, another start: it has died
    held = {"token": "x", "slot": FOUR, "running_since": FOUR, "running_until": Now() + HOUR}
    Job.objects.filter(name=nightly.name).update(owner="elsewhere/1-1", attempts=1, **held)
    assert run_due(nightly) == 0, "of another machine nobody knows"
    Job.objects.filter(name=nightly.name).update(owner=gone)
    assert run_due(nightly) == 1
    assert outcomes(nightly) == [(Job.LOST, FOUR), (Job.DONE, FOUR)]


def test_a_run_that_lost_its_claim_writes_nothing(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    moved.move_to(FOUR)
    stolen: list[int] = []

    def overtaken() -> None:
        work.inner = None
        Job.objects.filter(name=nightly.name).update(running_until=PAST)
        stolen.append(run_due(nightly))
        moved.shift(HOUR)

    work.inner = overtaken
    run_due(nightly)
    assert stolen == [1]
    assert row(nightly).last_ms == 0, "what the second run wrote stands"
    assert outcomes(nightly) == [(Job.LOST, FOUR), (Job.DONE, FOUR)]


def test_a_rare_job_tries_its_slot_again_and_gives_up(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    moved.move_to(FOUR)
    work.inner = fail
    assert run_due(nightly) == 1
    for attempt, wait in enumerate(BACKOFF, start=1):
        kept = row(nightly)
        assert (kept.done_slot, kept.failures) == (FOUR - DAY, attempt)
        moved.shift(timedelta(seconds=wait - 1))
        assert run_due(nightly) == 0, "it waits"
        moved.shift(timedelta(seconds=1))
        assert run_due(nightly) == 1
    assert row(nightly).done_slot == FOUR
    assert run_due(nightly) == 0
    assert outcomes(nightly) == [(Job.FAILED, FOUR)] * 5
    moved.move_to(FOUR + DAY)
    work.inner = None
    assert run_due(nightly) == 1
    assert row(nightly).failures == 0


def test_an_error_is_told_without_what_it_quotes(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    moved.move_to(FOUR)
    work.inner = fail
    run_due(nightly)
    assert row(nightly).last_error == "builtins.ValueError"
    assert JobRun.objects.get().error == "builtins.ValueError"


def test_a_frequent_job_goes_on_with_its_next_slot(db: None, work: Recorder, moved: Any) -> None:
    declared = planted("test.often", work, when=every(seconds=5))
    work.inner = fail
    moved.shift(timedelta(seconds=5))
    assert run_due(declared) == 1
    assert run_due(declared) == 0
    work.inner = None
    moved.shift(timedelta(seconds=5))
    assert run_due(declared) == 1
    assert outcomes(declared) == [(Job.FAILED, FOUR - HOUR + timedelta(seconds=5))], (
        "what went well is not kept row by row"
    )


def test_a_job_that_wants_each_slot_skips_none_because_it_failed(
    db: None, work: Recorder, moved: Any
) -> None:
    declared = planted("test.each", work, when=every(seconds=5), each=True)
    work.inner = fail
    moved.shift(timedelta(seconds=6))
    assert run_due(declared) == 1
    work.inner = None
    moved.shift(timedelta(seconds=5))
    assert run_due(declared) == 2
    first = FOUR - HOUR + timedelta(seconds=5)
    assert work.slots == [first, first, first + timedelta(seconds=5)]


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_database_went_away_is_written_down_when_it_is_back(
    work: Recorder, moved: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = planted("test.nightly", work, when=daily("04:00"))
    moved.move_to(FOUR)
    genuine, failures = claims.end, [OperationalError("gone"), InterfaceError("closed")]

    def end(*arguments: Any, **told: Any) -> bool:
        if failures:
            raise failures.pop()
        return genuine(*arguments, **told)

    monkeypatch.setattr(claims, "end", end)
    monkeypatch.setattr(running, "PAUSE", 0.01)
    assert run_due(declared) == 1
    assert row(declared).done_slot == FOUR


def test_a_thousand_equal_failures_are_not_a_thousand_rows(
    db: None, work: Recorder, moved: Any
) -> None:
    declared = planted("test.often", work, when=every(seconds=5))
    work.inner = fail
    for _slot in range(120):
        moved.shift(timedelta(seconds=5))
        assert run_due(declared) == 1
    assert row(declared).failures == 120
    assert JobRun.objects.count() == 11, "the first ten and the hundredth"


def test_a_clock_that_was_ahead_silences_nothing(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    often = planted("test.often", work, when=every(minutes=1))
    moved.move_to(FOUR + HOUR)
    assert run_due(often) == 1
    moved.move_to(FOUR - HOUR)
    assert run_due(often) == 1, "the clock was set right"
    assert run_due(often) == 0
    assert work.slots == [FOUR + HOUR, FOUR - HOUR]
    moved.shift(-timedelta(minutes=1))
    assert run_due(often) == 0, "clocks of machines differ a little"


def test_one_that_kills_its_worker_is_given_up(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    moved.move_to(FOUR)

    def killed() -> None:
        raise KeyboardInterrupt

    work.inner = killed
    for _attempt in range(len(BACKOFF) + 1):
        with pytest.raises(KeyboardInterrupt):
            run_due(nightly)
        Job.objects.filter(name=nightly.name).update(running_until=PAST)
    assert run_due(nightly) == 1
    assert (row(nightly).last_outcome, row(nightly).done_slot) == (Job.FAILED, FOUR)
    assert len(work.turns) == len(BACKOFF) + 1


def test_its_next_query_is_refused_when_its_time_is_up(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    moved.move_to(FOUR)
    over = replace(nightly, limit=timedelta())

    def query() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    work.inner = query
    assert run_due(over) == 1
    assert row(nightly).last_error.startswith("history.jobs.running.OutOfTime")
    query()  # the connection itself is as before


def test_switched_off_is_off(nightly: Declared, work: Recorder, moved: Any) -> None:
    periodic = periodic_row(nightly.name)
    assert periodic is not None
    periodic.enabled = False
    periodic.save()
    moved.move_to(FOUR)
    assert run_due(nightly) == 0
    assert run_by_hand(nightly) == Job.DONE, "a person may still start it"


def test_by_hand_between_slots_leaves_the_slots_alone(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    assert run_by_hand(nightly) == Job.DONE
    assert work.slots == [FOUR - HOUR]
    moved.move_to(FOUR + HOUR)
    assert run_by_hand(nightly) == Job.DONE, "this one is due"
    assert run_due(nightly) == 0
    assert work.slots == [FOUR - HOUR, FOUR]
    assert [run.by_hand for run in JobRun.objects.all()] == [True, True]


def test_a_wish_that_failed_is_not_tried_again(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    work.inner = fail
    assert run_by_hand(nightly) == Job.FAILED
    kept = row(nightly)
    assert (kept.retry_at, kept.failures, kept.done_slot) == (None, 1, FOUR - DAY)
    work.inner = None
    moved.move_to(FOUR)
    assert run_due(nightly) == 1


def test_a_wish_is_taken_by_a_worker_also_when_the_job_is_off(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    PeriodicTask.objects.filter(name=nightly.name).update(enabled=False)
    Job.objects.filter(name=nightly.name).update(asked_at=FOUR - HOUR)
    assert run_due(nightly) == 1
    assert run_due(nightly) == 0
    assert JobRun.objects.get().by_hand


def test_one_message_does_not_keep_a_worker_for_ever(db: None, work: Recorder, moved: Any) -> None:
    declared = planted("test.each", work, when=every(seconds=5), each=True)
    moved.shift(HOUR)
    assert run_due(declared) == 50
    assert run_due(replace(declared, limit=timedelta(milliseconds=1))) < 50
    assert len(set(work.slots)) == len(work.slots)


def test_by_hand_need_not_wait_for_the_next_attempt(
    nightly: Declared, work: Recorder, moved: Any
) -> None:
    moved.move_to(FOUR)
    work.inner = fail
    run_due(nightly)
    work.inner = None
    assert run_by_hand(nightly) == Job.DONE
    assert row(nightly).done_slot == FOUR


def test_seeding_keeps_what_the_office_changed(nightly: Declared, moved: Any) -> None:
    periodic = periodic_row(nightly.name)
    assert periodic is not None
    periodic.enabled, periodic.expire_seconds = False, 77
    periodic.save()
    seed({**declared_jobs(), nightly.name: nightly})
    again = periodic_row(nightly.name)
    assert again is not None
    assert (again.enabled, again.expire_seconds) == (False, 77)
    seed(declared_jobs())
    assert periodic_row(nightly.name) is None, "a job that is gone is not sent"
    assert Job.objects.filter(name=nightly.name).exists(), "what it did is kept"


def test_every_job_of_the_code_has_its_rows_and_words(db: None) -> None:
    declared = declared_jobs()
    assert {"history.sweep_outbox", "history.send_missed_jobs", "botapp.clean_up"} <= set(declared)
    for name, entry in declared.items():
        periodic = periodic_row(name)
        assert periodic is not None
        assert periodic.task == name in current_app.tasks
        assert periodic.expire_seconds
        assert str(entry.title)
        assert str(entry.about)
        assert row(entry).done_slot


def test_a_late_job_of_the_code_is_found(db: None, moved: Any) -> None:
    moved.move_to(FOUR)
    for name, declared in declared_jobs().items():
        done = declared.when.latest(FOUR + timedelta(seconds=30))
        Job.objects.filter(name=name).update(done_slot=done)
    late = Job.objects.filter(name="botapp.clean_up")
    late.update(done_slot=FOUR - DAY)
    assert list(missed(at=FOUR + timedelta(seconds=29))) == [], "its message is on the way"
    at = FOUR + timedelta(seconds=30)
    assert list(missed(at=at)) == ["botapp.clean_up"]
    late.update(running_until=Now() + HOUR)
    assert list(missed(at=at)) == []
    late.update(running_until=PAST, retry_at=at + HOUR)
    assert list(missed(at=at)) == []
    late.update(retry_at=at)
    assert list(missed(at=at)) == ["botapp.clean_up"]


@pytest.mark.django_db(transaction=True)
def test_two_beats_and_four_workers_run_a_slot_once(
    together: Callable[[list[Callable[[], Any]]], list[Any]], work: Recorder
) -> None:
    for number in range(5):
        declared = planted(f"test.raced_{number}", work, when=every(seconds=1))
        Job.objects.filter(name=declared.name).update(done_slot=FOUR)
        work.turns.clear()
        assert sum(together([partial(run_due, declared)] * 4)) >= 1
        assert row(declared).done_slot == work.slots[-1]
        assert len(work.slots) == len(set(work.slots))
