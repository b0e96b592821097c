"""Jobs of the ground floor. The broker only wakes; due rows and the sweep are the guarantee."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from history import cleanup, relay
from history.backups import nightly
from history.backups.errors import BackupError
from history.jobs import JobFailed, Turn, daily, every, job, weekly
from history.jobs.missed import send_missed
from history.jobs.sending import send
from history.verify_new import verify_new


@job(
    "history.sweep_outbox",
    _("Pass events on"),
    _("Turns new events into notices. Woken after each change; this is the sweep behind it."),
    when=every(seconds=5),
    limit=timedelta(seconds=20),
    counts={"count": _("events")},
)
def sweep_outbox(turn: Turn) -> int:
    return relay.relay_outbox()


@job(
    "history.send_missed_jobs",
    _("Make good for missed jobs"),
    _("Looks for jobs whose time has passed without a run, and starts them."),
    when=every(minutes=1),
    limit=timedelta(seconds=30),
    counts={"count": _("jobs started")},
)
def send_missed_jobs(turn: Turn) -> int:
    return send_missed(at=turn.at)


@job(
    "history.clean_up",
    _("Clean up the records of the machinery"),
    _("Forgets old runs of jobs, events that were passed on long ago, and sign-ins of the past."),
    when=daily("04:10"),
    limit=timedelta(minutes=5),
    counts={
        "runs": _("runs of jobs kept"),
        "outbox": _("passed on events"),
        "sessions": _("expired sign-ins"),
        "sign_ins": _("records of sign-ins"),
    },
)
def clean_up(turn: Turn) -> dict[str, int]:
    return cleanup.clean_up(at=turn.at)


@job(
    "history.verify",
    _("Verify the history"),
    _("Reckons the chains of the events that came since the last time. A broken one is an alarm."),
    when=daily("05:00"),
    limit=timedelta(minutes=10),
    counts={"events": _("events"), "streams": _("streams verified")},
)
def verify_history(turn: Turn) -> dict[str, int]:
    verified = verify_new(at=turn.at)
    if verified.findings:
        first = verified.findings[0]
        raise JobFailed(
            f"{len(verified.findings)}: {first.stream or 'database'} {first.sequence}:"
            f" {first.problem}"
        )
    return {"events": verified.events, "streams": verified.streams}


@shared_task(name="history.relay_outbox")  # type: ignore[untyped-decorator]
def relay_outbox() -> int:
    """The nudge after a commit: expand waiting events into the rows of their consumers."""
    return relay.relay_outbox()


def wake_relay() -> None:
    """Ask a worker to relay now. Nobody waits for the answer, and a lost wake-up is swept later."""
    send("history.relay_outbox", expires=30)


@job(
    "history.back_up",
    _("Back up"),
    _("Writes database and photos into one file, and removes the old ones that are not kept."),
    when=daily("03:00"),
    limit=timedelta(hours=2),
    counts={"rows": _("rows"), "photos": _("photos"), "megabytes": _("megabytes")},
)
def back_up(turn: Turn) -> dict[str, int]:
    try:
        made = nightly.back_up(actor=turn.actor, at=turn.at)
    except BackupError as error:
        raise JobFailed(str(error)) from error
    photos = len(made.manifest.photos)
    return {"rows": made.rows, "photos": photos, "megabytes": made.size >> 20}


@job(
    "history.try_backup",
    _("Restore the backup on trial"),
    _("Brings the newest backup back into a scratch database and checks it there."),
    when=weekly("sun", "04:30"),
    limit=timedelta(hours=3),
)
def try_backup(turn: Turn) -> None:
    try:
        nightly.try_out(actor=turn.actor)
    except BackupError as error:
        raise JobFailed(str(error)) from error
