"""The dispatcher beside the jobs: a thread of every worker process, with an event loop of its own.

It begins when the worker is ready and ends with it (docs/adr). ``manage.py dispatch_webhooks``
runs the same loop as a process of its own, where somebody wants more of them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any, Final

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down

from workshop.lib.process import own_name
from workshop.lib.threads import DatabaseThreads

if TYPE_CHECKING:
    from integrations.webhooks.dispatch import Dispatcher

DATABASE_THREADS: Final = 2
ENDS_WITHIN: Final = 25.0  # seconds, with the calls that have begun
AGAIN_AFTER: Final = 5.0  # seconds, when the loop itself has failed

logger = logging.getLogger(__name__)


class Background:
    """Keeps one dispatcher running until it is stopped."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=self._keep_running, name="webhooks", daemon=True)
        self._stopping = threading.Event()
        self._dispatcher: Dispatcher | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Claim nothing new; does not wait."""
        self._stopping.set()
        if self._dispatcher is not None:
            self._dispatcher.stop()

    def join(self) -> None:
        """Wait for the calls that have begun."""
        self._thread.join(ENDS_WITHIN)

    def _keep_running(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self._run())
            except Exception:  # whatever it was: the queue must not stand still until a restart
                logger.exception("the dispatcher of webhooks has failed")
                self._stopping.wait(AGAIN_AFTER)

    async def _run(self) -> None:
        # Only a worker needs the libraries of HTTP: every process reads the tasks.
        from integrations.webhooks.dispatch import Dispatcher

        threads = DatabaseThreads(DATABASE_THREADS)
        try:
            self._dispatcher = Dispatcher(threads, owner=own_name())
            if self._stopping.is_set():  # between the two nobody would have heard it
                return
            await self._dispatcher.run()
        finally:
            await threads.close()


_of_the_worker = Background()


@worker_ready.connect(dispatch_uid="webhooks-start")  # type: ignore[untyped-decorator]
def _start(**_kwargs: Any) -> None:
    _of_the_worker.start()


@worker_shutting_down.connect(dispatch_uid="webhooks-stop")  # type: ignore[untyped-decorator]
def _stop(**_kwargs: Any) -> None:
    _of_the_worker.stop()


@worker_shutdown.connect(dispatch_uid="webhooks-join")  # type: ignore[untyped-decorator]
def _join(**_kwargs: Any) -> None:
    _of_the_worker.stop()
    _of_the_worker.join()
