"""The real bot – Application, aiohttp, threads – on the simulator over loopback, for tests.

The same interface as ``botapp.testing.BotDriver``; needs ``transactional_db``, because the bot's
threads have connections of their own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botapp import identity
from botapp.inbound_limit import InboundLimiter
from botapp.running import Runner, Webhook
from botapp.testing import SeenScreen
from botapp.transport.port import File
from botapp.transport.telegram import TelegramDoor
from simulator.client import buttons
from simulator.testing import SimServer
from staff.models import Employee

WAIT = 60.0  # seconds; a bound for failures, never slept


class RunningBot:
    """A bot process in a thread; ``error`` is what it ended with."""

    def __init__(
        self,
        sim: SimServer,
        *,
        per_second: float = 0,
        limited: bool = False,
        webhook: Webhook | None = None,
    ) -> None:
        self._webhook = webhook
        self._sim, self._per_second, self._limited = sim, per_second, limited
        self._ready = threading.Event()
        self._runner: Runner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="bot", daemon=True)

    def start(self) -> RunningBot:
        self._thread.start()
        assert self._ready.wait(WAIT), "the bot did not start"
        return self

    def stop(self) -> None:
        if self._loop is not None and self._runner is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._runner.stop)
        self.join()

    def join(self) -> None:
        self._thread.join(WAIT * 3)
        assert not self._thread.is_alive(), "the bot did not stop"
        identity.remember("")  # it was known to that process

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # looked at by the test
            self.error = error
        finally:
            self._ready.set()

    async def _run(self) -> None:
        door = TelegramDoor(
            self._sim.token,
            base_url=self._sim.base_url,
            base_file_url=self._sim.base_file_url,
            limited=self._limited,
        )
        self._runner = Runner(door, limiter=InboundLimiter(self._per_second), webhook=self._webhook)
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._runner.run()


@dataclass
class SimulatorDriver:
    """People on the simulator, and the running bot."""

    sim: SimServer
    bot: RunningBot

    def person(self, who: Employee | int, *, language: str = "en") -> SimulatedPerson:
        telegram_id = who.telegram_id if isinstance(who, Employee) else who
        assert telegram_id is not None
        name = who.short_name if isinstance(who, Employee) else "Stranger"
        self.sim.client.add_person(telegram_id, name, language_code=language, started=True)
        return SimulatedPerson(self, telegram_id)


@dataclass
class SimulatedPerson:
    driver: SimulatorDriver
    id: int
    calls: list[str] = field(default_factory=list)

    @property
    def client(self) -> Any:
        return self.driver.sim.client

    def settle(self) -> SeenScreen:
        """Wait until the bot has handled and shown everything."""
        settled(self.driver.sim)
        return self.screen

    def text(self, text: str) -> SeenScreen:
        self.client.send_text(self.id, text)
        return self.settle()

    def forward(self, text: str) -> SeenScreen:
        self.client.forward(self.id, text)
        return self.settle()

    def sticker(self) -> SeenScreen:
        self.client.sticker(self.id)
        return self.settle()

    def photo(self, count: int = 1, caption: str = "") -> SeenScreen:
        if count > 1:
            self.client.send_album(self.id, count)
        else:
            self.client.send_photo(self.id, caption=caption)
        return self.settle()

    def press(self, label: str, *, times: int = 1) -> SeenScreen:
        message = self.client.last_screen(self.id)
        full = [one for one in buttons(message) if one == label] or [
            one for one in buttons(message) if label in one
        ]
        assert len(full) == 1, f"{label!r} is not one of {buttons(message)}"
        for _time in range(times):
            self.calls.append(self.client.press(self.id, full[0], message=message))
        return self.settle()

    def press_on(self, message: dict[str, Any], label: str) -> SeenScreen:
        """A button of a screen that was seen earlier."""
        self.calls.append(self.client.press(self.id, label, message=message))
        return self.settle()

    @property
    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.chat(self.id)
        return found

    @property
    def screens(self) -> list[SeenScreen]:
        return [seen(one) for one in self.messages if one["out"] and not one.get("document")]

    @property
    def screen(self) -> SeenScreen:
        screens = self.screens
        return screens[-1] if screens else SeenScreen(0, "", ())

    @property
    def notices(self) -> list[SeenScreen]:
        return self.screens[:-1]

    @property
    def own_messages(self) -> list[str]:
        return [one["text"] for one in self.messages if not one["out"]]

    @property
    def toasts(self) -> list[str]:
        answers = [self.client.answer(call) for call in self.calls]
        return [answer.get("text", "") for answer in answers if answer is not None]

    @property
    def files(self) -> list[File]:
        return [
            File(one["document"]["name"], self.client.file(one["document"]["url"]))
            for one in self.messages
            if one.get("document")
        ]


def seen(message: dict[str, Any]) -> SeenScreen:
    return SeenScreen(
        message_id=message["id"],
        text=message["text"],
        rows=tuple(tuple(key["text"] for key in row) for row in message["keyboard"]),
        picture=bool(message.get("photo")),
    )


def settled(sim: SimServer) -> None:
    """Every update is confirmed and handled, every screen shown, every chat let go."""
    from django.db.models import F

    from botapp.models import Dialog, InboundChat, InboundUpdate

    sim.client.pending(wait=WAIT)
    wait_until(
        lambda: (
            not InboundUpdate.objects.filter(state=InboundUpdate.NEW).exists()
            and not InboundChat.objects.exclude(token="").exists()
            and not Dialog.objects.filter(wanted_revision__gt=F("shown_revision")).exists()
        )
    )


def wait_until(condition: Callable[[], Any], seconds: float = WAIT) -> None:
    """Looks again and again, with a short breath; fails after ``seconds``."""
    pause = threading.Event()
    for _look in range(int(seconds / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen in time")


@contextmanager
def simulated_bot(
    *, limits: bool = False, per_second: float = 0, folder: Any = None
) -> Iterator[SimulatorDriver]:
    with SimServer(limits=limits, folder=folder) as sim:
        bot = RunningBot(sim, per_second=per_second, limited=limits).start()
        try:
            yield SimulatorDriver(sim, bot)
        finally:
            bot.stop()
            if bot.error is not None:
                raise bot.error
