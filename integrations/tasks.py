"""Jobs of the integrations: waking the runner of imports and exports, and forgetting files."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from history.jobs import Turn, daily, every, job
from integrations import data_jobs
from integrations.services import data_jobs as services

LONGEST = int(timedelta(hours=6).total_seconds())


# Where Celery runs jobs as processes, its limits hold: an import of 200 000 rows takes its time.
@shared_task(name=services.TASK, soft_time_limit=LONGEST, time_limit=LONGEST + 60)  # type: ignore[untyped-decorator]
def run_data_jobs() -> int:
    """Work off the imports and exports that wait."""
    return data_jobs.run_waiting()


@job(
    "integrations.sweep_data_jobs",
    _("Start waiting imports and exports"),
    _("Wakes a worker for imports and exports that wait, or whose worker was stopped."),
    when=every(seconds=30),
    limit=timedelta(seconds=20),
    counts={"count": _("workers woken")},
)
def sweep_data_jobs(turn: Turn) -> int:
    if not services.waiting():
        return 0
    services.wake()
    return 1


@job(
    "integrations.forget_data_files",
    _("Remove old files of imports and exports"),
    _("Uploaded files and results are kept for 7 days: they may hold names and phones."),
    when=daily("04:20"),
    limit=timedelta(minutes=5),
    counts={"count": _("imports and exports")},
)
def forget_data_files(turn: Turn) -> int:
    return services.forget_files(at=turn.at)
