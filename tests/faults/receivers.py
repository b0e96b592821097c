"""Receivers of webhooks, honest and hostile, on loopback addresses of their own.

One server speaks all manners; the path of the URL says which. It counts what it was sent and how
much of what it wanted to answer was taken.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

Writer = asyncio.StreamWriter
Manner = Callable[["Receiver", Writer, str], Awaitable[None]]
MANNERS: dict[str, Manner] = {}
FOREVER = 60.0  # seconds; whoever waits so long has no time limit
OK = b"HTTP/1.1 200 OK\r\n"
END = b"Connection: close\r\n\r\n"


@dataclass
class Receiver:
    """``taken``: bytes of answers that were written; ``bodies``: what was delivered, by path."""

    taken: int = 0
    bodies: dict[str, bytes] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)

    async def __call__(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        gone = (OSError, asyncio.IncompleteReadError, asyncio.CancelledError)
        with suppress(*gone):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            target = head.split(" ")[1]
            length = head.lower().partition("content-length:")[2].partition("\r\n")[0]
            self.bodies[target] = await reader.readexactly(int(length or 0))
            self.heads[target] = head
            manner, _, rest = target.lstrip("/").partition("?")[0].partition("/")
            await MANNERS.get(manner, _ok)(self, writer, rest)
        writer.close()

    async def say(self, writer: Writer, data: bytes) -> None:
        if writer.is_closing():
            raise ConnectionResetError
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)  # so that the loop can notice that the other one has gone
        self.taken += len(data)


async def serve(
    receiver: Receiver, host: str, tls: ssl.SSLContext | None = None
) -> tuple[asyncio.Server, int]:
    """Listens on a free port of this loopback address."""
    server = await asyncio.start_server(receiver, host, 0, ssl=tls)
    return server, int(server.sockets[0].getsockname()[1])


def manner(function: Manner) -> Manner:
    MANNERS[function.__name__.strip("_").replace("_", "-")] = function
    return function


# --- honest -----------------------------------------------------------------------------------
@manner
async def _ok(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK + b"Content-Length: 2\r\n" + END + b"ok")


@manner
async def _status(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, b"HTTP/1.1 %s Done\r\nContent-Length: 0\r\n" % rest.encode() + END)


@manner
async def _chunked(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK + b"Transfer-Encoding: chunked\r\n" + END + b"2\r\nok\r\n0\r\n\r\n")


@manner
async def _compressed(one: Receiver, writer: Writer, rest: str) -> None:
    body = gzip.compress("готово".encode())
    await one.say(writer, OK + b"Content-Encoding: gzip\r\n" + END + body)


@manner
async def _cyrillic(one: Receiver, writer: Writer, rest: str) -> None:
    kind = b"Content-Type: text/plain; charset=windows-1251\r\n"
    await one.say(writer, OK + kind + END + "принято".encode("cp1251"))


@manner
async def _old(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, b"HTTP/1.0 200 OK\r\n\r\nok")


@manner
async def _early(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    await _ok(one, writer, rest)


@manner
async def _late(one: Receiver, writer: Writer, rest: str) -> None:
    await asyncio.sleep(0.2)
    await _ok(one, writer, rest)


@manner
async def _long(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK + b"Content-Length: 60000\r\n" + END + b"ok" * 30_000)


@manner
async def _again(one: Receiver, writer: Writer, rest: str) -> None:
    when = b"Retry-After: %s\r\n" % rest.replace("_", " ").encode()
    await one.say(writer, b"HTTP/1.1 429 Later\r\n" + when + b"Content-Length: 0\r\n" + END)


# --- redirects --------------------------------------------------------------------------------
INSIDE = (
    "http://127.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "//10.0.0.1/",
    "file:///etc/passwd", "gopher://127.0.0.1:6379/_FLUSHALL", "http://2130706433/",
)  # fmt: skip


@manner
async def _redirect(one: Receiver, writer: Writer, rest: str) -> None:
    status, _, target = rest.partition("/")
    where = INSIDE[int(target) % len(INSIDE)].encode()
    await one.say(writer, b"HTTP/1.1 %s Go\r\nLocation: %s\r\n" % (status.encode(), where) + END)


@manner
async def _refresh(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK + b"Refresh: 0; url=http://127.0.0.1/\r\n" + END)


# --- slow -------------------------------------------------------------------------------------
@manner
async def _silent(one: Receiver, writer: Writer, rest: str) -> None:
    await asyncio.sleep(FOREVER)


@manner
async def _drip_head(one: Receiver, writer: Writer, rest: str) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 1_000:
        await one.say(writer, bytes([byte]))
        await asyncio.sleep(0.05)


@manner
async def _drip_body(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK + b"Content-Length: 100000\r\n" + END)
    while True:
        await one.say(writer, b"x")
        await asyncio.sleep(0.05)


@manner
async def _continue(one: Receiver, writer: Writer, rest: str) -> None:
    while True:
        await one.say(writer, b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(0.01)


# --- huge -------------------------------------------------------------------------------------
@manner
async def _endless_body(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK + END)
    while True:
        await one.say(writer, b"x" * 65_536)


@manner
async def _endless_chunks(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK + b"Transfer-Encoding: chunked\r\n" + END)
    while True:
        await one.say(writer, b"10000\r\n" + b"x" * 65_536 + b"\r\n")


@manner
async def _tiny_chunks(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK + b"Transfer-Encoding: chunked\r\n" + END)
    while True:
        await one.say(writer, b"1\r\nx\r\n" * 4_096)


@manner
async def _claimed(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK + b"Content-Length: 999999999999999\r\n" + END)
    while True:
        await one.say(writer, b"\0" * 65_536)


@manner
async def _long_header(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK + b"X: ")
    while True:
        await one.say(writer, b"a" * 65_536)


@manner
async def _many_headers(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, OK)
    while True:
        await one.say(writer, b"X: 1\r\n" * 4_096)


@manner
async def _long_reason(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, b"HTTP/1.1 200 ")
    while True:
        await one.say(writer, b"a" * 65_536)


# --- bombs ------------------------------------------------------------------------------------
def _zeros(wbits: int) -> bytes:
    """100 MB in some 100 kB."""
    packer = zlib.compressobj(6, zlib.DEFLATED, wbits, strategy=zlib.Z_RLE)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(100)) + packer.flush()


_GZIPPED = _zeros(31)
BOMBS = {
    "gzip": _GZIPPED,
    "deflate": _zeros(15),
    "members": gzip.compress(b"x" * 100) * 20_000,
    "nested": gzip.compress(_GZIPPED),
    "broken": _GZIPPED[:5_000] + b"\xff" * 60_000,
}


@manner
async def _bomb(one: Receiver, writer: Writer, rest: str) -> None:
    encoding, _, name = rest.partition("/")
    head = OK + b"Content-Encoding: %s\r\n" % encoding.encode()
    await one.say(writer, head + END + BOMBS[name])


# --- no HTTP ----------------------------------------------------------------------------------
NOISE = (
    b"SSH-2.0-OpenSSH_9.6\r\n", b"220 mail ESMTP\r\n", b"-ERR unknown command\r\n", b"\0" * 1_000,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n",
    b"HTTP/1.1 99999 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"<html>hello</html>",
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx", b"",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81",
    b"HTTP/1.1 200 OK\r\nRetry-After: 99999999999999999999999999\r\n\r\n\xff\xfe\0\x1b[31m",
)  # fmt: skip


@manner
async def _noise(one: Receiver, writer: Writer, rest: str) -> None:
    await one.say(writer, NOISE[int(rest)])
