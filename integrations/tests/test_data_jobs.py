"""Imports and exports as jobs: asked, claimed by one, told of, cancelled, taken over, forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.functions import Now

from history.models import Event
from integrations import data_jobs
from integrations.data_jobs import Report, Result, actor_of
from integrations.models import DataJob
from integrations.services import data_jobs as services
from integrations.services.data_jobs import CancelAsked, LostClaim, ask, cancel, claim
from staff.actors import employee_actor
from tests.cast import Cast, make_cast
from workshop.lib import clock
from workshop.lib.actor import ADMIN, Actor, Channel
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def anna(cast: Cast) -> Actor:
    return cast.actor("anna", ADMIN)


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the kinds do in this test."""
    own: dict[str, Any] = {}
    monkeypatch.setattr(data_jobs, "_works", own)
    return own


def asked(actor: Actor, **more: Any) -> DataJob:
    return ask(kind="export", subject="receipts", options={"n": 1}, actor=actor, **more).object


def silent(job: DataJob) -> None:
    """Its worker was killed on another machine a while ago."""
    past = Now() - timedelta(seconds=1)
    DataJob.objects.filter(pk=job.pk).update(lease_until=past, owner="elsewhere/1-1")


def test_from_asking_to_the_file(anna: Actor, works: dict[str, Any]) -> None:
    def work(job: DataJob, report: Report) -> Result:
        assert job.file.read() == b"in"
        actor = actor_of(job)
        assert (actor.label, actor.channel.silent) == (anna.label, True)
        report.total(4)
        report.done(2, {"row": 2})
        assert DataJob.objects.get().percent == 50
        return Result({"rows": 4}, ContentFile(b"out"), "out.csv")

    works["export"] = work
    job = asked(anna, content=b"in", file_name="in.csv")
    assert Event.objects.get(stream=job.stream).kind == "data.asked"
    assert services.waiting()
    assert data_jobs.run_waiting() == 1
    job.refresh_from_db()
    assert (job.state, job.result, job.percent) == ("done", {"rows": 4}, 100)
    assert (job.result_file.read(), job.result_name) == (b"out", "out.csv")
    assert not services.waiting()
    names = [job.file.name, job.result_file.name]
    assert services.forget_files(at=clock.now()) == 0
    assert services.forget_files(at=clock.now() + services.KEPT + timedelta(hours=1)) == 1
    assert not any(map(default_storage.exists, names))


def test_one_worker_has_it_until_it_falls_silent(anna: Actor) -> None:
    asked(anna)
    first = claim()
    assert first is not None
    assert claim() is None
    Report(first).done(1, {"row": 1})
    silent(first)
    second = claim()
    assert second is not None
    assert (second.checkpoint, second.attempts) == ({"row": 1}, 2)
    for late in (
        lambda: Report(first).done(5),
        lambda: Report(first).finish(Result()),
        lambda: services.fail(first, error="no"),
    ):
        with pytest.raises(LostClaim):
            late()
    second.refresh_from_db()
    assert (second.done, second.state) == (1, "running")


def test_no_more_than_two_run_at_once(anna: Actor) -> None:
    for _ in range(3):
        asked(anna)
    assert [claim() is not None for _ in range(3)] == [True, True, False]
    assert not services.waiting()


def test_cancelling(anna: Actor, cast: Cast, works: dict[str, Any]) -> None:
    waits = asked(anna)
    assert cancel(job_id=waits.pk, actor=anna).object.state == "cancelled"
    runs = asked(anna)

    def work(job: DataJob, report: Report) -> Result:
        with pytest.raises(NotFound):
            cancel(job_id=job.pk, actor=cast.actor("maxim"))
        cancel(job_id=job.pk, actor=anna)
        assert cancel(job_id=job.pk, actor=anna).already
        with transaction.atomic():
            asked(anna)  # stands for what a step writes
            report.done(1, {"row": 1})
        raise AssertionError("went on")

    works["export"] = work
    data_jobs.run_waiting()
    runs.refresh_from_db()
    assert (runs.state, runs.done, runs.checkpoint) == ("cancelled", 0, {})
    assert DataJob.objects.count() == 2
    kinds = Event.objects.filter(stream=runs.stream).values_list("kind", flat=True)
    assert list(kinds.order_by("sequence")) == ["data.asked", "data.cancelled"]


def test_failures_are_told_without_internals(anna: Actor, works: dict[str, Any]) -> None:
    errors = [ValueError("secret 17"), RuleViolation("data.test", "not so"), CancelAsked()]

    def work(job: DataJob, report: Report) -> Result:
        raise errors.pop(0)

    works["export"] = work
    jobs = [asked(anna) for _ in range(3)]
    data_jobs.run_waiting()
    told = []
    for job in jobs:
        job.refresh_from_db()
        told.append((job.state, "secret" in job.error, bool(job.error)))
    assert told == [("failed", False, True), ("failed", False, True), ("cancelled", False, False)]


def test_one_that_kills_its_worker_each_time_is_given_up(
    anna: Actor, works: dict[str, Any]
) -> None:
    job = asked(anna)
    for _ in range(services.MOST_ATTEMPTS):
        assert claim() is not None
        silent(job)
    works["export"] = lambda *_: Result()
    data_jobs.run_waiting()
    job.refresh_from_db()
    assert job.state == "failed"


def test_somebody_who_left_has_no_rights_any_more(anna: Actor, cast: Cast) -> None:
    job = asked(employee_actor(cast.anna, Channel(ADMIN)))
    type(cast.anna).objects.filter(pk=cast.anna.pk).update(active=False)
    with pytest.raises(NotAllowed):
        actor_of(job)


def test_a_person_has_so_many_unfinished_ones(anna: Actor) -> None:
    for _ in range(services.MOST_UNFINISHED):
        asked(anna)
    with pytest.raises(RuleViolation) as refused:
        asked(anna)
    assert refused.value.code == "data.too_many"
