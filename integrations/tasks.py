"""Jobs of the integrations: imports and exports, and what the webhooks forget.

Messages of webhooks are sent by a loop beside the jobs (``integrations.webhooks.background``).
"""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from history.jobs import Turn, daily, every, job
from integrations import data_jobs
from integrations.services import data_jobs as services
from integrations.services import imports, webhook_cleanup
from integrations.webhooks import background, nudge  # noqa: F401  # a worker starts the first

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
    return services.forget_files(at=turn.at) + imports.forget_files(at=turn.at)


@shared_task(name=nudge.TASK)  # type: ignore[untyped-decorator]
def wake_webhooks() -> int:
    """The nudge after a commit of another process: messages of webhooks may be due."""
    return nudge.wake_here()


@job(
    "integrations.clean_up_webhooks",
    _("Clean up the webhooks"),
    _("Forgets delivered messages after 14 days, others that ended after 90."),
    when=daily("04:30"),
    limit=timedelta(minutes=5),
    counts={"deliveries": _("messages"), "secrets": _("secrets sealed anew")},
)
def clean_up_webhooks(turn: Turn) -> dict[str, int]:
    return webhook_cleanup.clean_up(at=turn.at)
