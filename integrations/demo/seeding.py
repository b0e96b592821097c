"""Filling an empty database: people first, then the lives of their watches."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from analytics.services import rollups
from history.models import Event
from integrations.demo import files
from integrations.demo.bulk_pen import BulkPen, SilentPen
from integrations.demo.life import INSPECTORS, Workshop
from integrations.demo.pen import ServicePen
from integrations.demo.roster import CLIENT, PEOPLE, add_accounts, add_people, let_go
from integrations.demo.telling import PREFIX, Plan, Progress, Telling, tell_alone, tell_together
from integrations.demo.touches import add_touches
from integrations.demo.truth import Truth
from receipts.events import Registered
from receipts.models import (
    ChecklistItem,
    DeadlineCause,
    HoldReason,
    Metal,
    OperationType,
    RefusalReason,
    Reminder,
    ReturnReason,
    WaiverReason,
)
from receipts.services.bulk import writer
from staff.actors import employee_actor, user_actor
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import ADMIN, BOT, Actor, Channel, system_actor
from workshop.lib.models import CatalogueRow

BY_SERVICES: Final = 5000
"""Up to so many receipts go through the services, more are written in bulk."""
CHUNK: Final = 2000  # receipts in memory at a time
SETTLING: Final = timedelta(days=7)  # people are there before the first watch comes


def seed(plan: Plan, progress: Progress) -> None:
    """Tell the plan from its beginning, or from where it was interrupted."""
    if plan.in_bulk:
        seed_by_bulk(plan, progress)
    else:
        seed_by_services(plan, progress)


def seed_by_services(plan: Plan, progress: Progress) -> None:
    """Everything through the services in one transaction: an interruption leaves nothing."""
    telling_truth = Truth(plan.seed)
    with transaction.atomic():
        people = begin(plan)
        workshop = workshop_of(people, plan)
        tell_together(Telling(plan, workshop, telling_truth), ServicePen, progress)
        finish(people, workshop, plan)
    files.write_true_rates(plan, telling_truth, people)
    # Else the first pages of numbers, and the first minute of the jobs, had all of it to count.
    rollups.refresh(at=clock.now())


def seed_by_bulk(plan: Plan, progress: Progress, *, chunk: int = CHUNK) -> None:
    """The lives one after another, a transaction per chunk. What stands already is told without
    writing, so an interrupted run goes on where it stopped."""
    people = people_there() or _begin_in_bulk(plan)
    workshop, truth = workshop_of(people, plan), Truth(plan.seed)
    telling = Telling(plan, workshop, truth)
    done = demo_receipts()
    for index in range(done):
        tell_alone(telling, index, SilentPen())
    for first in range(done, plan.receipts, chunk):
        last = min(first + chunk, plan.receipts)
        with writer() as bulk:
            for index in range(first, last):
                tell_alone(telling, index, BulkPen(telling.ledger, bulk))
        progress(last, plan.receipts)
    with transaction.atomic():
        finish(people, workshop, plan)
    files.write_true_rates(plan, truth, people)


def _begin_in_bulk(plan: Plan) -> dict[str, Employee]:
    files.write_plan(plan)
    with transaction.atomic():
        return begin(plan)


def begin(plan: Plan) -> dict[str, Employee]:
    """People and accounts, as they stood before the first watch came."""
    actor = demo_actor()
    people = add_people(actor, plan.start - SETTLING, clock.local(plan.now).date())
    sign_ins = add_accounts(people, actor)
    transaction.on_commit(lambda: files.write_access(sign_ins))
    return people_there()


def people_there() -> dict[str, Employee]:
    """The people by key; empty before :func:`begin`."""
    ids = {person.telegram_id: person.key for person in PEOPLE}
    rows = Employee.objects.filter(telegram_id__in=ids).select_related("user")
    return {ids[row.telegram_id]: row for row in rows}


def demo_actor() -> Actor:
    """The demonstration itself; silent: nobody is told of an invented past."""
    return system_actor("demo", silent=True, correlation_id=CLIENT)


def workshop_of(people: dict[str, Employee], plan: Plan) -> Workshop:
    """Ids of people and catalogue rows, and who enters the data."""
    bench = Channel(BOT, correlation_id=CLIENT, silent=True)
    office = Channel(ADMIN, correlation_id=CLIENT, silent=True)
    actors = {key: employee_actor(people[key], bench) for key in (*INSPECTORS, "maxim")}
    account = people["anna"].user
    if account is None:
        raise LookupError("the demonstration's office manager has no account")
    actors["anna"] = user_actor(account, office)
    return Workshop(
        people={key: row.pk for key, row in people.items()},
        types=_ids(OperationType),
        reasons=_ids(ReturnReason),
        holds=_ids(HoldReason),
        refusals=_ids(RefusalReason),
        waivers=_ids(WaiverReason),
        causes=_ids(DeadlineCause),
        metals=_ids(Metal),
        checklist=tuple(ChecklistItem.objects.values_list("pk", flat=True)),
        actors=actors,
        left_at=plan.now - timedelta(days=40),
    )


def _ids(model: type[CatalogueRow]) -> dict[str, int]:
    return dict(model._default_manager.filter(active=True).values_list("code", "pk"))


def finish(people: dict[str, Employee], workshop: Workshop, plan: Plan) -> None:
    """Rare things, the one who left, and no reminders of the past."""
    add_touches(workshop, PREFIX)
    let_go(people, demo_actor())
    planned = Reminder.objects.filter(fate=Reminder.Fate.PLANNED, due_at__lte=plan.now)
    planned.update(fate=Reminder.Fate.MISSED, fate_at=plan.now)


def demo_receipts() -> int:
    """How many receipts were registered by the demonstration."""
    return _registrations().filter(correlation_id=CLIENT).count()


def foreign_receipts() -> int:
    """How many receipts came from anywhere else."""
    return _registrations().exclude(correlation_id=CLIENT).count()


def _registrations() -> QuerySet[Event]:
    return Event.objects.filter(kind=Registered.kind)
