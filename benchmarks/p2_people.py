"""The other side of P2 as one process: the simulator, and people who act as soon as they see an
answer. They stand inside the simulator, so that nobody has to ask it what a chat shows.

    POST /bench/run {"chats": {"20001": [["text", "/menu"], ["press", "open", "assign"]]}}

answers when the last chat has seen the answer to its last act, with the seconds and what was seen.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from simulator import actions
from simulator.limits import LimitNumbers
from simulator.methods import METHODS
from simulator.server import build_app
from simulator.world import World

Json = dict[str, Any]
ANSWERS = ("sendmessage", "editmessagetext")
WAIT = 120.0  # seconds without any answer: then the run is given up


@dataclass
class Phone:
    """One person's chat: the acts to come; the next one follows the answer to the one before."""

    world: World
    person: int
    acts: list[list[str]]
    done: Callable[[], None]
    at: int = 0
    error: str = ""
    screens: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self._do({})

    def saw(self, message: Json) -> None:
        """The bot has answered; an answer without any question is a mistake of the bot."""
        self.screens.append(message["text"])
        if self.at > len(self.acts):
            self.error = f"an answer too many: {message['text'][:200]!r}"
        elif self.at == len(self.acts):
            self.at += 1
            self.done()
        else:
            self._do(message)

    def _do(self, message: Json) -> None:
        kind, *rest = self.acts[self.at]
        self.at += 1
        if kind == "text":
            actions.send(self.world, {"person": self.person, "text": rest[0]})
            return
        data = _button(message, rest)
        if data is None:
            self.error = f"{rest} is not offered on: {message.get('text', '')[:300]!r}"
            self.done()
            return
        place = {"person": self.person, "chat_id": self.person, "message_id": message["message_id"]}
        actions.press(self.world, {**place, "data": data})


def _button(message: Json, wanted: list[str]) -> str | None:
    """The payload of the button for this action and value: `1:<nonce>:<action>:<value>`."""
    for row in message.get("reply_markup", {}).get("inline_keyboard", []):
        for button in row:
            data: str = button.get("callback_data", "")
            if data.split(":", 3)[2:] == wanted:
                return data
    return None


class People:
    """All phones of a run, told of every answer by the simulator's own methods."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._phones: dict[int, Phone] = {}
        self._left = 0
        self._finished = asyncio.Event()
        for name in ANSWERS:
            METHODS[name] = (METHODS[name][0], self._watched(METHODS[name][1]))

    def _watched(self, method: Callable[[World, Any], Any]) -> Callable[[World, Any], Any]:
        def run(world: World, params: Any) -> Any:
            message = method(world, params)
            phone = self._phones.get(message["chat"]["id"])
            if phone is not None:
                phone.saw(message)
            return message

        return run

    def _one_done(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self._finished.set()

    async def run(self, request: web.Request) -> web.Response:
        asked = orjson.loads(await request.read())
        people = self._world.people
        for key in asked["chats"]:
            people.add_person({"id": int(key), "first_name": f"P{key}", "started": True})
        self._phones = {
            int(key): Phone(self._world, int(key), acts, self._one_done)
            for key, acts in asked["chats"].items()
        }
        self._left = len(self._phones)
        self._finished.clear()
        calls = self._world.ledger.last
        began, cpu = time.perf_counter(), time.process_time()
        for phone in self._phones.values():
            phone.begin()
        with contextlib.suppress(TimeoutError):  # the acts that were not answered tell it
            await asyncio.wait_for(self._finished.wait(), WAIT)
        seconds = time.perf_counter() - began
        return web.json_response(
            {
                "seconds": seconds,
                "client_cpu": (time.process_time() - cpu) / seconds,
                "answered": sum(phone.at - 1 for phone in self._phones.values()),
                "entries": self._world.ledger.last - calls,
                "errors": [phone.error for phone in self._phones.values() if phone.error][:5],
                "last": {key: phone.screens[-1:] for key, phone in self._phones.items()},
            }
        )


async def _serve(delay: float) -> None:
    # Without a ledger of any length: keeping hundreds of thousands of calls is not measured.
    world = World(limits=LimitNumbers(on=False), ledger_limit=1000)
    app = build_app(world)
    if delay:
        fault = {"method": "*", "kind": "delay", "seconds": delay, "times": 10**9}
        world.faults.add(fault)
    app.router.add_post("/bench/run", People(world).run)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.3)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()  # until it is terminated


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.p2_people")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that every call takes")
    asyncio.run(_serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
