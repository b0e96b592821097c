"""``manage.py dispatch_webhooks``: a dispatcher of webhooks as a process of its own."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from integrations.webhooks.dispatch import Dispatcher
from workshop.lib.process import own_name
from workshop.lib.scraping import serve
from workshop.lib.threads import DatabaseThreads


class Command(BaseCommand):
    help = (
        "Sends webhook messages until it is stopped (Ctrl-C or SIGTERM). Every worker does so "
        "besides its jobs; this is for an installation that wants a process for it alone."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        serve(settings.METRICS_PORT_WEBHOOKS)
        asyncio.run(self._run())

    async def _run(self) -> None:
        threads = DatabaseThreads()
        dispatcher = Dispatcher(threads, owner=own_name())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, dispatcher.stop)
        try:
            await dispatcher.run()
        finally:
            await threads.close()
