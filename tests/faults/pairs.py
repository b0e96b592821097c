"""Several press at the same moment about the same watch, through the doors.

Either two phones: both presses lie in the inbox, two workers take a step each. Or a phone and
every other door (``DOORS``): the worker's step beside the form and the request that are sent. One
of them has the effect, the others read who was faster; nothing happens twice.
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
from integrations import scopes
from integrations.models import ApiClient
from integrations.services.clients import add_client, issue_key
from polishing.models import PolishingOrder
from receipts.models import Receipt
from receipts.projection import differences
from staff.models import Employee
from tests.api.callers import SYSTEM, Caller
from tests.cast import Cast
from tests.faults import flows
from tests.faults.counting import effects_since, newest_event
from tests.faults.flows import Effects, Flow
from tests.faults.office import HOST, OfficePerson, office_person
from tests.faults.phones import MemoryPhone, fresh_bot

PROGRAM = "till-7"
SIDES = 3  # threads; a race has two or three sides
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
        if not any(side.flow.effects == found for side in sides):
            self.lost += not found
            self.double += bool(found)
            self.details.append(f"{name}: {dict(found)}")
            return
        label = Event.objects.order_by("-pk").first().actor_label  # type: ignore[union-attr]
        won = next(side for side in sides if side.name == label)
        self.winners[f"{name}: {won.door}"] += 1
        for told in (side for side in sides if side is not won):
            if label not in told.text():
                self.not_told += 1
                self.details.append(f"{name}: {told.door} not told: {told.text()[:300]}")
            self.examples[f"{name}: {told.door}"] = told.text()[:160]


@dataclass
class Side:
    """One of them: as events name him, his flow, what he does at the signal, what he then reads."""

    door: str
    name: str
    flow: Flow
    act: Callable[[], None]
    text: Callable[[], str]
    person: Employee | None = None  # at the bot


class Racing:
    """The bot in memory on a real database, two threads with connections of their own."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast, self.rng = cast, random.Random(seed)
        self.bot = fresh_bot()
        self.office: OfficePerson = office_person(cast.anna, "anna-office")
        # A program is told apart from the others by its name alone.
        self.program = _program(cast)
        self._threads = ThreadPoolExecutor(SIDES, "press")
        self._replies: list[step.Outcome] = []

    def close(self) -> None:
        together = threading.Barrier(SIDES)

        def leave() -> None:
            together.wait()
            connections.close_all()

        for _thread in range(SIDES):
            self._threads.submit(leave)
        self._threads.shutdown()

    def phone(self, person: Employee, flow: Flow) -> Side:
        """Leads the person to the last button; the press then lies in the inbox."""
        memory = self.bot.person(person)
        phone = MemoryPhone(memory)
        for act in flow.way:
            phone.do(act)
        side = Side("bot", person.short_name, flow, lambda: None, lambda: _read(memory))
        side.person = person
        return side

    def together(self, sides: list[Side]) -> None:
        """Both act at the same moment; then the bot answers."""
        mixed = len({side.door for side in sides}) > 1
        quick = ("bot", "api")  # a form of the office takes longest to reach its service
        waits = {side.door: self.rng.uniform(0, JITTER) for side in sides if side.door in quick}
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
        if side.person is None:
            raise TypeError("only presses lie in the inbox")
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


