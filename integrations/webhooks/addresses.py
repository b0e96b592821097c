"""Where a webhook may go: not into our own network, however the address is written.

Pure but for the settings. The address is judged twice: the URL when it is saved and again before
each attempt (:func:`ensure_url_allowed`), and each resolved address when its socket opens
(`transport`), because a name can lead elsewhere a second later.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from yarl import URL

from workshop.lib.errors import RuleViolation

LONGEST_URL: Final = 500
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IANA's special-purpose registries, written out: Python's own tables differ by version. Then what
# has a public look and is the inside of a provider: Azure answers its machines on 168.63.129.16.
_REFUSED_V4: Final = [
    ipaddress.IPv4Network(text)
    for text in [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/3", "168.63.129.16/32",
    ]
]  # fmt: skip
# Of IPv6 only the global unicast space is a place in the internet, less these.
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6: Final = [
    ipaddress.IPv6Network(text)
    for text in ["2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20"]
]
# Networks that carry an IPv4 address, and how many bits stand behind it.
_CARRIERS: Final = [
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),  # translated
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4
]
_HOST: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9-]{1,63}\.?")
_WEB_PORTS: Final = {80, 443}
_FIRST_FREE_PORT: Final = 1024


def is_allowed(address: str) -> bool:
    """May a socket be opened to this address? Something that is no address never may."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    meant = _carried(found) or found
    if any(one in network for one in (found, meant) for network in _allow_listed()):
        return True
    if isinstance(meant, ipaddress.IPv4Address):
        return meant.is_global and not any(meant in network for network in _REFUSED_V4)
    return (
        meant in _GLOBAL_V6
        and meant.is_global
        and meant.scope_id is None
        and not any(meant in network for network in _REFUSED_V6)
    )


def _carried(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address to which a translator on the way would lead, if there is one inside."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    for network, behind in _CARRIERS:
        if address in network:
            return ipaddress.IPv4Address(int(address) >> behind & 0xFFFFFFFF)
    return None


def _allow_listed() -> tuple[Network, ...]:
    return _networks(tuple(settings.WEBHOOK_ALLOWED_NETWORKS))


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


def ensure_url_allowed(url: str) -> None:
    """The URL is one that a webhook may have; a name is looked up only when it is used.

    Raises RuleViolation at the field ``url``: ``webhooks.bad_url``, ``webhooks.https_only``,
    ``webhooks.port_refused``, ``webhooks.address_refused``.
    """
    parts = _parsed(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.WEBHOOK_ALLOW_HTTP):
        raise RuleViolation(
            "webhooks.https_only", _("The address must begin with https://."), field="url"
        )
    if parts.port not in _WEB_PORTS and not _FIRST_FREE_PORT <= (parts.port or 0) <= 65535:
        raise RuleViolation(
            "webhooks.port_refused",
            _("This port is not for the web: 80, 443 or from 1024 on."),
            field="url",
        )
    host = (parts.host or "").rstrip(".")
    meant = _literals(host)
    if meant and not any(map(is_allowed, meant)):
        raise RuleViolation(
            "webhooks.address_refused",
            _("This address lies in an internal network; webhooks go outside only."),
            field="url",
        )


def _parsed(url: str) -> URL:
    """By the parser of the library that sends: what is checked is what is called."""
    bad = RuleViolation(
        "webhooks.bad_url",
        _("This is no full web address such as https://example.com/hook."),
        field="url",
    )
    if len(url) > LONGEST_URL or not url.isprintable() or re.search(r"[\s\\]", url):
        raise bad
    try:
        parts = URL(url)
        host, user, password = parts.host, parts.user, parts.password
        _port = parts.port
    except ValueError:
        raise bad from None
    if not host or user is not None or password is not None or parts.raw_fragment:
        raise bad
    if ":" not in host and not _HOST.fullmatch((parts.raw_host or "").lower()):
        raise bad
    return parts


def _literals(host: str) -> tuple[str, ...]:
    """The addresses that the host means without being looked up; none for a name."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return ("127.0.0.1", "::1")
    # 0x7f.1, 2130706433, 0177.0.0.1: no name ends so, only tricks do, and they are no address.
    return (host,) if ":" in host or _is_number(host) else ()


def _is_number(host: str) -> bool:
    last = host.rpartition(".")[2].lower()
    if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        return True
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True
