"""Jobs of polishing."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from history.jobs import Turn, daily, job
from polishing.services.batches import flag_all_expired


@job(
    "polishing.flag_expired",
    _("Flag expired polishing batches"),
    _("Marks open batches that are past their date, for a person to look at. Closes nothing."),
    when=daily("01:00"),
    limit=timedelta(minutes=2),
    counts={"flagged": _("batches flagged")},
)
def flag_expired(turn: Turn) -> dict[str, int]:
    return {"flagged": flag_all_expired(actor=turn.actor, key=turn.key, at=turn.at)}
