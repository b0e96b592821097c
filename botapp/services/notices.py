"""What the office does to notices that did not arrive: they are sent again, people tried again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from botapp import reach, reasons
from botapp.events import STREAM, NoticesRetried, PersonRetried
from botapp.models import OutgoingMessage, PersonReach
from history.commands import CommandRef, Outcome, Run, verb
from staff import locks, roles
from staff.models import Employee
from workshop.lib.actor import Actor
from workshop.lib.errors import NotAllowed, RuleViolation

MOST: Final = 1_000  # notices at once
STOPPED: Final = Q(state__in=[OutgoingMessage.FAILED, OutgoingMessage.DEAD]) & ~Q(
    last_error__in=sorted(reasons.SETTLED)
)
"""Did not arrive, and should have."""
MAY: Final = frozenset({roles.MANAGER, roles.ADMINISTRATOR})


# The same press finds other rows the second time: they are no part of what it asks for.
@verb("notices.retry", "botapp.OutgoingMessage", secret=("notice_ids",))
def retry_notices(
    *,
    notice_ids: Sequence[int],
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[OutgoingMessage]:
    """Send notices again that failed or were given up, also to people who are left alone.

    Those that were not needed any more stay. Answers with the first of them.
    Raises RuleViolation ``notices.nothing_to_retry``.
    """
    run = Run.of(actor, command, at)
    _ensure_may(actor)
    stopped = OutgoingMessage.objects.filter(STOPPED, pk__in=notice_ids[:MOST])
    ids = list(stopped.order_by("pk").values_list("pk", flat=True))
    people = stopped.exclude(employee=None).values_list("employee", flat=True)
    reach.let_try(set(people))
    count = OutgoingMessage.objects.filter(STOPPED, pk__in=ids).update(
        state=OutgoingMessage.WAITING,
        planned_at=Coalesce("planned_at", F("due_at")),
        due_at=run.at,
        attempts=0,
    )
    if not count:
        raise RuleViolation(
            "notices.nothing_to_retry", _("Nothing of this waits for a retry any more.")
        )
    run.record(STREAM, NoticesRetried(count))
    return Outcome(OutgoingMessage.objects.get(pk=ids[0]), extra={"count": count})


@verb("notices.retry_person", "staff.Employee")
def retry_person(
    *,
    employee_id: int,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Employee]:
    """Try an unreachable person again, with what he missed in the last day; with nothing missed
    the next notice shows whether he is back.
    """
    run = Run.of(actor, command, at)
    _ensure_may(actor)
    person = locks.employee(employee_id)
    if not PersonReach.objects.filter(employee=person).exists():
        return Outcome(person)
    reach.let_try({person.pk})
    sent = reach.send_after_all(person.pk)
    run.record(person.stream, PersonRetried(str(person)))
    return Outcome(person, extra={"count": sent})


def _ensure_may(actor: Actor) -> None:
    if not (actor.is_system or not MAY.isdisjoint(actor.roles)):
        raise NotAllowed
