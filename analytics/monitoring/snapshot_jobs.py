"""Jobs of the snapshots: one for each slot, and what becomes of old ones."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from analytics.services import snapshots
from history.jobs import Turn, daily, every, job


@job(
    "analytics.take_snapshot",
    _("Take a snapshot of the numbers"),
    _("Measures the workshop and its programs and keeps all numbers together, once for each slot."),
    when=every(minutes=15),
    limit=timedelta(minutes=2),
    counts={"numbers": _("numbers measured"), "failed": _("sources that failed")},
)
def take_snapshot(turn: Turn) -> dict[str, int]:
    taken = snapshots.take(slot=turn.slot, at=turn.at)
    return {"numbers": len(taken.numbers), "failed": len(taken.failed)}


@job(
    "analytics.forget_snapshots",
    _("Roll old snapshots up"),
    _("Snapshots of more than 30 days ago become daily numbers, which are kept for five years."),
    when=daily("04:00"),
    limit=timedelta(minutes=5),
    counts={
        "days": _("days rolled up"),
        "snapshots": _("snapshots removed"),
        "numbers": _("daily numbers removed"),
    },
)
def forget_snapshots(turn: Turn) -> dict[str, int]:
    done = snapshots.forget(at=turn.at)
    return {"days": done.days, "snapshots": done.snapshots, "numbers": done.numbers}
