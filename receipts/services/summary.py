"""The evening summary: what the day brought, frozen in one event."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from history.commands import CommandRef, Outcome, Run, verb
from history.models import Event
from receipts.events.reminders import DaySummed, notices_stream
from receipts.models import QualityCheck, Receipt, ReturnCase
from receipts.states import URGENT_LIST
from workshop.lib import clock
from workshop.lib.actor import Actor


@verb("workshop.sum_day", "history.Event")
def sum_day(
    *, day: date, actor: Actor, command: CommandRef = None, at: datetime | None = None
) -> Outcome[Event]:
    """Count the workshop's day up to now: what came in, passed, was returned and handed out."""
    run = Run.of(actor, command, at)
    within = clock.day_bounds(day)
    open_ = Receipt.objects.valid().filter(status__in=URGENT_LIST)
    checks = QualityCheck.objects.valid().filter(receipt__voided_at__isnull=True)
    returns = ReturnCase.objects.valid().filter(receipt__voided_at__isnull=True)
    payload = DaySummed(
        day=day.isoformat(),
        received=Receipt.objects.valid().filter(received_at__range=_half_open(within)).count(),
        passed=checks.filter(
            decision=QualityCheck.Decision.PASSED, decided_at__range=_half_open(within)
        ).count(),
        returned=returns.filter(returned_at__range=_half_open(within)).count(),
        issued=Receipt.objects.valid().filter(issued_at__range=_half_open(within)).count(),
        overdue=open_.filter(deadline__lt=run.at).count(),
        due_tomorrow=open_.filter(
            deadline__range=_half_open(clock.day_bounds(day + timedelta(days=1)))
        ).count(),
    )
    return Outcome(run.record(notices_stream(run.at), payload))


def _half_open(bounds: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """For BETWEEN, which includes its end."""
    return bounds[0], bounds[1] - timedelta(microseconds=1)
