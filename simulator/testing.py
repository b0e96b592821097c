"""The simulator for tests: a server in a thread, and a client that acts like people.

A test sees what a person sees: texts and buttons.

    with SimServer(limits=False) as sim:
        igor = sim.client.add_person(1001, "Игорь")
        sim.client.start(1001)
        screen = sim.client.wait_screen(1001, "Menu")
        sim.client.press(1001, "ОТК")
"""

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from simulator.client import SimClient, SimulatorRefusedError, buttons, show
from simulator.limits import LimitNumbers
from simulator.server import build_app
from simulator.world import DEFAULT_TOKEN, World

__all__ = ["SimClient", "SimServer", "SimulatorRefusedError", "buttons", "show"]


class SimServer:
    """A simulator on a free loopback port, run by a thread of its own.

    `folder=None` keeps everything in memory. Stop and start again with the same folder to see a
    restart. `client` is ready to use inside the `with` block.
    """

    def __init__(
        self,
        *,
        limits: bool = True,
        folder: Path | None = None,
        token: str = DEFAULT_TOKEN,
        port: int = 0,
    ) -> None:
        self.token = token
        self._folder = folder
        self._limits = limits
        self._port = port
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self.origin = ""
        self.client: SimClient

    @property
    def base_url(self) -> str:
        """For `ApplicationBuilder.base_url`; the token is appended by the library."""
        return f"{self.origin}/bot"

    @property
    def base_file_url(self) -> str:
        return f"{self.origin}/file/bot"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._main, name="simulator", daemon=True)
        self._thread.start()
        self._ready.wait(10)
        if self._failure is not None:
            raise RuntimeError("the simulator did not start") from self._failure
        self.client = SimClient(self.origin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
        if self._loop is not None and self._stop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            # Handed to the thread that waits in __enter__, which raises it there.
            self._failure = error
            self._ready.set()
            raise

    async def _serve(self) -> None:
        world = World(folder=self._folder, token=self.token, limits=LimitNumbers(on=self._limits))
        runner = web.AppRunner(build_app(world), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.origin = f"http://{host}:{port}"
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()
