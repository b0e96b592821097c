"""The bot is killed with -9 again and again while updates wait; then everything is counted.

Way of a run: inspectors are led to keyboards that write (by a bot in this process, unhurried);
then, with no bot running, their taps are queued: the press, the same press again, /menu, the press
of the old keyboard, a number. Then `runbot` is started and killed at seeded instants until the
backlog is gone, and at last left alone. Some lives are lived on another machine: then nobody can
know that the process is dead, and what it held waits until the leases have run out.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from botapp.models import Dialog, InboundChat, InboundUpdate, OutgoingMessage
from botapp.tests.simulated import RunningBot, settled
from history.models import Command, Event, Outbox
from history.relay import relay_outbox
from history.verify import verify
from receipts.models import Receipt
from receipts.projection import differences
from staff import roles
from staff.models import Employee
from staff.services.people import add_employee
from tests.cast import Cast
from tests.faults.counting import effects_since, newest_event
from tests.faults.flows import FLOWS, Effects, Flow, Press, Text
from tests.faults.ledger import duplicates
from tests.faults.phones import SimPhone
from tests.faults.setup import BotProcess, Place, Simulator, say, wait_until
from workshop.lib.actor import system_actor

Make = Callable[[Cast, str], Flow]
EACH = 5  # updates that a person sends
CHUNK = 100
STARTING = 0.15  # share of the kills that hit the process while it starts
ELSEWHERE = 0.25  # share of the lives on another machine
LIFE = 20.0  # seconds at most; longer than a lease
SETTLE = 180.0  # seconds


@dataclass
class Visit:
    """One inspector at a keyboard that writes."""

    phone: SimPhone
    flow: Flow


@dataclass
class Run:
    """What a run needs and what it notes down."""

    place: Place
    simulator: Simulator
    cast: Cast
    rng: random.Random
    seed: int
    visits: list[Visit] = field(default_factory=list)
    mark: int = 0  # the newest event before the backlog
    ledger_mark: int = 0
    killed_at: list[float] = field(default_factory=list)
    waiting_at: list[int] = field(default_factory=list)  # rows not done at each kill


def run_kills(run: Run, *, backlog: int, kills: int) -> dict[str, Any]:
    """One seeded run; the counts of the goal and how they came about."""
    lead_to_keyboards(run, max(1, backlog // EACH))
    queued = queue_backlog(run)
    bot = BotProcess(run.place, run.simulator)
    try:
        for number in range(kills):
            _live_and_die(run, bot, queued, kills - number)
            say(f"kill {number + 1} of {kills}: {run.waiting_at[-1]} updates were waiting")
        bot.start()
        _settle(run, bot)
        result = count(run, queued)
        say("redelivery")
        result["redelivery"] = _redeliver(run, bot)
    finally:
        bot.end()
    return {"kills": kills, **result}


def _live_and_die(run: Run, bot: BotProcess, queued: int, left: int) -> None:
    """One life: while it still starts, or until it has handled a random share of the backlog.

    Measured in work, not in seconds: so the kills meet a backlog on quick and slow machines alike.
    """
    share = max(1, 2 * (queued - _done_since(run)) // (left + 1))
    goal = _done() + run.rng.randint(1, share)
    bot.start(host="elsewhere" if run.rng.random() < ELSEWHERE else "")
    if run.rng.random() < STARTING:
        time.sleep(run.rng.uniform(0.1, 1.5))
    else:
        with contextlib.suppress(AssertionError):  # what is left waits for the leases of the dead
            wait_until(lambda: _reached(run, bot, goal, queued), LIFE, every=0.003)
        time.sleep(run.rng.uniform(0.0, 0.05))
    bot.ensure_alive()
    bot.end()
    run.killed_at.append(time.time())
    run.waiting_at.append(queued - _done_since(run))


# --- before -----------------------------------------------------------------------------------


def lead_to_keyboards(run: Run, people: int, make: Make | None = None) -> None:
    """As many inspectors, each before a button that writes; by a bot without any limit.

    All flows in turn, or the one that is given.
    """
    client = run.simulator.client
    for one in Employee.objects.exclude(telegram_id=None):
        client.add_person(one.telegram_id or 0, one.short_name, started=True)
    run.visits = [
        _visit(run, number, make or FLOWS[number % len(FLOWS)]) for number in range(people)
    ]
    bot = RunningBot(run.simulator).start()  # type: ignore[arg-type]  # token and addresses
    try:
        for step in range(max(len(visit.flow.way) for visit in run.visits)):
            acts = [
                visit.phone.update(visit.flow.way[step])
                for visit in run.visits
                if step < len(visit.flow.way)
            ]
            send(run, acts)
            settled(run.simulator)  # type: ignore[arg-type]
        _deliver_all(run)
    finally:
        bot.stop()
    client.limits(on=True)


def _visit(run: Run, number: int, make: Make) -> Visit:
    telegram_id = 20_000 + 1_000 * run.seed + number
    person = add_employee(
        full_name=f"Контролёр {run.seed}-{number} <b>&",
        roles=[roles.INSPECTOR],
        telegram_id=telegram_id,
        actor=system_actor("faults"),
    ).object
    run.simulator.client.add_person(telegram_id, person.short_name, started=True)
    return Visit(
        SimPhone(run.simulator.client, telegram_id), make(run.cast, f"K{run.seed}-{number}")
    )


def queue_backlog(run: Run) -> int:
    """What people send while no bot runs; how many updates."""
    rounds: list[list[tuple[str, dict[str, Any]]]] = [[] for _ in range(EACH)]
    for visit in run.visits:
        last = visit.phone.update(visit.flow.last)
        menu = visit.phone.update(Text("/menu"))
        number = visit.phone.update(Text(next(iter(visit.flow.effects))[0]))
        sticker = ("sends", {"person": visit.phone.id, "sticker": "👍"})
        taps = [last, last, menu, last, number]
        typed = [last, menu, sticker, number, sticker]
        for place, act in enumerate(taps if isinstance(visit.flow.last, Press) else typed):
            rounds[place].append(act)
    run.mark = newest_event()
    entries = run.simulator.client.ledger()
    run.ledger_mark = entries[-1]["n"] if entries else 0
    for acts in rounds:
        run.rng.shuffle(acts)
        send(run, acts)
    return EACH * len(run.visits)


def send(run: Run, acts: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """In bulk; the order of one person's acts is kept from call to call."""
    for start in range(0, len(acts), CHUNK):
        part = acts[start : start + CHUNK]
        run.simulator.client.bulk(
            [entry for kind, entry in part if kind == "sends"],
            presses=[entry for kind, entry in part if kind == "presses"],
        )


