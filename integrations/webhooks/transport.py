"""One HTTP request to a receiver nobody here vouches for.

Names are looked up once per connection; what was found is what is connected to, and every address
is judged again when its socket opens, so that a name that changes its mind leads nowhere. TLS
still proves the name. No redirect, no cookie, no proxy of the environment, no decompression that
could swell; the answer is read to 64 KB, and the whole attempt has one time limit.
"""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import AsyncResolver

from integrations.webhooks.addresses import ensure_url_allowed, is_allowed
from workshop.lib import clock
from workshop.lib.errors import RuleViolation

MOST_BYTES: Final = 64 * 1024
KEPT_CHARACTERS: Final = 1000
LONGEST_WAIT: Final = timedelta(days=7)
# Asked again after one, two and four seconds; sooner where the server is known to be quick.
LOOKUP_SECONDS: Final = 1.0
LOOKUP_TRIES: Final = 3
_CHARSETS: Final = {"windows-1251", "koi8-r"}
_HEADERS: Final = {"User-Agent": "Repassage-Webhooks/1", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Answer:
    """What became of one attempt. With a ``status`` the receiver has answered: it decides.

    ``text``: the first 1000 characters. ``retry_after``: seconds, at most a week. ``error``: empty,
    or timeout, refused_address, dns, connect, tls, redirect, protocol (no HTTP, endless headers).
    """

    status: int | None = None
    milliseconds: int = 0
    text: str = ""
    retry_after: int | None = None
    error: str = ""


class RefusedAddress(OSError):
    """The name or number leads to a network that webhooks do not go to."""


class _GuardedResolver(AbstractResolver):
    """Leaves of the addresses of a name those that are allowed; none left = refused."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        allowed = [one for one in found if is_allowed(one["host"])]
        if found and not allowed:
            raise RefusedAddress("refused address")
        return allowed

    async def close(self) -> None:
        await self._resolver.close()


def _guarded_socket(address: Any) -> socket.socket:
    """The last gate: nothing is connected to that is not allowed, whoever asked for it."""
    family, kind, protocol, _name, target = address
    if not is_allowed(target[0]):
        raise RefusedAddress("refused address")
    return socket.socket(family=family, type=kind, proto=protocol)


@asynccontextmanager
async def open_session(
    *,
    limit: int,
    resolver: AbstractResolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session for :func:`post` with at most ``limit`` connections at a time.

    ``resolver`` asks another name server and ``tls`` trusts another authority; the guard stands in
    front of either. Each request has a connection of its own: one that was kept could be closed
    by the receiver at the moment it is used again, and a POST must not be repeated blindly.
    """
    guarded = _GuardedResolver(
        resolver or AsyncResolver(timeout=LOOKUP_SECONDS, tries=LOOKUP_TRIES)
    )
    connector = aiohttp.TCPConnector(
        limit=limit,
        resolver=guarded,
        use_dns_cache=False,
        force_close=True,
        ssl=tls or True,
        socket_factory=_guarded_socket,
    )
    try:
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers=_HEADERS,
        ) as session:
            yield session
    finally:
        await guarded.close()


async def post(
    session: aiohttp.ClientSession,
    *,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout: float,
) -> Answer:
    """One attempt: these exact bytes to this address, all of it within ``timeout`` seconds.

    Never raises because of the network or the receiver.
    """
    began = time.monotonic()
    answer = await _attempt(session, url, body, headers, timeout)
    return replace(answer, milliseconds=round((time.monotonic() - began) * 1000))


async def _attempt(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout: float,
) -> Answer:
    answer = Answer()
    limit = aiohttp.ClientTimeout(total=timeout, sock_connect=None)
    try:
        ensure_url_allowed(url)
        async with session.post(
            url, data=body, headers=headers, timeout=limit, allow_redirects=False
        ) as response:
            # From here on the receiver has decided: what comes behind the headers changes nothing.
            answer = _decided(response)
            answer = replace(answer, text=await _beginning(response))
    except RuleViolation:
        return Answer(error="refused_address")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return answer if answer.status is not None else Answer(error=_code(error))
    return answer


def _decided(response: aiohttp.ClientResponse) -> Answer:
    return Answer(
        status=response.status,
        retry_after=_seconds(response.headers.get("Retry-After", "")),
        error="redirect" if 300 <= response.status < 400 else "",
    )


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """The first characters of the answer; of what is longer than 64 KB the rest is not read."""
    read = bytearray()
    # It broke off or the time is up: what came is kept.
    with suppress(aiohttp.ClientError, OSError):
        while len(read) < MOST_BYTES and (part := await response.content.readany()):
            read += part
    response.close()
    return _readable(_unpacked(response, bytes(read[:MOST_BYTES])), response.charset)


def _unpacked(response: aiohttp.ClientResponse, data: bytes) -> bytes:
    """The beginning of an answer that was compressed though nobody asked for it."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"gzip", "deflate"}:
        return data if encoding == "identity" else b""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, 4 * KEPT_CHARACTERS)
    except zlib.error:
        return b""


def _readable(data: bytes, charset: str | None) -> str:
    """Text for people: nothing invisible (PostgreSQL takes no NUL), wrong bytes marked."""
    known = charset.lower() if charset else ""
    encoding = known if known in _CHARSETS else "utf-8"
    text = data[: 4 * KEPT_CHARACTERS].decode(encoding, "replace")
    return "".join(one for one in text if one.isprintable() or one in "\n\t")[:KEPT_CHARACTERS]


def _seconds(retry_after: str) -> int | None:
    """``Retry-After`` as seconds from now; it is a number or a date, else there is none."""
    most = int(LONGEST_WAIT.total_seconds())
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), most)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, min(ceil((moment - clock.now()).total_seconds()), most))


def _code(error: Exception) -> str:
    if isinstance(getattr(error, "os_error", None), RefusedAddress):
        return "refused_address"
    return next((code for kind, code in _CODES if isinstance(error, kind)), "protocol")


# The first that fits.
_CODES: Final[list[tuple[type[Exception], str]]] = [
    (aiohttp.InvalidURL, "refused_address"),
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorDNSError, "dns"),
    (aiohttp.ClientSSLError, "tls"),
    (aiohttp.ClientOSError, "connect"),
    (aiohttp.ServerDisconnectedError, "connect"),
]
