"""Where a request comes from, behind the proxies that we trust and no others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: HttpRequest) -> str:
    """The address of the client: of ``X-Forwarded-For`` only what our own proxies have added.

    With ``TRUSTED_PROXY_COUNT`` = n the n-th entry from the right; whatever stands left of it was
    written by the client himself.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    trusted = int(settings.TRUSTED_PROXY_COUNT)
    if not trusted:
        return _plain(direct)
    passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    passed = [part for part in passed if part]
    if len(passed) < trusted:
        return _plain(direct)
    return _plain(passed[-trusted]) or _plain(direct)


def within(address: str, networks: Iterable[str]) -> bool:
    """Does the address lie in one of the networks? Something that is no address never does."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(network) for network in networks)


def _plain(text: str) -> str:
    """The address in its one spelling; an IPv4 address in an IPv6 envelope is taken out of it."""
    try:
        found: Address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