# --- while ------------------------------------------------------------------------------------


def _done() -> int:
    return InboundUpdate.objects.exclude(state=InboundUpdate.NEW).count()


def _reached(run: Run, bot: BotProcess, goal: int, queued: int) -> bool:
    """As many are handled, or nothing is left to be handled."""
    bot.ensure_alive()
    return _done() >= goal or _done_since(run) >= queued


def _done_since(run: Run) -> int:
    ids = [visit.phone.id for visit in run.visits]
    rows = InboundUpdate.objects.filter(chat_id__in=ids).exclude(state=InboundUpdate.NEW)
    return rows.count() - sum(len(visit.flow.way) for visit in run.visits)


def _quiet() -> bool:
    return not (
        InboundUpdate.objects.filter(state=InboundUpdate.NEW).exists()
        or InboundChat.objects.exclude(token="").exists()
        or Dialog.objects.filter(wanted_revision__gt=F("shown_revision")).exists()
    )


def _settle(run: Run, bot: BotProcess) -> None:
    run.simulator.client.pending(wait=SETTLE / 4)

    def quiet() -> bool:
        bot.ensure_alive()
        return run.simulator.client.pending() == 0 and _quiet()

    wait_until(quiet, SETTLE, 0.1)
    _deliver_all(run)


def _deliver_all(run: Run) -> None:
    """The sweep that the schedule does every five seconds; then all notices are on their way."""

    def nothing_left() -> bool:
        relay_outbox()
        waiting = OutgoingMessage.objects.exclude(
            state__in=[OutgoingMessage.SENT, OutgoingMessage.DEAD]
        )
        return not (Outbox.objects.filter(done_at=None).exists() or waiting.exists())

    wait_until(nothing_left, SETTLE, 0.2)


