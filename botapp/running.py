"""The bot process: polling, workers, delivery and a heartbeat side by side until a signal."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import Error as DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from botapp import identity, inbox
from botapp.alert_watch import AlertWatch
from botapp.deliverer import Deliverer
from botapp.group_sender import GroupSender
from botapp.inbound_limit import InboundLimiter
from botapp.journal import Journal
from botapp.photo_loader import PhotoLoader
from botapp.polling import Poller, Turn
from botapp.transport.port import Arrived, Door, TransportError
from botapp.transport.webhook import WebhookServer
from botapp.workers import Workers
from history import lease
from staff.services import remember_bot
from workshop.lib.process import own_name
from workshop.lib.threads import DatabaseLost, DatabaseThreads

HEARTBEAT: Final = "runbot"
BEAT_EVERY: Final = 5.0  # seconds
RETRY_OPEN: Final = 3.0
GRACE: Final = 25.0  # seconds for what has begun

logger = logging.getLogger(__name__)


def commands() -> Mapping[str, Sequence[tuple[str, str]]]:
    """The commands of the menu button; Russian is what people of other languages see too."""

    def listed() -> list[tuple[str, str]]:
        return [
            ("start", _("Open the menu anew")),
            ("menu", _("Menu")),
            ("cancel", _("Leave this step")),
        ]

    with translation.override("ru"):
        russian = listed()
    with translation.override("en"):
        english = listed()
    return {"": russian, "ru": russian, "en": english}


@dataclass(frozen=True)
class Webhook:
    """Where Telegram sends updates to, and the secret it proves itself with."""

    url: str
    secret: str
    host: str
    port: int


class Runner:
    """Everything the process does. ``run`` ends after ``stop`` or raises why it cannot go on."""

    def __init__(
        self,
        door: Door,
        *,
        limiter: InboundLimiter | None = None,
        webhook: Webhook | None = None,
    ) -> None:
        self._door = door
        self._owner = own_name()
        self._threads = DatabaseThreads()
        self._stopping = asyncio.Event()
        journal = Journal(self._threads)
        self._workers = Workers(
            door, self._threads, owner=self._owner, limiter=limiter, journal=journal
        )
        self._webhook = webhook
        self._group = GroupSender(door.transport, self._threads)
        self._photos = PhotoLoader(door.transport, self._threads, owner=self._owner)
        self._alerts = AlertWatch(self._threads)
        self._source = self._listener(webhook) if webhook else self._poller()
        self._deliverer = Deliverer(door.transport, self._threads, journal, owner=self._owner)

    def stop(self) -> None:
        """Polling ends at once, steps and sendings that have begun are finished."""
        self._stopping.set()
        self._source.stop()
        self._workers.stop()
        self._deliverer.stop()
        self._group.stop()
        self._photos.stop()
        self._alerts.stop()

    def stop_on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)

    async def run(self) -> None:
        try:
            await self._open()
            await self._work()
        finally:
            await self._door.close()
            await self._threads.close()

    def _poller(self) -> Poller:
        turn = Turn(self._threads, self._door.bot_id, self._owner)
        return Poller(self._door, turn, self._keep)

    def _listener(self, webhook: Webhook) -> WebhookServer:
        return WebhookServer(webhook.host, webhook.port, webhook.secret, self._keep)

    async def _keep(self, batch: list[Arrived]) -> bool:
        """Commit the updates to the inbox; only then may the messenger forget them."""
        try:
            await self._threads.run(inbox.store, self._door.bot_id, batch)
        except (DatabaseLost, DatabaseError):
            logger.exception("updates could not be stored; they will come again")
            return False
        self._workers.wake()
        return True

    async def _work(self) -> None:
        parts: list[Coroutine[Any, Any, None]] = [
            self._source.run(),
            self._workers.run(),
            self._deliverer.run(),
            self._group.run(),
            self._photos.run(),
            self._alerts.run(),
            self._beat(),
        ]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            self.stop()
            await asyncio.wait(tasks, timeout=GRACE)
        for task in done:
            task.result()

    async def _open(self) -> None:
        """Connect; a messenger that is away is waited for."""
        while not self._stopping.is_set():
            try:
                await self._door.open(commands())
                if self._webhook is not None:
                    await self._door.listen(self._webhook.url, self._webhook.secret)
            except TransportError as error:
                logger.warning("the messenger does not answer", extra={"error": str(error)})
                await self._wait(RETRY_OPEN)
            else:
                logger.info("the bot is ready")
                return

    async def _beat(self) -> None:
        """A sign of life for the health page, and once the bot's name for the office's links."""
        introduced = False
        while not self._stopping.is_set():
            try:
                await self._threads.run(lease.beat, HEARTBEAT, self._owner)
                if not introduced:
                    await self._threads.run(remember_bot, identity.username())
                    introduced = True
            except (DatabaseLost, DatabaseError):
                logger.warning("no heartbeat: the database does not answer")
            await self._wait(BEAT_EVERY)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
