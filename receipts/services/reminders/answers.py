"""What people answer to a digest: noted, or remind me again; and reminding them again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from history.commands import Already, CommandRef, Outcome, Run, verb
from history.models import Event
from receipts import locks
from receipts.events.base import ref
from receipts.events.reminders import (
    ReminderAnswered,
    RemindersFired,
    RemindersRepeated,
    notices_stream,
)
from receipts.models import Receipt, ReminderAnswer
from receipts.reminding import MORNING
from receipts.services.base import row_of
from receipts.worktime import wall_instant
from staff import roles
from workshop.lib import clock
from workshop.lib.actor import Actor, system_actor
from workshop.lib.errors import NotAllowed, NotFound, RuleViolation

AT_ONCE: Final = 5_000
DIGESTS: Final = (RemindersFired.kind, RemindersRepeated.kind)
ACTOR: Final = "reminders"


class Later(StrEnum):
    """How long a person may put a reminder off."""

    HALF_HOUR = "30m"
    HOUR = "1h"
    TOMORROW = "tomorrow"


def later(choice: Later, at: datetime) -> datetime:
    """The moment in UTC that a choice means at ``at``."""
    if choice is Later.TOMORROW:
        day = clock.local(at).date() + timedelta(days=1)
        return wall_instant(day, MORNING, clock.zone())
    minutes = 30 if choice is Later.HALF_HOUR else 60
    return at.astimezone(UTC) + timedelta(minutes=minutes)


@verb("reminders.note", "receipts.ReminderAnswer")
def note_reminder(
    *,
    digest_id: int,
    receipt_id: int | None = None,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ReminderAnswer]:
    """The person has read the digest, or one receipt of it; what he put off is not repeated.

    Again is "already done". The daily notices of what is overdue go on. Raises NotFound
    ``reminders.no_such_digest``, NotAllowed.
    """
    run = Run.of(actor, command, at)
    row = _answer(run, digest_id, receipt_id)
    if row.pk is not None and row.kind == ReminderAnswer.Kind.NOTED:
        return Outcome(row, already=Already(actor.label, row.answered_at))
    row.kind, row.until, row.answered_at = ReminderAnswer.Kind.NOTED, None, run.at
    return _save(run, row)


@verb("reminders.snooze", "receipts.ReminderAnswer")
def snooze_reminder(
    *,
    digest_id: int,
    receipt_id: int | None = None,
    choice: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[ReminderAnswer]:
    """Remind this person again later (:class:`Later`) of the digest, or of one receipt of it.

    Raises NotFound ``reminders.no_such_digest``, RuleViolation ``reminders.no_such_time``,
    NotAllowed.
    """
    run = Run.of(actor, command, at)
    if choice not in set(Later):
        raise RuleViolation(
            "reminders.no_such_time", _("This is not one of the times."), field="choice"
        )
    row = _answer(run, digest_id, receipt_id)
    row.kind, row.answered_at = ReminderAnswer.Kind.SNOOZED, run.at
    row.until, row.told_at = later(Later(choice), run.at), None
    return _save(run, row)


def _answer(run: Run, digest_id: int, receipt_id: int | None) -> ReminderAnswer:
    """The person's answer so far, else a new one."""
    if run.actor.employee_id is None or not run.actor.has(roles.INSPECTOR, roles.MANAGER):
        raise NotAllowed
    event = Event.objects.filter(pk=digest_id, kind__in=DIGESTS).first()
    if event is None:
        raise NotFound(
            "reminders.no_such_digest", _("This reminder does not exist any more."), field="digest"
        )
    receipt = row_of(Receipt, receipt_id, field="receipt") if receipt_id is not None else None
    known = locks.reminder_answer(event.pk, run.actor.employee_id, receipt_id)
    return known or ReminderAnswer(
        employee_id=run.actor.employee_id, event=event, receipt=receipt, answered_at=run.at
    )


def _save(run: Run, row: ReminderAnswer) -> Outcome[ReminderAnswer]:
    row.save()
    payload = ReminderAnswered(
        digest=row.event_id, receipt=ref(row.receipt), until=clock.iso(row.until)
    )
    run.record(notices_stream(run.at), payload)
    return Outcome(row)


def repeat_due(*, actor: Actor | None = None, at: datetime | None = None) -> int:
    """Remind those again whose time has come; how many answers were settled by it."""
    at = at or clock.now()
    settled = 0
    waiting = ReminderAnswer.objects.filter(
        kind=ReminderAnswer.Kind.SNOOZED, told_at__isnull=True, until__lte=at
    )
    while waiting.exists():
        taken = _repeat_some(actor or system_actor(ACTOR), at)
        if not taken:
            break
        settled += taken
    return settled


@transaction.atomic
def _repeat_some(actor: Actor, at: datetime) -> int:
    rows = locks.due_answers(at, AT_ONCE)
    if rows:
        _repeat(rows=rows, actor=actor, at=at)
    return len(rows)


@verb("reminders.repeat", "history.Event", secret=("rows",))
def _repeat(
    *,
    rows: Sequence[ReminderAnswer],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Event]:
    run = Run.of(actor, command, at)
    people: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        ids = [row.receipt_id] if row.receipt_id else receipts_of(row.event, row.employee_id)
        known = people[str(row.employee_id)]
        known += [pk for pk in ids if pk not in known]
    planned_for = min(row.until for row in rows if row.until is not None)
    payload = RemindersRepeated(planned_for=clock.iso(planned_for) or "", people=dict(people))
    event = run.record(notices_stream(run.at), payload)
    ReminderAnswer.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=run.at)
    return Outcome(event)


def receipts_of(digest: Event, employee_id: int) -> list[int]:
    """Ids of the receipts that a digest told this person of, in its order."""
    if digest.kind == RemindersRepeated.kind:
        return list(digest.payload["people"].get(str(employee_id), []))
    return [pk for ids in digest.payload["receipts"].values() for pk in ids]
