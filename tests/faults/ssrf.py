"""`make faults-ssrf`: webhooks cannot be led inside, nor drowned by what they are answered.

    python -m tests.faults.ssrf [--seed 1] [--small]

The real transport with a name server, receivers and certificates of our own on loopback, of which
one network stands for the outside. The witness is the interpreter itself: it reports every
connection that Python opens. Each address of numbers is also sent past the check of URLs, so that
the gate at the socket is tried alone. Prints one JSON object; exit code 0 when no connection went
inside, every hostile target was blocked or bounded, and every honest one was reached.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from tests.faults.setup import finish, free_port

SECONDS = 1.0  # of each attempt
SLACK = 3.0  # what a loaded machine may add
MOST_MEMORY = 64 * 1024  # kB that the whole run may add
MOST_TAKEN = 8 * 1024 * 1024  # bytes of one answer, the buffers of both sockets included
TOGETHER = 12
LINES = str.maketrans("", "", "\n\t")
connected: list[str] = []


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.ssrf")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="a twentieth of each kind")
    wanted = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "workshop.settings.test"
    import django
    from django.test import override_settings

    django.setup()
    from tests.faults.ssrf_targets import OUTSIDE

    sys.addaudithook(_witness)
    with override_settings(WEBHOOK_ALLOWED_NETWORKS=[OUTSIDE], WEBHOOK_ALLOW_HTTP=True):
        result = asyncio.run(run(wanted.seed, small=wanted.small))
    finish(result, met=result["met"])


def _witness(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        connected.append(str(arguments[1][0]))


async def run(seed: int, *, small: bool) -> dict[str, Any]:
    import platform

    import aiohttp

    from integrations.webhooks.transport import open_session
    from tests.faults.nameserver import NameServer
    from tests.faults.receivers import Receiver
    from tests.faults.ssrf_targets import REBINDING_ATTEMPTS, honest, hostile, zone

    began, memory = time.monotonic(), _memory()
    receiver = Receiver()
    async with AsyncExitStack() as stack:
        names = await stack.enter_async_context(NameServer(zone()))
        ports, trust = await _receivers(stack, receiver)
        session = await stack.enter_async_context(
            open_session(limit=100, resolver=names.resolver(), tls=trust)
        )
        bad = list(hostile(ports))
        random.Random(seed).shuffle(bad)
        good = honest(ports)
        if small:
            bad, good = _some(bad), good[::5]
        wrong = await _together([_hostile(session, receiver, target) for target in bad])
        await _together([_past_the_check(session, one.url) for one in bad if one.named])
        lost = await _together([_honest(session, receiver, url) for url in good])
        wrong += [
            f"{name}: looked up {times} times for {REBINDING_ATTEMPTS} attempts"
            for (name, _kind), times in names.asked.items()
            if name.startswith(("turns-", "flips-")) and times > REBINDING_ATTEMPTS
        ]
    inside = sorted(set(connected) - set(filter(_outside, connected)))
    grown = _memory() - memory
    return {
        "name": "faults-ssrf",
        "met": not (inside or wrong or lost) and grown <= MOST_MEMORY and bool(connected),
        "runs": len(bad) + len(good),
        "blocked_or_bounded": len(bad) - len(wrong),
        "hostile": len(bad),
        "reached_inside": inside,
        "wrong": wrong[:20],
        "honest": len(good),
        "lost": len(lost),
        "missed": lost[:20],
        "parts": dict(sorted(Counter(one.kind for one in bad).items())),
        "connections": len(connected),
        "memory_grown_kb": grown,
        "seeds": [seed],
        "seconds": round(time.monotonic() - began, 1),
        "versions": {"python": platform.python_version(), "aiohttp": aiohttp.__version__},
    }


async def _receivers(stack: AsyncExitStack, receiver: Any) -> tuple[Any, Any]:
    from tests.faults.certificates import Authority
    from tests.faults.receivers import serve
    from tests.faults.ssrf_targets import Ports

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ssrf-")))
    ours, strangers = Authority(folder / "ours"), Authority(folder / "strangers")
    names = ["hook.example", "alias.example", "*.hook.example", "two.example"]
    names.append("xn--e1afmkfd.example")

    async def listen(handler: Any, tls: Any = None) -> int:
        server, port = await serve(handler, "127.77.0.1", tls)
        stack.callback(server.close)
        return port

    async def mute(_reader: Any, writer: Any) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(SECONDS * 4)
        writer.close()

    ports = Ports(
        http=await listen(receiver),
        https=await listen(receiver, ours.server(names)),
        stranger=await listen(receiver, strangers.server(names)),
        mute=await listen(mute),
        closed=free_port(),
    )
    # What a leak would reach.
    for host in ("127.0.0.1", "::1"):
        with suppress(OSError):
            server = await asyncio.start_server(receiver, host, ports.http)
            stack.callback(server.close)
    return ports, ours.client()


async def _together(attempts: list[Any]) -> list[str]:
    """What went wrong, in words; a few attempts at a time."""
    gate = asyncio.Semaphore(TOGETHER)

    async def one(attempt: Any) -> str:
        async with gate:
            return await attempt

    return [found for found in await asyncio.gather(*map(one, attempts)) if found]


async def _hostile(session: Any, receiver: Any, target: Any) -> str:
    from integrations.webhooks.addresses import ensure_url_allowed
    from integrations.webhooks.transport import KEPT_CHARACTERS, post
    from workshop.lib.errors import RuleViolation

    if target.named:
        try:
            ensure_url_allowed(target.url)
        except RuleViolation as refusal:
            if refusal.field != "url":
                return f"{target.url}: refused at {refusal.field}"
        else:
            return f"{target.url}: may be saved"
    for _attempt in range(target.attempts):
        before = receiver.taken
        began = time.monotonic()
        answer = await post(session, url=target.url, body=b"{}", headers={}, timeout=SECONDS)
        if answer.error not in target.errors or (answer.error == "" and answer.status is None):
            return f"{target.kind} {target.url}: {answer.status} {answer.error!r}"
        if time.monotonic() - began > SECONDS + SLACK:
            return f"{target.kind} {target.url}: {time.monotonic() - began:.1f} s"
        if len(answer.text) > KEPT_CHARACTERS or not answer.text.translate(LINES).isprintable():
            return f"{target.kind} {target.url}: kept {answer.text[:50]!r}"
        if receiver.taken - before > MOST_TAKEN * TOGETHER:
            return f"{target.kind} {target.url}: took {receiver.taken - before} bytes"
    return ""


async def _past_the_check(session: Any, url: str) -> str:
    """As if the check of URLs were not there; the witness sees whether the socket's gate holds."""
    import aiohttp

    limit = aiohttp.ClientTimeout(total=SECONDS)
    with suppress(Exception):  # nonsense is refused in many ways
        async with session.post(url, data=b"{}", timeout=limit, allow_redirects=False):
            return ""
    return ""


async def _honest(session: Any, receiver: Any, url: str) -> str:
    from yarl import URL

    from integrations.webhooks.addresses import ensure_url_allowed
    from integrations.webhooks.transport import post

    ensure_url_allowed(url)
    body = f'{{"to": "{url}"}}'.encode()
    answer = await post(session, url=url, body=body, headers={"webhook-id": "1"}, timeout=10)
    if answer.error or answer.status not in {200, 201, 202, 204}:
        return f"{url}: {answer.status} {answer.error}"
    arrived = receiver.bodies.get(URL(url).raw_path_qs, b"")
    return "" if arrived == body or b'{"to": "' in arrived else f"{url}: other bytes arrived"


def _some(targets: list[Any]) -> list[Any]:
    """A twentieth of each kind, one at least."""
    kinds: dict[str, list[Any]] = {}
    for one in targets:
        kinds.setdefault(one.kind, []).append(one)
    return [one for found in kinds.values() for one in found[: max(1, len(found) // 20)]]


def _outside(address: str) -> bool:
    from tests.faults.ssrf_targets import OUTSIDE

    found = ip_address(address)
    plain = getattr(found, "ipv4_mapped", None) or found
    return plain in ip_network(OUTSIDE)


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
