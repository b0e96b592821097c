"""Two people press at the same moment about the same watch, through the doors.

Either two phones: both presses lie in the inbox, two workers take a step each. Or a phone and
another door (``DOORS``): the worker's step beside the form that is sent. One of the two has the
effect, the other reads who was faster; nothing happens twice.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connections

from botapp import inbox, step
from botapp.models import InboundUpdate
from botapp.testing import MemoryPerson
from botapp.transport.port import Incoming
from history.models import Event
from history.verify import verify
from receipts.models import Receipt
from receipts.projection import differences
from staff.models import Employee
from tests.cast import Cast
from tests.faults import flows
from tests.faults.counting import effects_since, newest_event
from tests.faults.flows import Effects, Flow
from tests.faults.office import OfficePerson, office_person
from tests.faults.phones import MemoryPhone, fresh_bot

JITTER = 0.04  # seconds: a form takes longer to reach its service than a press
Make = Callable[[Cast, str], tuple[Flow, Flow]]


@dataclass
class Tally:
    """What came of all pairs."""

    races: int = 0
    lost: int = 0
    double: int = 0
    not_told: int = 0  # losers who did not read the winner's name
    winners: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    details: list[str] = field(default_factory=list)

    def judge(self, name: str, sides: list[Side], found: Effects) -> None:
        """Exactly the effects of one of the two; the other one knows."""
        self.races += 1
        winners = [side for side in sides if side.flow.effects == found]
        if not winners:
            self.lost += not found
            self.double += bool(found)
            self.details.append(f"{name}: {dict(found)}")
            return
        label = Event.objects.order_by("-pk").first().actor_label  # type: ignore[union-attr]
        won = next(side for side in sides if side.person.short_name == label)
        told = next(side for side in sides if side is not won)
        self.winners[f"{name}: {won.door}"] += 1
        if label not in told.text():
            self.not_told += 1
            self.details.append(f"{name}: not told: {told.text()[:300]}")
        self.examples[f"{name}: {told.door}"] = told.text()[:160]


@dataclass
class Side:
    """One of the two: who, his flow, what he does at the signal, what he then reads."""

    door: str
    person: Employee
    flow: Flow
    act: Callable[[], None]
    text: Callable[[], str]


class Racing:
    """The bot in memory on a real database, two threads with connections of their own."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast, self.rng = cast, random.Random(seed)
        self.bot = fresh_bot()
        self.office: OfficePerson = office_person(cast.anna, "anna-office")
        self._threads = ThreadPoolExecutor(2, "press")
        self._replies: list[step.Outcome] = []

    def close(self) -> None:
        together = threading.Barrier(2)

        def leave() -> None:
            together.wait()
            connections.close_all()

        for _thread in range(2):
            self._threads.submit(leave)
        self._threads.shutdown()

    def phone(self, person: Employee, flow: Flow) -> Side:
        """Leads the person to the last button; the press then lies in the inbox."""
        memory = self.bot.person(person)
        phone = MemoryPhone(memory)
        for act in flow.way:
            phone.do(act)
        return Side("bot", person, flow, lambda: None, lambda: _read(memory))

    def together(self, sides: list[Side]) -> None:
        """Both act at the same moment; then the bot answers."""
        mixed = len({side.door for side in sides}) > 1
        waits = {side.door: self.rng.uniform(0, JITTER) for side in sides if side.door == "bot"}
        barrier = threading.Barrier(len(sides))

        def work(side: Side) -> None:
            barrier.wait()
            if mixed:
                time.sleep(waits.get(side.door, 0))
            side.act()

        for done in [self._threads.submit(work, side) for side in sides]:
            done.result()
        for outcome in self._replies:
            self.bot.reply(outcome)
        self._replies.clear()

    def queue(self, side: Side) -> None:
        """The press is stored and its chat claimed: only the step is left."""
        phone = MemoryPhone(self.bot.person(side.person))
        self.bot.pause = True
        phone.do(side.flow.last)
        self.bot.pause = False
        chat_id = side.person.telegram_id or 0
        token = f"race-{chat_id}-{InboundUpdate.objects.count()}"
        if inbox.take([chat_id], "race", token) != [chat_id]:
            raise AssertionError("the chat is held by somebody else")
        (row,) = inbox.rows_of(chat_id)
        incoming = Incoming.from_json(json.loads(row.raw))

        def act() -> None:
            self._replies.append(step.take_step(row, incoming, token))
            inbox.release(chat_id, token)

        side.act = act


