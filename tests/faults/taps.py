"""One button, eight taps at once: eight workers that all believe to hold the chat, one effect."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from botapp import inbox, step
from botapp.testing import BotDriver
from botapp.transport.port import Incoming
from history.verify import verify
from tests.cast import Cast
from tests.faults import flows
from tests.faults.counting import effects_since, newest_event
from tests.faults.flows import Flow
from tests.faults.phones import MemoryPhone, fresh_bot

TAPS = 8
BUTTONS = (
    flows.create,
    flows.hand,
    flows.record,
    flows.submit,
    flows.pass_check,
    flows.issue,
    flows.send_back,
    flows.polish,
    flows.take_back,
)


def run_taps(cast: Cast, *, buttons: int, seed: int) -> dict[str, Any]:
    """Each button is pressed eight times under eight update ids; the rows are handled at once.

    Harder than real life, where a claim gives the chat to one worker: here only the operation key
    and the locks of the services stand between the taps and a second effect.
    """
    bot = fresh_bot()
    result: dict[str, Any] = {"races": 0, "taps": TAPS, "lost": 0, "double": 0, "details": []}
    with ThreadPoolExecutor(TAPS, "tap") as threads:
        for number in range(buttons):
            flow = BUTTONS[number % len(BUTTONS)](cast, f"D{seed}-{number}")
            wrong = _tap(bot, cast, flow, threads)
            result["races"] += 1
            result["lost"] += wrong[0]
            result["double"] += wrong[1]
            if any(wrong):
                result["details"].append(f"{flow.name}: lost {wrong[0]}, double {wrong[1]}")
        _let_go(threads)
    result["history_findings"] = sum(1 for _finding in verify())
    return result


def _tap(bot: BotDriver, cast: Cast, flow: Flow, threads: ThreadPoolExecutor) -> tuple[int, int]:
    """(effects lost, effects too many)."""
    person = bot.person(cast.igor)
    phone = MemoryPhone(person)
    for act in flow.way:
        phone.do(act)
    bot.pause = True
    for _tap_number in range(TAPS):
        phone.do(flow.last)
    bot.pause = False
    token = f"taps-{flow.name}-{newest_event()}"
    inbox.take([person.id], "taps", token)
    rows = inbox.rows_of(person.id)
    mark = newest_event()
    outcomes = _at_once(
        threads,
        [
            lambda row=row: step.take_step(row, Incoming.from_json(json.loads(row.raw)), token)
            for row in rows
        ],
    )
    inbox.release(person.id, token)
    for outcome in outcomes:
        bot.reply(outcome)
    found = effects_since(mark)
    return (flow.effects - found).total(), (found - flow.effects).total()


def _at_once(threads: ThreadPoolExecutor, works: list[Callable[[], Any]]) -> list[Any]:
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        barrier.wait()
        return work()

    return [one.result() for one in [threads.submit(run, work) for work in works]]


def _let_go(threads: ThreadPoolExecutor) -> None:
    """Every thread closes its own connection."""
    _at_once(threads, [connections.close_all] * TAPS)


def sound(result: dict[str, Any]) -> bool:
    return not any(result[name] for name in ("lost", "double", "history_findings"))
