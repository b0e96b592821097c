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
from botapp.dialogs import payload
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
        steps = list(day(number, self._world))
        for (name, act), (_name, after) in zip(steps, [*steps[1:], ("", None)], strict=True):
            if self._over.is_set():
                return False
            seconds = self._do(person, act, after)
            with self._lock:
                self.times[name].append(1000 * seconds)
            self._pause()
        return True

    def _do(self, person: int, act: Act, after: Act | None) -> float:
        """Act, and wait until the phone shows something else that offers the act after it."""
        before = _screen(self._client.chat(person))
        began = time.perf_counter()
        if isinstance(act, Text):
            self._client.send_text(person, act.text)
        else:
            data = _data(before, act)
            if data is None:
                raise AssertionError(f"{act} is not offered on:\n{before and show(before)}")
            self._client.press(person, data=data, message=before)

        def answered(messages: list[dict[str, Any]]) -> bool:
            screen = _screen(messages)
            ready = not isinstance(after, Press) or _data(screen, after) is not None
            return screen != before and ready

        self._client.wait_for(person, answered, seconds=PATIENCE)
        return time.perf_counter() - began

    def _pause(self) -> None:
        self._over.wait(random.uniform(*PAUSE) / self._world.hurry)


def _screen(messages: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The newest message of the dialogue; buttons of notices belong to none."""
    for message in reversed(messages):
        calls = (payload.parse(data) for data in _calls(message) if message["out"])
        if any(call is not None and call.nonce != payload.STATELESS for call in calls):
            return message
    return None


def _calls(message: dict[str, Any]) -> list[str]:
    return [key.get("callback_data", "") for row in message["keyboard"] for key in row]


def _data(screen: dict[str, Any] | None, act: Press) -> str | None:
    """The payload of the button that asks for this."""
    return next((data for data in _calls(screen) if fits(data, act)), None) if screen else None
