"""Addresses that must lead nowhere, and honest ones that must be reached.

The outside is ``127.77.0.0/16``, which is allow-listed for the run; every other address is inside,
loopback itself above all. The authority that is trusted is our own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tests.faults.nameserver import Zone
from tests.faults.receivers import BOMBS, INSIDE, NOISE

OUTSIDE: Final = "127.77.0.0/16"
REFUSED: Final = frozenset({"refused_address"})
NETWORKS: Final = (
    "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.31.255.254", "169.254.169.254",
    "100.100.100.200", "0.0.0.0", "168.63.129.16", "224.0.0.1", "255.255.255.255",
)  # fmt: skip
REBINDING_ATTEMPTS: Final = 4
SIXES: Final = (
    "::1", "::", "::127.0.0.1", "fe80::1", "fe80::1%25lo", "fec0::1", "fc00::1", "fd00:ec2::254",
    "fd20:ce::254", "ff02::1", "ff0e::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "3fff::1",
    "5f00::1", "100::1", "64:ff9b:1::1", "2620:4f:8000::1", "0:0:0:0:0:0:0:1", "4000::1",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """``errors``: the right answers; "" is a delivery. ``named``: refused when it is typed."""

    kind: str
    url: str
    errors: frozenset[str]
    named: bool = False
    attempts: int = 1


@dataclass(frozen=True)
class Ports:
    """Where the receivers of the outside listen; ``stranger`` has certificates nobody trusts."""

    http: int
    https: int
    stranger: int
    mute: int
    closed: int


def zone() -> Zone:
    """What the name server of the run says."""
    names: dict[str, Callable[[int], Sequence[str] | None]] = {
        "hook.example": lambda _n: ["127.77.0.1"],
        "xn--e1afmkfd.example": lambda _n: ["127.77.0.1"],
        "a_b.hook.example": lambda _n: ["127.77.0.1"],
        "sub.hook.example": lambda _n: ["127.77.0.1"],
        "alias.example": lambda _n: ["hook.example"],
        "two.example": lambda _n: ["127.77.0.9", "127.77.0.1"],
        "other.example": lambda _n: ["127.77.0.1"],
        "silent.example": lambda _n: None,
        "alias-inside.example": lambda _n: ["inside-0.example"],
        "alias-local.example": lambda _n: ["local.example"],
        "local.example": lambda _n: ["127.0.0.1", "::1"],
    }
    for number, address in enumerate((*NETWORKS, *_plain_sixes())):
        names[f"inside-{number}.example"] = _always([address])
        names[f"mixed-{number}.example"] = _always(["127.77.0.9", address])
        names[f"turns-{number}.example"] = _turning(["127.77.0.1"], [address])
        names[f"flips-{number}.example"] = _turning([address], ["127.77.0.1"])
    return names


def _plain_sixes() -> list[str]:
    return [text for text in SIXES if "%" not in text]


def _always(addresses: Sequence[str]) -> Callable[[int], Sequence[str]]:
    return lambda _before: addresses


def _turning(first: Sequence[str], later: Sequence[str]) -> Callable[[int], Sequence[str]]:
    return lambda before: later if before % 2 else first


def hostile(ports: Ports) -> Iterator[Target]:
    yield from _numbers()
    yield from _sixes()
    yield from _names(ports)
    yield from _tricks(ports)
    yield from _answers(ports)
    yield from _certificates(ports)


def _numbers() -> Iterator[Target]:
    for address in NETWORKS:
        for host in _forms(address):
            yield Target("numbers", f"https://{host}/", REFUSED, named=True)


def _forms(address: str) -> Iterator[str]:
    parts = [int(part) for part in address.split(".")]
    whole = int(ipaddress.IPv4Address(address))
    yield address
    yield f"{address}."
    yield str(whole)
    yield hex(whole)
    yield f"0{whole:o}"
    yield ".".join(f"0{part:o}" for part in parts)
    yield ".".join(hex(part) for part in parts)
    yield ".".join(f"{part:03}" for part in parts)
    yield f"{parts[0]}.{whole & 0xFFFFFF}"
    yield f"{parts[0]}.{hex(parts[1])}.{whole & 0xFFFF}"
    yield "".join(chr(ord(one) + 0xFEE0) if one.isdigit() else one for one in address)
    yield address.replace(".", "。")
    yield "".join(f"%{ord(one):02x}" for one in address)


def _sixes() -> Iterator[Target]:
    carried = [
        form.format(high=high, low=low)
        for high, low in (("7f00", "1"), ("a9fe", "a9fe"), ("a00", "1"))
        for form in (
            "::ffff:{high}:{low}", "::ffff:0:{high}:{low}", "64:ff9b::{high}:{low}",
            "2002:{high}:{low}::", "::{high}:{low}", "fe80::5efe:{high}:{low}",
        )
    ]  # fmt: skip
    for address in (*SIXES, *carried, "::ffff:127.0.0.1", "::FFFF:169.254.169.254"):
        yield Target("ipv6", f"https://[{address}]/", REFUSED, named=True)


def _names(ports: Ports) -> Iterator[Target]:
    everywhere = range(len(NETWORKS) + len(_plain_sixes()))
    for number in everywhere:
        yield Target("names", f"http://inside-{number}.example:{ports.http}/", REFUSED)
    for host in ("alias-inside.example", "alias-local.example", "local.example"):
        yield Target("names", f"http://{host}:{ports.http}/", REFUSED)
    for number in everywhere[::2]:
        # The outside one is dead: the next of the list must not be tried in its place.
        url = f"http://mixed-{number}.example:{ports.http}/"
        yield Target("names", url, frozenset({"connect"}))
    for number in everywhere:
        name = ("turns", "flips")[number % 2]
        url = f"http://{name}-{number}.example:{ports.http}/rebound"
        right = frozenset({"", "refused_address", "dns"})  # dns: the name has no such address now
        yield Target("rebinding", url, right, attempts=REBINDING_ATTEMPTS)


def _tricks(ports: Ports) -> Iterator[Target]:
    outside = f"hook.example:{ports.https}"
    for url in (
        f"https://user@{outside}/", f"https://user:word@{outside}/", f"https://:word@{outside}/",
        f"https://{outside}\\@127.0.0.1/", f"https://127.0.0.1\\@{outside}/",
        f"https://{outside}#@127.0.0.1/", f"https://127.0.0.1#@{outside}/",
        f"https://{outside}/#part", "https://", "https:///path", "https:127.0.0.1/",
        "//127.0.0.1/", "/path", "127.0.0.1", "", " ", "https://[::1", "https://]/",
        f"file://{outside}/etc/passwd", "file:///etc/passwd", "ftp://hook.example/",
        "gopher://hook.example:6379/_PING", "ws://hook.example:8080/", "wss://hook.example/",
        "javascript:alert(1)", "data:text/plain,x", "unix:///run/docker.sock", "mailto:a@b.c",
        "https://hook.example:22/", "https://hook.example:25/", "https://hook.example:0/",
        "https://hook.example:65536/", "https://hook.example:-1/", "https://hook.example:x/",
        f"https://hook.example:{ports.https}:80/", "https://hook.example:443@127.0.0.1/",
        "https://localhost/", "https://LOCALHOST:8443/", "https://a.localhost/",
        "https://localhost./", "https://ho ok.example/", "https://hook.example/\r\nHost: a",
        "https://hook.example\t/", "https://hook.example\0.evil/", "https://hook..example/",
        "https://-hook.example/", "https://hook.example/" + "a" * 500,
        "https://" + "a" * 64 + ".b/",
        "https://%6c%6f%63alhost/", "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "https://\u202e127.0.0.1/",
    ):  # fmt: skip
        yield Target("tricks", url, REFUSED, named=True)


def _answers(ports: Ports) -> Iterator[Target]:
    plain, secure = f"http://hook.example:{ports.http}", f"https://hook.example:{ports.https}"
    for number in range(len(INSIDE)):
        for status in (301, 302, 303, 307, 308):
            url = f"{plain}/redirect/{status}/{number}"
            yield Target("redirects", url, frozenset({"redirect"}))
    yield Target("redirects", f"{plain}/refresh", frozenset({""}))
    late, whole = frozenset({"timeout"}), frozenset({""})
    cut = frozenset({"protocol"})
    for base in (plain, secure):
        for name in ("silent", "drip-head", "continue"):
            yield Target("slow", f"{base}/{name}", late)
        yield Target("slow", f"{base}/drip-body", whole)
        for name in ("endless-body", "endless-chunks", "tiny-chunks", "claimed"):
            yield Target("huge", f"{base}/{name}", whole)
        for name in ("long-header", "many-headers", "long-reason"):
            yield Target("huge", f"{base}/{name}", cut)
        for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "identity"):
            for name in BOMBS:
                yield Target("bombs", f"{base}/bomb/{encoding.replace(', ', ',')}/{name}", whole)
    yield Target("slow", f"http://silent.example:{ports.http}/", frozenset({"timeout", "dns"}))
    yield Target("slow", f"https://hook.example:{ports.mute}/", late)
    for number in range(len(NOISE)):
        yield Target("noise", f"{plain}/noise/{number}", frozenset({"", "protocol", "connect"}))


def _certificates(ports: Ports) -> Iterator[Target]:
    wrong = frozenset({"tls"})
    yield Target("tls", f"https://other.example:{ports.https}/", wrong)
    yield Target("tls", f"https://127.77.0.1:{ports.https}/", wrong)
    yield Target("tls", f"https://hook.example:{ports.stranger}/", wrong)
    yield Target("tls", f"https://hook.example:{ports.http}/", wrong | {"timeout"})


def honest(ports: Ports) -> list[str]:
    """Thirty addresses that must be reached."""
    hosts = (
        "hook.example", "HOOK.example", "hook.example.", "alias.example", "a_b.hook.example",
        "пример.example", "two.example", "127.77.0.1", "[::ffff:127.77.0.1]",
    )  # fmt: skip
    plain = [f"http://{host}:{ports.http}/ok" for host in hosts]
    manners = (
        "ok", "status/201", "status/202", "status/204", "chunked", "compressed", "cyrillic", "old",
        "early", "late", "long", "ok?token=1&b=%2F", "ok/путь", "ok/%D0%B6", "ok;v=1", "",
    )  # fmt: skip
    secure = [f"https://hook.example:{ports.https}/{name}" for name in manners]
    names = ("hook.example.", "alias.example", "sub.hook.example", "пример.example", "two.example")
    return plain + secure + [f"https://{name}:{ports.https}/ok" for name in names]
