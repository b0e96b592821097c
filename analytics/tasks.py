"""Jobs of the numbers: thin, the services know what is outdated."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from analytics.monitoring import (
    alert_jobs,  # noqa: F401  # declares the jobs of the alerts
    snapshot_jobs,  # noqa: F401  # declares those of the snapshots
)
from analytics.receipt_facts.services import heal_for
from analytics.reports import jobs  # noqa: F401  # declares the jobs of the reports
from analytics.services import drops, rollups
from history.jobs import Turn, daily, every, job


@job(
    "analytics.heal_receipt_facts",
    _("Complete the facts of receipts"),
    _("Works out what lead times and deadlines are read from, where it is missing."),
    when=every(minutes=5),
    limit=timedelta(minutes=2),
    counts={"added": _("receipts added"), "measured": _("receipts measured again")},
)
def heal_receipt_facts(turn: Turn) -> dict[str, int]:
    done = heal_for(timedelta(minutes=1))
    return {"added": done.added, "measured": done.measured}


@job(
    "analytics.refresh_rollups",
    _("Bring the roll-ups of the numbers up to date"),
    _("Counts again what has changed, so that pages of numbers open quickly."),
    when=every(minutes=1),
    limit=timedelta(minutes=2),
    counts={"marks": _("changes taken in"), "receipts": _("receipts counted again")},
)
def refresh_rollups(turn: Turn) -> dict[str, int]:
    done = rollups.refresh(at=turn.at)
    return {"marks": done.marks, "receipts": done.receipts}


@job(
    "analytics.mark_recent_receipts",
    _("Count recent receipts once more"),
    _("Nothing should depend on it: it heals what a program without marks left behind."),
    when=daily("03:20"),
    limit=timedelta(minutes=5),
    counts={"marked": _("receipts marked")},
)
def mark_recent_receipts(turn: Turn) -> dict[str, int]:
    return {"marked": rollups.mark_recent(at=turn.at)}


@job(
    "analytics.tell_drops",
    _("Tell of quality outside its limits"),
    _("Tells a person and the managers when final works came back more often than by chance."),
    when=daily("10:30"),
    limit=timedelta(minutes=5),
    late=timedelta(hours=6),
    counts={"told": _("told")},
)
def tell_of_drops(turn: Turn) -> dict[str, int]:
    return {"told": drops.tell_drops(actor=turn.actor, at=turn.at)}
