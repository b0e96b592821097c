"""The webhook: 200 only after the update is committed; anything else makes Telegram send again."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from botapp.transport.port import Arrived
from botapp.transport.updates import arrived

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  a name
PATH: Final = "/telegram/webhook"
BODY_LIMIT: Final = 1024 * 1024  # bytes; an update is a few kilobytes

Keep = Callable[[list[Arrived]], Awaitable[bool]]

logger = logging.getLogger(__name__)


class WebhookServer:
    """Listens on ``host:port``; ``keep`` stores a batch and answers whether it is committed."""

    def __init__(self, host: str, port: int, secret: str, keep: Keep) -> None:
        if not secret:
            raise ValueError("a webhook without a secret would take updates from anybody")
        self._host, self.port, self._keep = host, port, keep
        self._secret = secret.encode()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Until ``stop``; requests that have begun are answered."""
        application = web.Application(client_max_size=BODY_LIMIT)
        application.router.add_post(PATH, self._receive)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=10)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self.port)
            await site.start()
            self.port = runner.addresses[0][1]
            await self._stopping.wait()
        finally:
            await runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode(errors="surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            return web.Response(status=403)
        try:
            update = arrived(json.loads(await request.read()))
        except (ValueError, RecursionError):
            return web.Response(status=400)
        committed = await self._keep([update])
        return web.Response(status=200 if committed else 500)
