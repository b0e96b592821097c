"""`python -m simulator`: the simulator as a process of its own."""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from simulator.limits import LimitNumbers
from simulator.loopback import is_loopback
from simulator.server import build_app
from simulator.world import DEFAULT_TOKEN, World


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A Telegram Bot API server for this computer only, with a chat page.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--data", default=":memory:", help="a folder, or :memory: to keep nothing")
    parser.add_argument("--people", type=Path, help="JSON list of people shown on the page")
    parser.add_argument("--token", default=DEFAULT_TOKEN, help="the token the bot will use")
    parser.add_argument("--username", default="repassage_demo_bot", help="the bot's user name")
    parser.add_argument("--office-url", default="", help="link back to the office")
    parser.add_argument("--no-limits", action="store_true", help="never answer 429 by itself")
    parser.add_argument("--ledger-limit", type=int, default=200_000)
    return parser.parse_args(argv)


def _refusal(arguments: argparse.Namespace) -> str:
    """Why the simulator must not start, or an empty text."""
    if os.environ.get("TELEGRAM_BOT_TOKEN"):
        return (
            "TELEGRAM_BOT_TOKEN is set: this looks like the real bot. The simulator does not"
            " start beside it; unset the variable to play the demonstration."
        )
    if not is_loopback(arguments.host):
        return f"The simulator binds to loopback addresses only, not to {arguments.host}."
    if not arguments.token.partition(":")[0].isdigit():
        return "The token must look like 123456:letters."
    return ""


def _load_people(world: World, path: Path) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    people = raw.get("people", []) if isinstance(raw, dict) else raw
    for person in people:
        world.people.add_person(person)
    for group in raw.get("groups", []) if isinstance(raw, dict) else []:
        if group["id"] not in world.people.groups:
            world.people.add_group(group)


async def _serve(arguments: argparse.Namespace) -> None:
    folder = None if arguments.data == ":memory:" else Path(arguments.data)
    world = World(
        folder=folder,
        token=arguments.token,
        username=arguments.username,
        limits=LimitNumbers(on=not arguments.no_limits),
        ledger_limit=arguments.ledger_limit,
    )
    if arguments.people:
        _load_people(world, arguments.people)
    app = build_app(world, office_url=arguments.office_url)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.3)
    await runner.setup()
    site = web.TCPSite(runner, arguments.host.strip("[]"), arguments.port)
    await site.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    host, port = runner.addresses[0][:2]
    shown = f"[{host}]" if ":" in host else host
    sys.stdout.write(f"Demonstration Telegram: http://{shown}:{port}/\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()


def main(argv: list[str] | None = None) -> int:
    """Exit code 2: refused to start; the reason is on stderr."""
    arguments = _arguments(argv)
    refusal = _refusal(arguments)
    if refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    asyncio.run(_serve(arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
