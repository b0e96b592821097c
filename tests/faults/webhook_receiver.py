"""A receiver as a process of its own: away or there, slow, and able to kill who calls it.

``POST /hooks/<name>`` is where messages come, on a port that is only open while the receiver is
"there". A second port takes orders: ``POST /there``, ``/away``, ``/kill`` (after how many messages
which process), ``GET /journal``. What it prints first are the two ports.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web
from standardwebhooks import Webhook

HANGS = 30.0  # seconds


@dataclass
class Receiver:
    """``kills``: counts of accepted messages at which the caller dies, before it is answered."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    kills: list[int] = field(default_factory=list)
    killed: int = 0
    caller: int = 0
    secrets: dict[str, str] = field(default_factory=dict)
    wrong: int = 0
    thinks: float = 0.0  # seconds before an answer
    let_go: asyncio.Event = field(default_factory=asyncio.Event)  # ends what hangs

    async def hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        name = request.match_info["name"]
        if name == "hanging":
            with suppress(TimeoutError):
                await asyncio.wait_for(self.let_go.wait(), HANGS)
            return web.Response()
        await asyncio.sleep(self.thinks)
        self._keep(name, request, body)
        if self.kills and len(self.entries) >= self.kills[0] and self.caller:
            # It has our answer never: between its POST and its mark.
            self.kills.pop(0)
            pid, self.caller = self.caller, 0
            os.kill(pid, signal.SIGKILL)
            self.killed += 1
        return web.Response()

    def _keep(self, name: str, request: web.Request, body: bytes) -> None:
        message_id, stamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        at = datetime.fromtimestamp(int(stamp), UTC)
        signed = Webhook(self.secrets[name]).sign(message_id, at, body.decode())
        signatures = request.headers["webhook-signature"].split(" ")
        self.wrong += signed not in signatures
        data = orjson.loads(body)["data"]
        self.entries.append(
            {
                "name": name,
                "id": message_id,
                "body": hashlib.sha256(body).hexdigest()[:16],
                "stream": data["stream"],
                "sequence": data["sequence"],
                "signatures": len(signatures),
            }
        )

    async def orders(self, request: web.Request) -> web.Response:
        given = orjson.loads(await request.read() or b"{}")
        self.kills = given.get("kills", self.kills)
        self.caller = given.get("caller", self.caller)
        self.thinks = given.get("thinks", self.thinks)
        if given.get("let_go"):
            self.let_go.set()  # whoever waits is woken, whoever comes later hangs again
            self.let_go.clear()
        self.secrets.update(given.get("secrets", {}))
        return web.json_response({"killed": self.killed, "accepted": len(self.entries)})

    async def journal(self, _request: web.Request) -> web.Response:
        found = {"entries": self.entries, "wrong": self.wrong, "killed": self.killed}
        return web.Response(body=orjson.dumps(found), content_type="application/json")


async def main() -> None:
    receiver = Receiver()
    hooks = web.Application()
    hooks.router.add_post("/hooks/{name}", receiver.hook)
    runner = web.AppRunner(hooks, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    # The port is ours from now on, also while nobody listens there.
    port = int(sys.argv[1])
    site: list[web.TCPSite] = []

    async def there(_request: web.Request) -> web.Response:
        site.append(web.TCPSite(runner, "127.0.0.1", port, reuse_address=True))
        await site[-1].start()
        return web.json_response({})

    async def away(_request: web.Request) -> web.Response:
        await site.pop().stop()
        return web.json_response({})

    control = web.Application()
    control.router.add_post("/there", there)
    control.router.add_post("/away", away)
    control.router.add_post("/orders", receiver.orders)
    control.router.add_get("/journal", receiver.journal)
    orders = web.AppRunner(control, shutdown_timeout=0.1)
    await orders.setup()
    listening = web.TCPSite(orders, "127.0.0.1", 0)
    await listening.start()
    sys.stdout.write(f"{orders.addresses[0][1]}\n")
    sys.stdout.flush()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await stopping.wait()
    await orders.cleanup()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