def _read(memory: MemoryPerson) -> str:
    """What the person reads after the press."""
    return "\n".join([memory.screen.text, *memory.toasts[-1:]])


# --- which presses meet -----------------------------------------------------------------------


def same(make: Callable[[Cast, str], Flow]) -> Make:
    """Both do the same."""

    def pair(cast: Cast, number: str) -> tuple[Flow, Flow]:
        flow = make(cast, number)
        return flow, flow

    return pair


def pass_or_return(cast: Cast, number: str) -> tuple[Flow, Flow]:
    first = flows.pass_check(cast, number)
    return first, flows.send_back(cast, number, first.receipts[0])


def issue_or_return(cast: Cast, number: str) -> tuple[Flow, Flow]:
    """A ready watch lies at nobody: its return hands it to nobody either."""
    first = flows.issue(cast, number)
    second = flows.send_back(cast, number, first.receipts[0])
    return first, replace(second, effects=flows.each(first.receipts, "returned"))


PAIRS: dict[str, Make] = {
    "create": same(flows.create),
    "hand": same(flows.hand),
    "submit": same(flows.submit),
    "pass": same(flows.pass_check),
    "issue": same(flows.issue),
    "return": same(flows.send_back),
    "polish": same(flows.polish),
    "take back": same(flows.take_back),
    "pass or return": pass_or_return,
    "issue or return": issue_or_return,
}


def office_side(racing: Racing, flow: Flow) -> Side:
    """The same verb as a form of the office, opened before the signal."""
    office, cast = racing.office, racing.cast
    values: dict[str, str] = {}
    match flow.name:
        case "create":
            form = office.new_receipt()
            values = {"number": next(iter(flow.effects))[0]}
        case "submit" | "pass":
            form = office.open(flow.name, flow.receipts[0].pk)
        case "issue":
            form = office.open("issue", flow.receipts[0].pk)
            values = {"as_taken_in": "on"}
        case "return":
            form = office.open("return", flow.receipts[0].pk)
            reason = flows.reason_id("dirt_inside")
            values = {
                f"reason_{reason}": "on",
                f"who_{reason}": f"person:{cast.maxim.pk}",
                "hand_to": str(cast.maxim.pk) if len(flow.effects) > 1 else "",
            }
        case "polish":
            form = office.open("polishing_send", flow.receipts[0].pk)
            values = {"polisher": str(cast.pavel.pk), "case": "on"}
        case _:
            raise LookupError(f"the office has no form for {flow.name!r}")

    def act() -> None:
        office.send(form, **values)

    return Side("admin", cast.anna, flow, act, lambda: office.text)


# Doors beside the bot, and what can be done there with one watch. The API joins here.
DOORS: dict[str, Callable[[Racing, Flow], Side]] = {"admin": office_side}
ELSEWHERE = ("create", "submit", "pass", "issue", "return", "polish", "pass or return",
             "issue or return")  # fmt: skip


def run_pairs(cast: Cast, *, pairs: int, seed: int, doors: bool) -> dict[str, Any]:
    """All kinds in turn: two phones, or with ``doors`` a phone and each other door in turn."""
    racing, tally = Racing(cast, seed), Tally()
    try:
        for number in range(pairs):
            _one(racing, tally, number, f"{'D' if doors else 'P'}{seed}-{number}", doors=doors)
    finally:
        racing.close()
    return {
        "races": tally.races,
        "lost": tally.lost,
        "double": tally.double,
        "not_told": tally.not_told,
        "winners": dict(sorted(tally.winners.items())),
        "examples": dict(sorted(tally.examples.items())),
        "details": tally.details[:20],
        "history_findings": sum(1 for _finding in verify()),
        "projection_differences": sum(bool(differences(one)) for one in Receipt.objects.all()),
    }


def _one(racing: Racing, tally: Tally, number: int, label: str, *, doors: bool) -> None:
    names = ELSEWHERE if doors else list(PAIRS)
    name = names[number % len(names)]
    first, second = PAIRS[name](racing.cast, label)
    left = racing.phone(racing.cast.igor, first)
    if doors:
        other = list(DOORS)[number // len(names) % len(DOORS)]
        right = DOORS[other](racing, second)
    else:
        right = racing.phone(racing.cast.ivan, second)
        racing.queue(right)
    racing.queue(left)
    mark = newest_event()
    racing.together([left, right])
    tally.judge(name, [left, right], effects_since(mark))


def sound(result: dict[str, Any]) -> bool:
    names = ("lost", "double", "not_told", "history_findings", "projection_differences")
    return not any(result[name] for name in names)
