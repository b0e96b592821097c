"""How a job is declared: a function that calls a service, when it runs, and its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from celery import current_app, shared_task
from django.utils.module_loading import autodiscover_modules

from history.jobs.running import run_due
from history.jobs.schedules import Schedule
from history.jobs.turn import Declared, Words, Work

W = TypeVar("W", bound=Work)


def job(
    name: str,
    title: Words,
    about: Words,
    *,
    when: Schedule,
    limit: timedelta = timedelta(minutes=2),
    late: timedelta | None = None,
    each: bool = False,
    counts: Mapping[str, Words] | None = None,
) -> Callable[[W], W]:
    """Decorator of a function in an app's ``tasks.py``: run it at every slot of ``when``.

    One run at a time. After ``limit`` its next query is refused, it has failed then. A slot that
    was missed is made good as soon as possible: the newest one, or with ``each`` every one, the
    oldest first; ``late`` is how long after the slot this still makes sense (None: as long as it is
    the newest). The function answers with what it did: counts by name, or one number.
    """

    def declare(work: W) -> W:
        declared = Declared(name, title, about, work, when, limit, late, each, dict(counts or {}))
        seconds = int(limit.total_seconds())

        # The limits of Celery hold where it runs jobs as processes; ours holds everywhere.
        @shared_task(  # type: ignore[untyped-decorator]
            name=name, soft_time_limit=seconds + 5, time_limit=seconds + 15, declared=declared
        )
        def look_whether_due() -> None:
            run_due(declared)

        return work

    return declare


def declared_jobs() -> dict[str, Declared]:
    """Every job by its name. Celery's own register of tasks is where they are kept."""
    autodiscover_modules("tasks")
    found: dict[str, Declared] = {}
    for name, task in sorted(current_app.tasks.items()):
        declared = getattr(task, "declared", None)
        if declared is not None:
            found[name] = declared
    return found
