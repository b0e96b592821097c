"""A name server on loopback that answers as a test tells it to, differently each time."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import AsyncResolver

from integrations.webhooks.transport import LOOKUP_SECONDS, LOOKUP_TRIES

A, CNAME, AAAA = 1, 5, 28
NAME_ERROR = 3
Zone = Mapping[str, Callable[[int], Sequence[str] | None]]
"""Name → (how often it was asked before) → addresses and at most one other name; None = silence."""


class NameServer(asyncio.DatagramProtocol):
    """``async with NameServer(zone) as names``: :meth:`resolver` asks it and nobody else."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self.asked: Counter[tuple[str, int]] = Counter()
        self._newest: dict[tuple[str, int], bytes] = {}
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        transport, _self = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._transport.close()

    def resolver(self) -> AbstractResolver:
        """The product's own kind, with another server behind it. Needs a running loop."""
        return AsyncResolver(
            nameservers=["127.0.0.1"],
            udp_port=self.port,
            tcp_port=self.port,
            timeout=LOOKUP_SECONDS,
            tries=LOOKUP_TRIES,
        )

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, end = _read_name(data, 12)
        (kind,) = struct.unpack_from("!H", data, end)
        question = data[12 : end + 4]
        answer = self._zone.get(name)
        # The same question sent again, because its answer was late, is no other look-up.
        if self._newest.get((name, kind)) != data[:2]:
            self._newest[name, kind] = data[:2]
            self.asked[name, kind] += 1
        found = answer(self.asked[name, kind] - 1) if answer else ()
        if found is None:
            return
        records = self._records(name, kind, found)
        code = 0 if answer else NAME_ERROR
        head = struct.pack(
            "!HHHHHH", *struct.unpack_from("!H", data), 0x8180 | code, 1, len(records), 0, 0
        )
        self._transport.sendto(head + question + b"".join(records), addr)

    def _records(self, name: str, kind: int, found: Sequence[str]) -> list[bytes]:
        """Addresses of the kind that was asked for; a name is followed within this zone."""
        records = []
        for text in found:
            try:
                address = ipaddress.ip_address(text)
            except ValueError:
                records.append(_record(name, CNAME, _written(text)))
                next_one = self._zone.get(text)
                records += self._records(text, kind, (next_one(0) if next_one else None) or ())
            else:
                if kind == (A if address.version == 4 else AAAA):
                    records.append(_record(name, kind, address.packed))
        return records


def _record(name: str, kind: int, value: bytes) -> bytes:
    # Nothing is kept: time to live 0.
    return _written(name) + struct.pack("!HHIH", kind, 1, 0, len(value)) + value


def _written(name: str) -> bytes:
    labels = [label.encode() for label in name.rstrip(".").split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    labels = []
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode())
        at += length + 1
    return ".".join(labels).lower(), at + 1
