"""How polishing events are taken back (``receipts.services.undoing``)."""

from __future__ import annotations

from history.commands import Run
from history.models import Event
from history.registry import undoes
from polishing.events import PolishingSent, PolishingTakenBack
from polishing.services.orders import reopen_order, void_order


@undoes(PolishingSent.kind)
def _void_sent(run: Run, event: Event, reason: str) -> None:
    void_order(
        order_id=event.payload["order_id"],
        reason=reason,
        actor=run.actor,
        command=run.command,
        at=run.at,
    )


@undoes(PolishingTakenBack.kind)
def _reopen(run: Run, event: Event, reason: str) -> None:
    reopen_order(
        order_id=event.payload["order_id"],
        reason=reason,
        actor=run.actor,
        command=run.command,
        at=run.at,
    )
