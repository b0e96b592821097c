"""The invented life of one watch in the workshop, from taking in to handing out.

A life is a generator: before each act it yields the moment of the act, so that many lives can be
told in the order of time and all of them end at the present.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from integrations.demo import things
from integrations.demo.pen import Intake, Pen
from integrations.demo.roster import LEFT
from integrations.demo.truth import Truth
from receipts.services.quality import ReadingInput
from receipts.services.returns import ItemInput
from receipts.services.works import WorkInput
from workshop.lib import clock
from workshop.lib.actor import Actor

OPENS: Final = 10
CLOSES: Final = 19
SUNDAY: Final = 6
ROUNDS: Final = 3
REASONS: Final = {
    "assembly": ("dirt_inside", "dirt_outside", "no_numbers", "wrong_assembly"),
    "mechanism": ("mechanism_defect",),
    "polishing": ("polishing",),
}
ASSEMBLERS: Final = ("maxim", "mark", "stepan", "timur", "vera", "semyon")
REPAIRERS: Final = ("maxim", "mark", "stepan", "vera", "semyon")
POLISHERS: Final = ("pavel", "gleb")
INSPECTORS: Final = ("igor", "irina")


REACHED: Final = {
    "register": "received",
    "assign": "in_work",
    "hold": "on_hold",
    "submit": "quality_control",
    "return_watch": "returned",
    "pass_check": "ready",
    "refuse": "refused",
    "send_to_polishing": "polishing",
}


class _Stays(Exception):
    """The watch has reached the stage where the present finds it."""


@dataclass(frozen=True)
class Workshop:
    """Who and what there is: ids by key or code, and the actors of those who enter data."""

    people: Mapping[str, int]
    types: Mapping[str, int]
    reasons: Mapping[str, int]
    holds: Mapping[str, int]
    refusals: Mapping[str, int]
    waivers: Mapping[str, int]
    causes: Mapping[str, int]
    metals: Mapping[str, int]
    checklist: tuple[int, ...]
    actors: Mapping[str, Actor]
    left_at: datetime  # the one who left was given no watch that came later


@dataclass
class Work:
    """A work as the story knows it; ``own`` is False for rework by the same person."""

    pk: int
    person: str
    code: str
    own: bool
    checked: bool = False


class Life:
    """One receipt's story; ``finished`` once the watch was handed out."""

    def __init__(
        self, workshop: Workshop, truth: Truth, rng: Random, intake: Intake, received: datetime
    ) -> None:
        self.finished = False
        self.owner = intake.owner
        self._shop, self._truth, self._rng = workshop, truth, rng
        self._intake, self._at = intake, received
        self._inspector = workshop.actors[rng.choice(INSPECTORS)]
        self._works: list[Work] = []
        there = (LEFT,) if received < workshop.left_at else ()
        self._repairers = REPAIRERS + there
        self._master = rng.choice(ASSEMBLERS + there)

    def run(self, pen: Pen) -> Iterator[datetime]:
        """Tell the story with ``pen``; stop asking for more when the present is reached."""
        self._pen = pen
        yield self._at
        # the watch waits where the plan wants one to be found today
        with suppress(_Stays):
            yield from self._told()

    def _told(self) -> Iterator[datetime]:
        rng = self._rng
        who = self._shop.actors["anna"] if rng.random() < 0.25 else self._inspector
        self._pen.register(self._intake, actor=who, at=self._at)
        self._stay("register")
        if rng.random() < 0.04 or self._intake.stays == "refused":
            yield from self._refused()
            return
        yield self._later(0.6)
        if rng.random() < 0.05 and not self._intake.stays:
            yield from self._only_polished()
        else:
            yield from self._repaired()
        yield from self._checked()
        if rng.random() < 0.02:
            yield from self._reworked()
        yield self._later(5)
        self._do("issue", as_taken_in=True, received_by="клиент")
        self.finished = True

    def _do(self, verb: str, **arguments: Any) -> Mapping[str, Any]:
        made = self._pen.do(verb, actor=self._inspector, at=self._at, **arguments)
        self._stay(verb)
        return made

    def _stay(self, verb: str) -> None:
        if self._intake.stays and REACHED.get(verb) == self._intake.stays:
            raise _Stays

    def _later(self, days: float) -> datetime:
        """Move on by about ``days`` (mean of a gamma distribution) to a moment of working time."""
        moment = self._at + timedelta(days=days * self._rng.gammavariate(2, 0.5))
        moment = in_working_time(moment, self._rng.randrange(60))
        self._at = max(moment, self._at + timedelta(minutes=5))
        return self._at

    # -- before quality control ---------------------------------------------------------------

    def _refused(self) -> Iterator[datetime]:
        yield self._later(1.5)
        reason = self._rng.choice(list(self._shop.refusals.values()))
        self._do("refuse", reason_id=reason, comment=self._rng.choice(things.REFUSAL_COMMENTS))
        if self._rng.random() < 0.15:
            yield self._later(2)
            self._do("reopen", reason="клиент согласился с ценой")
            yield self._later(0.5)
            yield from self._repaired()
            yield from self._checked()
        yield self._later(6)
        self._do("issue", as_taken_in=True)
        self.finished = True

    def _only_polished(self) -> Iterator[datetime]:
        order = self._send("case")
        yield self._later(3)
        self._take_back(order)
        waiver = self._shop.waivers["polishing_only"]
        self._do("waive_work", type_id=self._shop.types["assembly"], reason_id=waiver)
        self._do("submit")

    def _repaired(self) -> Iterator[datetime]:
        rng = self._rng
        repairs = rng.random() < 0.6
        repairer = rng.choice(self._repairers) if rng.random() < 0.4 else self._master
        repairs = repairs and repairer in self._repairers
        if repairs:
            self._assign(repairer, "mechanism")
            yield self._later(1.5)
            if rng.random() < 0.2 or self._intake.stays == "on_hold":
                yield from self._waited()
            self._work("mechanism", repairer)
        order = 0
        polished = rng.random() < 0.4 or self._intake.stays == "polishing"
        if polished and not self._intake.facts.get("do_not_polish"):
            order = self._send(*rng.choice((("case",), ("case", "bracelet"), ("bracelet",))))
        if not repairs or repairer != self._master:
            yield self._later(0.4)
            self._assign(self._master, "assembly")
        if not repairs and (rng.random() < 0.1 or self._intake.stays == "on_hold"):
            yield from self._waited()
        if order:
            yield self._later(2.5)
            self._take_back(order)
        if self._intake.deadline is not None and rng.random() < 0.12:
            self._move_deadline()
        yield self._later(1.2)
        self._work("assembly", self._master)
        self._do("submit")

    def _assign(self, key: str, code: str, reason: str = "") -> None:
        purpose = self._shop.types[code]
        self._do("assign", master_id=self._shop.people[key], purpose_id=purpose, reason=reason)

    def _work(self, code: str, key: str) -> None:
        done = self._at - timedelta(minutes=self._rng.randrange(0, 4))
        work = WorkInput(self._shop.types[code], self._shop.people[key], done)
        made = self._do("record_work", works=[work])
        self._note(made["operation_ids"][0], key, code)

    def _note(self, pk: int, key: str, code: str) -> None:
        """Rework by the person who did that type last is no work of his own."""
        last = next((work for work in reversed(self._works) if work.code == code), None)
        self._works.append(Work(pk, key, code, own=last is None or last.person != key))

    def _waited(self) -> Iterator[datetime]:
        rng = self._rng
        codes = ("parts", "parts", "approval", "payment", "outside", "long_repair", "incident")
        days = rng.randrange(2, 9)
        expected = clock.local(self._at).date() + timedelta(days=days)
        self._do(
            "hold",
            reason_id=self._shop.holds[rng.choice(codes)],
            expected_on=expected if rng.random() < 0.6 else None,
            comment=rng.choice(things.HOLD_COMMENTS),
        )
        yield self._later(days)
        self._do("resume")
        yield self._later(0.7)

    def _send(self, *parts: str, polisher: str = "") -> int:
        rng = self._rng
        self._polisher = polisher or rng.choice(POLISHERS)
        made = self._do(
            "send_to_polishing",
            polisher_id=self._shop.people[self._polisher],
            case="case" in parts,
            bracelet="bracelet" in parts,
            metal_id=self._intake.watch["metal"],
            difficult=rng.random() < 0.15,
            allowed_by="клиент, по телефону" if self._intake.facts.get("do_not_polish") else "",
        )
        return int(made["order_id"])

    def _take_back(self, order: int) -> None:
        if self._rng.random() < 0.04:
            self._do("take_back", order_id=order, done=False, reason="глубокая забоина")
            return
        made = self._do("take_back", order_id=order, done=True)
        self._note(made["operation_id"], self._polisher, "polishing")

    def _move_deadline(self) -> None:
        deadline = at_evening(self._at + timedelta(days=self._rng.randrange(3, 10)))
        cause = self._rng.choice(list(self._shop.causes.values()))
        self._do("change_deadline", deadline=deadline, cause_id=cause)

    # -- quality control ----------------------------------------------------------------------

    def _checked(self) -> Iterator[datetime]:
        """Inspections until one passes; the last of a few always does."""
        for round_ in range(ROUNDS):
            yield from self._measured()
            items = self._faults() if round_ < ROUNDS - 1 else []
            self._mark_checked()
            if not items:
                break
            yield from self._returned(items)
        self._do("pass_check")

    def _measured(self) -> Iterator[datetime]:
        rng = self._rng
        yield self._later(0.3)
        if rng.random() < 0.5:
            self._do("start_test_run", hours=rng.choice((24, 24, 48)))
            yield self._later(1.2)
        if rng.random() < 0.35:
            for position in rng.sample(("DU", "DD", "CR", "CL", "CU", "CD"), rng.choice((2, 3))):
                self._do("add_reading", reading=self._reading(position))
        if rng.random() < 0.2:
            bar = self._intake.watch["water_resistance_bar"]
            self._do(
                "record_measurements",
                water_bar=bar,
                water_result="passed",
                power_reserve_hours=Decimal(rng.randrange(36, 75)),
                checklist=dict.fromkeys(self._shop.checklist, True),
            )

    def _reading(self, position: str) -> ReadingInput:
        rng = self._rng
        return ReadingInput(
            rate=Decimal(rng.randrange(-60, 120)) / 10,
            amplitude=rng.randrange(245, 315),
            beat_error=Decimal(rng.randrange(0, 9)) / 10,
            position=position,
        )

    def _faults(self) -> list[ItemInput]:
        """Bad works by the true rates, and now and then what is nobody's work."""
        rng, used = self._rng, set[str]()
        items: list[ItemInput] = []
        for work in self._works:
            if work.checked or not work.own:
                continue
            if rng.random() < self._truth.quality[work.person, work.code]:
                continue
            free = [code for code in REASONS[work.code] if code not in used]
            reason = rng.choice(free)
            used.add(reason)
            person = self._shop.people[work.person]
            items.append(ItemInput(self._shop.reasons[reason], "person", person, work.pk))
            self._truth.returned[work.person, work.code] += 1
        return items + self._not_a_work(used)

    def _not_a_work(self, used: set[str]) -> list[ItemInput]:
        rng, reasons, draw = self._rng, self._shop.reasons, self._rng.random()
        if draw < 0.02 and "dirt_outside" not in used:
            cause = rng.choice(("part", "customer", "transport", "wear"))
            return [ItemInput(reasons["dirt_outside"], "not_ours", cause=cause)]
        wanted = self._intake.stays == "returned" and not used
        if wanted or (draw < 0.035 and "no_numbers" not in used):
            return [ItemInput(reasons["no_numbers"], "undecided")]
        polished = any(work.code == "polishing" for work in self._works)
        if draw < 0.05 and polished and "polishing" not in used:
            # damage while assembling: the assembler answers, no work of his is hit
            return [ItemInput(reasons["polishing"], "person", self._shop.people[self._master])]
        return []

    def _mark_checked(self) -> None:
        for work in self._works:
            if work.own and not work.checked:
                self._truth.checked[work.person, work.code] += 1
            work.checked = True

    def _returned(self, items: list[ItemInput]) -> Iterator[datetime]:
        """Sent back, handed on and done again: mostly by the same person."""
        rng, names = self._rng, {pk: code for code, pk in self._shop.reasons.items()}
        affected = {_affects(names[item.reason_id]) for item in items}
        assembler = self._shop.people[self._master] if self._has("assembly") else None
        comment = rng.choice(things.RETURN_COMMENTS)
        self._do("return_watch", items=items, assembler_id=assembler, comment=comment)
        yield self._later(0.4)
        for code in sorted(affected & {"assembly", "mechanism"}):
            if not self._has(code):
                continue
            key = self._who_repeats(code, self._repairers)
            self._assign(key, code, rng.choice(things.REASSIGN_REASONS))
            yield self._later(1)
            self._work(code, key)
            if code == "assembly":
                self._master = key
        if "polishing" in affected:
            order = self._send("case", polisher=self._who_repeats("polishing", POLISHERS))
            yield self._later(2)
            self._take_back(order)
        self._do("submit")

    def _who_repeats(self, code: str, candidates: tuple[str, ...]) -> str:
        """The person who did it last; sometimes another, but nobody gets it back from another."""
        done = [work.person for work in self._works if work.code == code]
        if not done or (len(set(done)) == 1 and self._rng.random() < 0.15):
            return self._rng.choice(candidates)
        return done[-1]

    def _has(self, code: str) -> bool:
        return any(work.code == code for work in self._works)

    def _reworked(self) -> Iterator[datetime]:
        yield self._later(1)
        person = self._shop.people[self._master]
        self._do("rework_order", master_id=person, reason="клиент просит другой ремешок")
        yield self._later(0.5)
        self._do("submit")
        yield self._later(0.3)
        self._do("pass_check")


def _affects(reason: str) -> str:
    return next(code for code, reasons in REASONS.items() if reason in reasons)


def in_working_time(moment: datetime, minute: int) -> datetime:
    """The moment itself, or ``minute`` past the next opening."""
    local = clock.local(moment).replace(second=0, microsecond=0)
    if local.hour >= CLOSES:
        local = (local + timedelta(days=1)).replace(hour=OPENS, minute=minute)
    if local.weekday() == SUNDAY:
        local = (local + timedelta(days=1)).replace(hour=OPENS, minute=minute)
    if local.hour < OPENS:
        local = local.replace(hour=OPENS, minute=minute)
    return local.astimezone(UTC)


def at_evening(moment: datetime) -> datetime:
    """18:00 of the workshop's day of ``moment``; of the Monday after when that is a Sunday."""
    day = clock.local(moment)
    if day.weekday() == SUNDAY:
        day += timedelta(days=1)
    return datetime.combine(day.date(), time(18), tzinfo=clock.zone()).astimezone(UTC)
