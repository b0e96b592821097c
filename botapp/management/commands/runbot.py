"""``manage.py runbot``: the Telegram bot, by polling or with ``--webhook``."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from botapp.limits import limiters
from botapp.running import Runner, Webhook
from botapp.transport.port import AnotherCopyRuns, Refused, TokenRefused
from botapp.transport.telegram import TelegramDoor
from workshop.lib.scraping import serve

NOTHING_TO_RUN = (
    "There is no bot to run. Set TELEGRAM_BOT_TOKEN to the token that BotFather gave, or start "
    "the demonstration with `make run`, which brings a simulator (SIMULATOR_URL)."
)
ANOTHER_COPY = (
    "Another copy of this bot is running, with another database: Telegram gives updates to one "
    "of them only. Stop the other copy, then start this one again."
)
REFUSED = "Telegram does not accept TELEGRAM_BOT_TOKEN. Copy the whole token from BotFather."


NO_WEBHOOK = (
    "--webhook needs TELEGRAM_WEBHOOK_URL (the public https address that leads to this process) "
    "and TELEGRAM_WEBHOOK_SECRET (16 to 256 letters, digits, _ or -)."
)
SECRET_SHAPE = re.compile(r"[\w-]{16,256}", re.ASCII)


def _webhook() -> Webhook:
    """CommandError when the address or the secret is missing: without them anybody could write."""
    url, secret = settings.TELEGRAM_WEBHOOK_URL, settings.TELEGRAM_WEBHOOK_SECRET
    if not url or not SECRET_SHAPE.fullmatch(secret):
        raise CommandError(NO_WEBHOOK)
    return Webhook(url, secret, settings.HOST, settings.TELEGRAM_WEBHOOK_PORT)


class Command(BaseCommand):
    help = "Runs the Telegram bot until it is stopped (Ctrl-C or SIGTERM)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--webhook", action="store_true", help="have updates sent to TELEGRAM_WEBHOOK_URL"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BOT_TOKEN:
            raise CommandError(NOTHING_TO_RUN)
        if settings.SIMULATOR_URL:
            self.stdout.write(f"Demonstration: the bot talks to {settings.SIMULATOR_URL}")
        try:
            asyncio.run(self._run(_webhook() if options["webhook"] else None))
        except AnotherCopyRuns as error:
            raise CommandError(ANOTHER_COPY) from error
        except TokenRefused as error:
            raise CommandError(REFUSED) from error
        except Refused as error:
            raise CommandError(f"Telegram refused the webhook's address: {error}") from error

    async def _run(self, webhook: Webhook | None) -> None:
        serve(settings.METRICS_PORT_BOT)
        bot_id = int(settings.BOT_TOKEN.partition(":")[0])
        outbound, inbound = limiters(bot_id, settings.REDIS_URL)
        door = TelegramDoor(
            settings.BOT_TOKEN,
            base_url=settings.TELEGRAM_API_BASE_URL,
            base_file_url=settings.TELEGRAM_FILE_BASE_URL,
            limiter=outbound,
        )
        runner = Runner(door, limiter=inbound, webhook=webhook)
        runner.stop_on_signals()
        await runner.run()
