"""The inspectors' days, scripted: each takes a watch in and leads it to its hand-out, by the bot.

They press what they see on the simulator and wait until the bot has answered; a pause, and the next
act. What is measured is the time from the act to the answer on the phone.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from benchmarks.load.world import World
from simulator.client import SimClient, SimulatorRefusedError, show
from tests.faults.flows import Act, Press, Text
from tests.faults.phones import fits

PAUSE = (1.0, 4.0)  # seconds between two acts
PATIENCE = 30.0
Step = tuple[str, Act]


def day(number: str, world: World) -> Iterator[Step]:
    """One watch from the counter to the counter: (what is measured, the act)."""
    master = str(random.choice(world.masters))
    create = (Press("open", "50"), Text(number), Press("create"))
    hand = (Press("open", "assign"), Press("person", master), Press("confirm"))
    work = (Press("open", "record_work"), Press("mark", f"{world.work_type}=1"), Press("record"))
    yield "menu", Text("/menu")
    yield from zip(("form", "number", "create"), create, strict=True)
    for acts, last in (
        (hand, "hand to a master"),
        (work, "record a work"),
        ((Press("now", "submit=in_work"),), "submit to QC"),
        ((Press("now", "pass=quality_control"),), "pass QC"),
        ((Press("open", "issue"), Press("confirm")), "hand out"),
    ):
        yield "menu", Text("/menu")
        yield "card by number", Text(number)
        for act in acts[:-1]:
            yield "screen", act
        yield last, acts[-1]


class Inspectors:
    """All of them, each in a thread, until they are told to stop."""

    def __init__(self, client: SimClient, world: World) -> None:
        self._client, self._world = client, world
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.times: dict[str, list[float]] = defaultdict(list)
        self.failures: list[str] = []
        self.days = 0
        self._threads = [
            threading.Thread(target=self._work, args=(number, person), daemon=True)
            for number, person in enumerate(world.inspectors)
        ]
        for number, person in enumerate(world.inspectors):
            client.add_person(person, f"Нагрузка {number}", started=True, language_code="ru")

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Everybody finishes the act he is at."""
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE + 10)

    def _work(self, number: int, person: int) -> None:
        random.seed(person)
        count = 0
        self._pause()
        while not self._over.is_set():
            count += 1
            try:
                if self._one_watch(person, f"L{number}-{count}"):
                    self.days += 1
            except (AssertionError, SimulatorRefusedError, OSError) as error:
                with self._lock:
                    self.failures.append(f"inspector {number}: {error}"[:800])
        self._client.close()

    def _one_watch(self, person: int, number: str) -> bool:
        for name, act in day(number, self._world):
            if self._over.is_set():
                return False
            seconds = self._do(person, act)
            with self._lock:
                self.times[name].append(1000 * seconds)
            self._pause()
        return True

    def _do(self, person: int, act: Act) -> float:
        before = self._client.last_screen(person)
        began = time.perf_counter()
        if isinstance(act, Text):
            self._client.send_text(person, act.text)
        else:
            self._press(person, act, before)
        self._client.wait_for(person, lambda seen: _screen(seen) != before, seconds=PATIENCE)
        return time.perf_counter() - began

    def _press(self, person: int, act: Press, screen: dict[str, Any] | None) -> None:
        keys = [key for row in (screen or {"keyboard": []})["keyboard"] for key in row]
        found = [key["callback_data"] for key in keys if fits(key.get("callback_data", ""), act)]
        if screen is None or not found:
            raise AssertionError(f"{act} is not offered on:\n{show(screen) if screen else None}")
        self._client.press(person, data=found[0], message=screen)

    def _pause(self) -> None:
        self._over.wait(random.uniform(*PAUSE) / self._world.hurry)


def _screen(messages: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The newest message of the bot that carries buttons."""
    found = [one for one in messages if one["out"] and one["keyboard"]]
    return found[-1] if found else None