def _program(cast: Cast) -> Caller:
    """A client of the API, made once for a database."""
    from django.conf import settings

    settings.API_RATE = settings.API_ADDRESS_RATE = 1_000_000
    known = ApiClient.objects.filter(name=PROGRAM).first()
    client = (
        known
        or add_client(
            name=PROGRAM, scopes=scopes.ALL, employee_id=cast.ivan.pk, actor=SYSTEM
        ).object
    )
    caller = Caller(client, issue_key(client_id=client.pk, actor=SYSTEM).shown_once["key"])
    caller.http.defaults["HTTP_HOST"] = HOST
    return caller


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
    "hand one": same(flows.hand_one),
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
    pk = flow.receipts[0].pk if flow.receipts else 0
    values: dict[str, str] = {}
    match flow.name:
        case "create":
            form = office.new_receipt()
            values = {"number": next(iter(flow.effects))[0]}
        case "hand one":
            form = office.open("assign", pk)
            values = {"master": str(cast.maxim.pk)}
        case "submit" | "pass":
            form = office.open(flow.name, pk)
        case "issue":
            form = office.open("issue", pk)
            values = {"as_taken_in": "on"}
        case "return":
            form = office.open("return", pk)
            reason = flows.reason_id("dirt_inside")
            values = {
                f"reason_{reason}": "on",
                f"who_{reason}": f"person:{cast.maxim.pk}",
                "hand_to": str(cast.maxim.pk) if len(flow.effects) > 1 else "",
            }
        case "polish":
            form = office.open("polishing_send", pk)
            values = {"polisher": str(cast.pavel.pk), "case": "on"}
        case "take back":
            form = office.open("polishing_take_back", pk, row=_order(flow))
        case _:
            raise LookupError(f"the office has no form for {flow.name!r}")

    def act() -> None:
        office.send(form, **values)

    return Side("admin", cast.anna.short_name, flow, act, lambda: office.text)


def _order(flow: Flow) -> int:
    """The round at the polisher that the flow takes back."""
    return int(PolishingOrder.objects.open().get(receipt=flow.receipts[0]).pk)


def api_side(racing: Racing, flow: Flow) -> Side:
    """The same verb as a request of a program, which names the version that it has read."""
    cast, program = racing.cast, racing.program
    path, body = _request(cast, flow)
    headers = {}
    if flow.receipts:
        version = Receipt.objects.get(pk=flow.receipts[0].pk).version
        headers["If-Match"] = f'"v{version}"'
    answers: list[Any] = []

    def act() -> None:
        answers.append(program.post(path, body, headers=headers))

    def text() -> str:
        told = answers[-1].content.decode()
        if answers[-1].status_code >= 500:
            raise AssertionError(f"{path}: {told}")
        return str(told)

    return Side("api", PROGRAM, flow, act, text)


def _request(cast: Cast, flow: Flow) -> tuple[str, dict[str, Any]]:
    """Address and body of the request."""
    if flow.name == "create":
        return "/receipts/", {"number": next(iter(flow.effects))[0]}
    if flow.name == "take back":
        return f"/polishing-orders/{_order(flow)}/take-back/", {}
    item = {
        "reason_id": flows.reason_id("dirt_inside"),
        "responsibility": "person",
        "responsible_id": cast.maxim.pk,
    }
    verb, body = {
        "hand one": ("assign", {"master_id": cast.maxim.pk}),
        "submit": ("submit", {}),
        "pass": ("pass", {}),
        "issue": ("issue", {"as_taken_in": True}),
        "return": (
            "return",
            {"items": [item], "hand_to_id": cast.maxim.pk if len(flow.effects) > 1 else None},
        ),
        "polish": ("polishing", {"polisher_id": cast.pavel.pk, "case": True}),
    }[flow.name]
    return f"/receipts/{flow.receipts[0].pk}/{verb}/", body


# Doors beside the bot, and what can be done at every one of them with one watch.
DOORS: dict[str, Callable[[Racing, Flow], Side]] = {"admin": office_side, "api": api_side}
ELSEWHERE = ("create", "hand one", "submit", "pass", "issue", "return", "polish", "take back",
             "pass or return", "issue or return")  # fmt: skip


def run_pairs(cast: Cast, *, pairs: int, seed: int, doors: bool) -> dict[str, Any]:
    """All kinds in turn: two phones, or with ``doors`` a phone and every other door at once."""
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
    sides = [racing.phone(racing.cast.igor, first)]
    if doors:
        sides += [open_door(racing, second) for open_door in DOORS.values()]
    else:
        sides.append(racing.phone(racing.cast.ivan, second))
        racing.queue(sides[1])
    racing.queue(sides[0])
    mark = newest_event()
    racing.together(sides)
    tally.judge(name, sides, effects_since(mark))


def sound(result: dict[str, Any]) -> bool:
    names = ("lost", "double", "not_told", "history_findings", "projection_differences")
    return not any(result[name] for name in names)
