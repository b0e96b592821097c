"""Which stories are told, and in which order: the plan of a demonstration and its telling."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from integrations.demo import things
from integrations.demo.life import Life, Workshop, at_evening, in_working_time
from integrations.demo.pen import Intake, Ledger, Pen
from integrations.demo.truth import Truth

PREFIX: Final = "Д-"
"""Numbers of the demonstration begin with it, so that nobody takes them for real ones."""
FIRST_NUMBER: Final = 1001
AGAIN: Final = 0.12
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
    in_bulk: bool = False

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


def tell_alone(telling: Telling, index: int, pen: Pen) -> None:
    """One life from its beginning to its end or to the present."""
    now = telling.plan.now
    _received, life = telling.life(index)
    for moment in life.run(pen):
        if moment > now:
            return
    telling.end(life)
