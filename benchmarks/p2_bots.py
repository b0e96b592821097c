"""The two bots of P2, each as a process: ``echo`` is python-telegram-bot as its documentation
begins, ``ours`` is `runbot` with the limits off, which ask for patience and not for work.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any


def echo(token: str, base_url: str) -> None:
    """https://docs.python-telegram-bot.org/en/stable/examples.echobot.html without its commands."""
    from telegram import Update
    from telegram.ext import Application, ContextTypes, MessageHandler, filters

    async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        message: Any = update.message
        await message.reply_text(message.text)

    application = Application.builder().token(token).base_url(base_url).build()
    application.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, answer))
    application.run_polling(allowed_updates=Update.ALL_TYPES)


def ours(token: str, base_url: str) -> None:
    import django

    django.setup()

    from botapp.inbound_limit import InboundLimiter
    from botapp.running import Runner
    from botapp.transport.telegram import TelegramDoor

    async def run() -> None:
        door = TelegramDoor(token, base_url=base_url, limited=False)
        runner = Runner(door, limiter=InboundLimiter(0))
        runner.stop_on_signals()
        await runner.run()

    asyncio.run(run())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.p2_bots")
    parser.add_argument("bot", choices=("echo", "ours"))
    parser.add_argument("--token", required=True)
    parser.add_argument("--base-url", required=True)
    wanted = parser.parse_args()
    {"echo": echo, "ours": ours}[wanted.bot](wanted.token, wanted.base_url)


if __name__ == "__main__":
    main()
