"""``manage.py runbot``: the Telegram bot, by polling."""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from botapp.running import Runner
from botapp.transport.port import AnotherCopyRuns, TokenRefused
from botapp.transport.telegram import TelegramDoor

NOTHING_TO_RUN = (
    "There is no bot to run. Set TELEGRAM_BOT_TOKEN to the token that BotFather gave, or start "
    "the demonstration with `make run`, which brings a simulator (SIMULATOR_URL)."
)
ANOTHER_COPY = (
    "Another copy of this bot is running: Telegram gives updates to one of them only. "
    "Stop the other copy, then start this one again."
)
REFUSED = "Telegram does not accept TELEGRAM_BOT_TOKEN. Copy the whole token from BotFather."


class Command(BaseCommand):
    help = "Runs the Telegram bot until it is stopped (Ctrl-C or SIGTERM)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BOT_TOKEN:
            raise CommandError(NOTHING_TO_RUN)
        if settings.SIMULATOR_URL:
            self.stdout.write(f"Demonstration: the bot talks to {settings.SIMULATOR_URL}")
        try:
            asyncio.run(self._run())
        except AnotherCopyRuns as error:
            raise CommandError(ANOTHER_COPY) from error
        except TokenRefused as error:
            raise CommandError(REFUSED) from error

    async def _run(self) -> None:
        door = TelegramDoor(
            settings.BOT_TOKEN,
            base_url=settings.TELEGRAM_API_BASE_URL,
            base_file_url=settings.TELEGRAM_FILE_BASE_URL,
        )
        runner = Runner(door)
        runner.stop_on_signals()
        await runner.run()
