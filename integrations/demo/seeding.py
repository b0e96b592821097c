"""Filling an empty database: people first, then many lives told in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from history.models import Event
from integrations.demo import things
from integrations.demo.life import (
    INSPECTORS,
    Life,
    Workshop,
    at_evening,
    in_working_time,
)
from integrations.demo.pen import Intake, Ledger, Pen, ServicePen
from integrations.demo.roster import CLIENT, SignIn, add_accounts, add_people, let_go
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
from staff.actors import employee_actor, user_actor
from staff.models import Employee
from workshop.lib import clock
from workshop.lib.actor import ADMIN, BOT, Actor, Channel, system_actor
from workshop.lib.models import CatalogueRow

PREFIX: Final = "Д-"
"""Numbers of the demonstration begin with it, so that nobody takes them for real ones."""
FIRST_NUMBER: Final = 1001
AGAIN: Final = 0.12
SETTLING: Final = timedelta(days=7)  # people are there before the first watch comes
RECENT: Final = 60  # of the last receipts some are due today, and some wait at every stage
STAGES: Final = (
    "on_hold", "quality_control", "returned", "ready", "refused", "in_work", "polishing",
)  # fmt: skip

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """What is to be told. The same plan tells the same stories."""

    receipts: int
    seed: int
    days: int
    now: datetime

    @property
    def start(self) -> datetime:
        return self.now - timedelta(days=self.days)

    def random(self, index: int) -> Random:
        """The dice of one receipt: its story does not depend on the others'."""
        return Random(self.seed * 1_000_003 + index)  # noqa: S311

    def received(self, index: int, rng: Random) -> datetime:
        """Evenly over the days, in working time, never after the present."""
        share = (index + rng.random()) / self.receipts
        moment = self.start + (self.now - self.start) * share
        return min(in_working_time(moment, rng.randrange(60)), self.now)


@dataclass
class Telling:
    """The lives being told: who comes again is chosen among the owners whose watch is back."""

    plan: Plan
    workshop: Workshop
    truth: Truth
    ledger: Ledger = field(default_factory=Ledger)
    served: list[int] = field(default_factory=list)

    def life(self, index: int) -> tuple[datetime, Life]:
        """The life of receipt ``index`` and the moment it begins."""
        rng = self.plan.random(index)
        received = self.plan.received(index, rng)
        owner, facts = index, {}
        again = rng.random() < AGAIN and bool(self.served)
        if again:
            owner = self.served.pop(rng.randrange(len(self.served)))
            facts["visit_kind"] = rng.choice(("warranty", "paid_again", "not_confirmed"))
        # the watch and its customer are the same whenever they come
        origin = self.plan.random(-1 - owner)
        watch, price = things.watch(owner, origin, dict(self.workshop.metals))
        customer = things.customer(owner, origin) if origin.random() < 0.8 else None
        intake = Intake(
            index=index,
            owner=owner,
            number=f"{PREFIX}{FIRST_NUMBER + index}",
            deadline=self._deadline(index, received, rng),
            urgent=rng.random() < 0.08,
            facts={**things.facts(rng, price), **facts},
            watch=watch,
            customer=customer,
            stays=self._stays(index),
        )
        return received, Life(self.workshop, self.truth, rng, intake, received)

    def _deadline(self, index: int, received: datetime, rng: Random) -> datetime | None:
        wanted, days = rng.random() < 0.88, rng.randrange(5, 15)
        if not wanted:
            return None
        today = at_evening(self.plan.now)
        if index >= self.plan.receipts - RECENT and index % 6 == 0 and received < today:
            return today
        return at_evening(received + timedelta(days=days))

    def _stays(self, index: int) -> str:
        """Every third watch of two or three weeks ago is still here, one stage after another."""
        back = self.plan.receipts - index
        if back > RECENT or back < RECENT // 3 or index % 3:
            return ""
        return STAGES[index // 3 % len(STAGES)]

    def end(self, life: Life) -> None:
        """Note an owner whose watch was handed out: he may come again."""
        if life.finished:
            self.served.append(life.owner)


def tell_together(telling: Telling, pen: Callable[[Ledger], Pen], progress: Progress) -> None:
    """All lives at once, act by act in the order of time, up to the present."""
    plan = telling.plan
    waiting: list[tuple[datetime, int, Iterator[datetime], Life]] = []

    def advance(until: datetime) -> None:
        while waiting and waiting[0][0] <= until:
            _moment, index, story, life = heapq.heappop(waiting)
            following = next(story, None)
            if following is None:
                telling.end(life)
            else:
                heapq.heappush(waiting, (following, index, story, life))

    for index in range(plan.receipts):
        received, life = telling.life(index)
        advance(received)
        story = life.run(pen(telling.ledger))
        heapq.heappush(waiting, (next(story), index, story, life))
        progress(index + 1, plan.receipts)
    advance(plan.now)


@dataclass(frozen=True)
class Seeded:
    """What there is now, for the files and the person at the terminal."""

    truth: Truth
    people: dict[str, Employee]
    sign_ins: list[SignIn]


def demo_actor() -> Actor:
    """The demonstration itself; silent: nobody is told of an invented past."""
    return system_actor("demo", silent=True, correlation_id=CLIENT)


def begin(plan: Plan) -> tuple[dict[str, Employee], list[SignIn]]:
    """People and accounts, as they stood before the first watch came."""
    actor = demo_actor()
    people = add_people(actor, plan.start - SETTLING, clock.local(plan.now).date())
    accounts = add_accounts(people, actor)
    return {key: Employee.objects.get(pk=row.pk) for key, row in people.items()}, accounts


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


def seed_by_services(plan: Plan, progress: Progress) -> Seeded:
    """Everything through the services in one transaction: an interruption leaves nothing."""
    truth = Truth(plan.seed)
    with transaction.atomic():
        people, sign_ins = begin(plan)
        workshop = workshop_of(people, plan)
        tell_together(Telling(plan, workshop, truth), ServicePen, progress)
        finish(people, workshop, plan)
    return Seeded(truth, people, sign_ins)


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
