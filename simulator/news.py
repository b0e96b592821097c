"""Telling whoever waits that something changed: the page (live events) and waiting requests."""

import asyncio
from collections.abc import Callable
from typing import Any

_QUEUE = 1000


class News:
    """`version` grows with every change; `wait` sleeps until a condition holds."""

    def __init__(self) -> None:
        self.version = 0
        self._listeners: set[asyncio.Queue[dict[str, Any]]] = set()
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def has_listeners(self) -> bool:
        return bool(self._listeners)

    def changed(self) -> None:
        self.version += 1
        if self._waiting:
            waiting, self._waiting = self._waiting, set()
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    def publish(self, event: dict[str, Any]) -> None:
        """To every open page. One that stopped reading loses events and reloads on reconnect."""
        for queue in self._listeners:
            if not queue.full():
                queue.put_nowait(event)

    def listen(self) -> asyncio.Queue[dict[str, Any]]:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_QUEUE)
        self._listeners.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[dict[str, Any]]) -> None:
        self._listeners.discard(queue)

    async def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """True when the condition holds, False after `seconds`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            left = deadline - loop.time()
            if left <= 0:
                return False
            future: asyncio.Future[None] = loop.create_future()
            self._waiting.add(future)
            await asyncio.wait((future,), timeout=left)
            self._waiting.discard(future)
        return True
