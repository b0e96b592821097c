"""Batches: opened, closed when everything is back, flagged (never closed) when past their date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from history.commands import CommandKey, CommandRef, Outcome, Run, verb
from polishing import locks
from polishing.events import BatchClosed, BatchFlagged, BatchOpened, BatchReopened
from polishing.models import PolishingBatch
from receipts import policies
from receipts.events.base import ref
from receipts.services.base import employee
from workshop.lib import clock
from workshop.lib.actor import Actor
from workshop.lib.errors import RuleViolation


@verb("batch.open", "polishing.PolishingBatch")
def open_batch(
    *,
    polisher_id: int,
    due_at: datetime | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[PolishingBatch]:
    """Open a batch for a polisher; numbers run on without gaps from two people at once.

    Raises RuleViolation ``polishing.not_a_polisher``, ``polishing.batch_due_in_past``.
    """
    run = Run.of(actor, command, at)
    policies.ensure_inspector(actor)
    polisher = employee(polisher_id, field="polisher")
    if not (polisher.active and polisher.is_polisher):
        raise RuleViolation(
            "polishing.not_a_polisher",
            _("%(name)s is not a polisher."),
            field="polisher",
            params={"name": polisher.short_name},
        )
    if due_at is not None and due_at <= run.at:
        raise RuleViolation(
            "polishing.batch_due_in_past", _("The date lies in the past."), field="due_at"
        )
    batch = PolishingBatch(polisher=polisher, opened_at=run.at, due_at=due_at)
    while True:
        last = PolishingBatch.objects.aggregate(last=Max("number"))["last"] or 0
        batch.number = last + 1
        try:
            with transaction.atomic():
                batch.save(force_insert=True)
            break
        except IntegrityError:
            continue
    payload = BatchOpened(
        number=batch.number, polisher=ref(polisher) or {}, due_at=clock.iso(due_at)
    )
    run.record(batch.stream, payload)
    return Outcome(batch)


def close_if_complete(run: Run, batch_id: int | None) -> None:
    """Close a batch whose last order came back; counted under its lock."""
    if batch_id is None:
        return
    batch = locks.batch(batch_id)
    if batch.closed_at is None and not batch.orders.open().exists():
        batch.closed_at = run.at
        batch.save(update_fields=["closed_at"])
        run.record(batch.stream, BatchClosed(number=batch.number))


def reopen_if_closed(run: Run, batch_id: int | None) -> None:
    """An order is out again: so is its batch."""
    if batch_id is None:
        return
    batch = locks.batch(batch_id)
    if batch.closed_at is not None:
        batch.closed_at = None
        batch.save(update_fields=["closed_at"])
        run.record(batch.stream, BatchReopened(number=batch.number))


@verb("batch.flag_expired", "polishing.PolishingBatch")
def flag_expired(
    *,
    batch_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[PolishingBatch]:
    """Flag a batch that is past its date for a person to look at; once."""
    run = Run.of(actor, command, at)
    policies.ensure_inspector(actor)
    batch = locks.batch(batch_id)
    if batch.closed_at or batch.flagged_at or batch.due_at is None or batch.due_at > run.at:
        return Outcome(batch)
    batch.flagged_at = run.at
    batch.save(update_fields=["flagged_at"])
    count = batch.orders.open().count()
    run.record(batch.stream, BatchFlagged(number=batch.number, open_orders=count))
    return Outcome(batch)


def flag_all_expired(*, actor: Actor, key: Callable[[int], CommandKey], at: datetime) -> int:
    """Flag every open batch past its date, each in a transaction of its own; how many."""
    late = PolishingBatch.objects.overdue(at).filter(flagged_at__isnull=True).order_by("pk")
    ids = list(late.values_list("pk", flat=True))
    for batch_id in ids:
        flag_expired(batch_id=batch_id, actor=actor, command=key(batch_id), at=at)
    return len(ids)
