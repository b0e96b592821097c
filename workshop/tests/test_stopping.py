"""What a worker that is to end does with its work: short work ends, long work is handed on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from history.jobs import running
from history.jobs.declaring import declared_jobs
from history.jobs.rows import seed
from history.jobs.turn import Declared
from history.models import Event, Job
from integrations import data_jobs
from integrations.models import DataJob
from integrations.services.data_jobs import ask
from workshop.lib import stopping
from workshop.lib.actor import system_actor

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = system_actor("tests")


@pytest.fixture(autouse=True)
def _goes_on() -> Iterator[None]:
    yield
    stopping.forget()


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the moment of being asked there is no time left."""
    monkeypatch.setattr(stopping, "GRACE", -1.0)


def a_job() -> DataJob:
    row: DataJob = ask(kind="export", subject="receipts", options={}, actor=ACTOR).object
    return row


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What exports do in this test."""
    steps: list[Any] = []

    def run(job: DataJob, report: data_jobs.Report) -> data_jobs.Result:
        for number, step in enumerate(steps, 1):
            step()
            report.done(number, {"row": number})
        return data_jobs.Result({"rows": len(steps)})

    monkeypatch.setitem(data_jobs._works, "export", run)
    return steps


def test_long_work_is_given_back_with_what_it_had_done(work: Any, late: None) -> None:
    work += [lambda: None, stopping.ask, lambda: None]
    job = a_job()
    assert data_jobs.run_waiting() == 1
    job.refresh_from_db()
    assert (job.state, job.token, job.checkpoint, job.attempts) == ("waiting", "", {"row": 1}, 0)
    assert data_jobs.run_waiting() == 0  # this process takes nothing any more
    stopping.forget()
    work[1] = lambda: None
    assert data_jobs.run_waiting() == 1
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"rows": 3})


def test_short_work_is_brought_to_its_end(work: Any) -> None:
    work += [stopping.ask, lambda: None]
    job, other = a_job(), a_job()
    assert data_jobs.run_waiting() == 1
    job.refresh_from_db()
    other.refresh_from_db()
    assert (job.state, other.state) == ("done", "waiting")


def test_a_slot_that_is_broken_off_stays_due(late: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(declared_jobs())
    declared = declared_jobs()["history.verify"]
    began: list[int] = []

    def work(_turn: Any) -> None:
        began.append(1)
        if len(began) == 1:
            stopping.ask()
        Event.objects.count()  # the next query

    long = Declared(**{**vars(declared), "work": work})
    Job.objects.filter(name=long.name).update(done_slot=None)
    assert running.run_due(long) == 1
    row = Job.objects.get(name=long.name)
    assert (row.last_outcome, row.token, row.done_slot) == (Job.LOST, "", None)
    assert running.run_due(long) == 0  # begun by nobody who is to end
    stopping.forget()
    assert running.run_due(long) == 1
    row.refresh_from_db()
    assert (row.last_outcome, len(began)) == (Job.DONE, 2)
    assert row.done_slot is not None
