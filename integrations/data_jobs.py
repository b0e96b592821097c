"""The runner of imports and exports: what the work of a kind is, and one turn of a worker.

A kind registers a function in ``AppConfig.ready()``::

    register(DataJob.Kind.EXPORT, write_export)

    def write_export(job: DataJob, report: Report) -> Result: ...

It reads ``job.subject``, ``job.options`` and ``job.file``, reports at least every few seconds, and
answers with counts and perhaps a file. Called again after a kill, it goes on from
``job.checkpoint``. What it raises as a WorkshopError is shown to the person.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.files import File
from django.db import InterfaceError, OperationalError, connection
from django.utils import translation
from django.utils.translation import gettext as _

from history.models import Event
from integrations.actors import client_actor
from integrations.events import DataAsked
from integrations.models import ApiClient, DataJob
from integrations.services import data_jobs
from integrations.services.data_jobs import CancelAsked, LostClaim
from staff.actors import employee_actor, user_actor
from staff.models import Employee
from workshop.lib import stopping
from workshop.lib.actor import KIND_CLIENT, KIND_EMPLOYEE, KIND_USER, Actor, Channel, system_actor
from workshop.lib.correlation import caused_by
from workshop.lib.errors import NotAllowed, WorkshopError

RETRY: Final = 15  # seconds after the database went away

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What came out: counts by name, and a file for the person (closed by the runner).

    ``error`` in words means that it failed, ``cancelled`` that it stopped when it was asked to: a
    work that has something to tell then answers so instead of raising.
    """

    counts: Mapping[str, Any] = field(default_factory=dict)
    file: File[bytes] | None = None
    file_name: str = ""
    error: str = ""
    cancelled: bool = False


class Report:
    """How a work tells of itself. Every call may raise: let it through."""

    def __init__(self, job: DataJob) -> None:
        self._job = job

    def total(self, rows: int) -> None:
        """How many rows there are."""
        data_jobs.progress(self._job, total=rows)

    def done(self, rows: int, checkpoint: Mapping[str, Any] | None = None) -> None:
        """So many rows are done. With ``checkpoint``, inside the transaction of these rows."""
        data_jobs.progress(self._job, done=rows, checkpoint=checkpoint)

    def aside(self, rows: int) -> None:
        """The same from within a transaction that stays open: see ``progress_aside``."""
        data_jobs.progress_aside(self._job, done=rows)

    def finish(self, result: Result) -> None:
        """End the job inside the transaction of the last rows; otherwise the runner does it."""
        told: dict[str, Any] = {
            "result": result.counts,
            "file": result.file,
            "file_name": result.file_name,
        }
        if result.cancelled:
            data_jobs.end_cancelled(self._job, **told)
        elif result.error:
            data_jobs.fail(self._job, error=result.error, **told)
        else:
            data_jobs.finish(self._job, **told)


Work = Callable[[DataJob, Report], Result]

_works: dict[str, Work] = {}


def register(kind: str, work: Work) -> None:
    """``work`` is what is done for jobs of ``kind``."""
    _works[kind] = work


def run_waiting() -> int:
    """Work off what waits, one after the other; how many jobs were run."""
    ran = 0
    while not stopping.is_asked() and (job := data_jobs.claim()) is not None:
        run(job)
        ran += 1
    return ran


def run(job: DataJob) -> None:
    """The work of a claimed job, to its end; nothing is raised."""
    about = {"job_id": job.pk, "kind": job.kind, "asked_request_id": asked_by(job)}
    with caused_by(correlation_of(job), channel=job.channel, **about):
        _run_caused(job)


def asked_by(job: DataJob) -> str:
    """The id of the request that asked for the job; its lines lead back to the button by it."""
    events = Event.objects.filter(stream=job.stream, kind=DataAsked.kind).order_by("sequence")
    with suppress(InterfaceError, OperationalError):  # the work itself will meet the same
        return events.values_list("correlation_id", flat=True).first() or ""
    return ""


def correlation_of(job: DataJob) -> str:
    return f"data-job:{job.pk}"


def _run_caused(job: DataJob) -> None:
    try:
        with translation.override(job.language):
            _run(job)
    except stopping.Stopping:
        logger.info("a data job is left to another worker")
        _give_back(job)
    except LostClaim:
        logger.warning("a data job had lost its claim")
    except (InterfaceError, OperationalError) as error:
        # The database went away: the lease ends, and a worker goes on where this one stopped.
        logger.warning("a data job was broken off", extra={"error": type(error).__name__})
        if not connection.in_atomic_block:
            connection.close()
    else:
        data_jobs.wake()


def _give_back(job: DataJob) -> None:
    try:
        data_jobs.give_back(job)
    except (LostClaim, InterfaceError, OperationalError):
        logger.warning("a data job is left until its lease ends")


def _run(job: DataJob) -> None:
    if job.cancel_asked_at is not None:
        data_jobs.end_cancelled(job)
    elif job.attempts > data_jobs.MOST_ATTEMPTS:
        data_jobs.fail(job, error=_("Given up: it was broken off again and again."))
    else:
        _work(job)


def _work(job: DataJob) -> None:
    try:
        result = _works[job.kind](job, Report(job))
    except CancelAsked:
        data_jobs.end_cancelled(job)
    except WorkshopError as error:
        data_jobs.fail(job, error=error.text())
    except (LostClaim, stopping.Stopping, InterfaceError, OperationalError):
        raise
    except Exception:  # any bug of a work: told without internals, recorded in the log
        logger.exception("a data job failed")
        data_jobs.fail(job, error=_("Something went wrong on our side. It has been recorded."))
    else:
        _finish(job, result)


def _finish(job: DataJob, result: Result) -> None:
    try:
        if not job.is_finished:
            Report(job).finish(result)
    finally:
        if result.file is not None:
            result.file.close()


def actor_of(job: DataJob, *, silent: bool = True) -> Actor:
    """Who asked, with the rights he has now; NotAllowed when he is not there any more.

    ``silent``: what an import changes notifies nobody.
    """
    channel = Channel(job.channel, correlation_id=correlation_of(job), silent=silent)
    asked = job.asked_id
    if asked is None:
        return system_actor(job.asked_label, silent=silent, correlation_id=channel.correlation_id)
    if job.asked_kind == KIND_USER:
        user = get_user_model().objects.filter(pk=asked, is_active=True).first()
        if user is not None:
            return user_actor(user, channel)
    elif job.asked_kind == KIND_CLIENT:
        client = ApiClient.objects.filter(pk=asked, active=True).first()
        if client is not None:
            return client_actor(client, channel)
    elif job.asked_kind == KIND_EMPLOYEE:
        employee = Employee.objects.filter(pk=asked, active=True).first()
        if employee is not None:
            return employee_actor(employee, channel)
    raise NotAllowed