# --- after ------------------------------------------------------------------------------------


def expected(visits: Iterable[Visit]) -> Effects:
    total: Effects = Counter()
    for visit in visits:
        total.update(visit.flow.effects)
    return total


def count(run: Run, queued: int) -> dict[str, Any]:
    """Lost and double effects, duplicate messages, and whether the records are sound."""
    wanted, found = expected(run.visits), effects_since(run.mark)
    notices = OutgoingMessage.objects.exclude(state=OutgoingMessage.DEAD)
    states = Counter(InboundUpdate.objects.values_list("state", flat=True))
    return {
        "lost": (wanted - found).total() + notices.exclude(state=OutgoingMessage.SENT).count(),
        "double": (found - wanted).total(),
        **duplicates(run.simulator.client, run.ledger_mark, run.killed_at),
        "updates": queued,
        "effects": wanted.total(),
        "inbox_new": states[InboundUpdate.NEW],
        "inbox_failed": states[InboundUpdate.FAILED],
        "waiting_at_kills": run.waiting_at,
        "history_findings": sum(1 for _finding in verify()),
        "projection_differences": sum(bool(differences(one)) for one in Receipt.objects.all()),
        "details": [
            f"{what}: {wanted[what]} → {found[what]}" for what in _differing(wanted, found)
        ],
    }


def _differing(wanted: Effects, found: Effects) -> list[tuple[str, str]]:
    return sorted({*(wanted - found), *(found - wanted)})[:20]


def sound(result: Mapping[str, Any]) -> bool:
    """The goal of one run."""
    zero = ("lost", "double", "inbox_new", "inbox_failed")
    records = ("history_findings", "projection_differences")
    again: Mapping[str, Any] = result["redelivery"]
    return (
        not any(result[name] for name in (*zero, *records))
        and result["duplicates_at_one_kill"] <= 1
        and not result["duplicates_unmarked"]
        and again["same_state"]
    )


# --- once more --------------------------------------------------------------------------------


def _state() -> dict[str, Any]:
    rows = Receipt.objects.order_by("pk")
    return {
        "receipts": list(rows.values_list("number", "status", "master_id", "deadline", "version")),
        "events": Event.objects.count(),
        "commands": Command.objects.count(),
    }


def _redeliver(run: Run, bot: BotProcess) -> dict[str, Any]:
    """Everything under its own id, twice, then every press under a new one, shuffled in windows.

    Telegram repeats updates whose confirmation got lost (the same id) and presses that were not
    answered (a new id); a typed text under a new id is a text typed again.
    """
    before = _state()
    ids = [visit.phone.id for visit in run.visits]
    rows = InboundUpdate.objects.filter(chat_id__in=ids).order_by("update_id")
    raw = [_loads(row.raw) for row in rows]
    presses = [
        {name: value for name, value in one.items() if name != "update_id"}
        for one in raw
        if "callback_query" in one
    ]
    for updates in (raw, raw, presses):
        for window in _windows(updates, run.rng):
            run.simulator.client.bulk(updates=window)
        _settle(run, bot)
    return {
        "same_ids": 2 * len(raw),
        "new_ids": len(presses),
        "same_state": _state() == before,
    }


def _loads(raw: str) -> dict[str, Any]:
    update: dict[str, Any] = json.loads(raw)
    return update


def _windows(updates: list[Any], rng: random.Random, size: int = 50) -> list[list[Any]]:
    windows = [updates[start : start + size] for start in range(0, len(updates), size)]
    for window in windows:
        rng.shuffle(window)
    return windows
