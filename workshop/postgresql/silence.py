"""A server that takes what it is sent and never answers: a dead cable, a hung machine or proxy.

Nothing bounds the wait for it but the client: its own limit of a statement does not reach us, and
a network in between may confirm every byte. So whoever waits for longer than a moment looks whether
the server still answers at all, on a connection beside: by the request with which every client may
begin, "do you speak TLS?", which costs neither a session nor a password and is answered with one
letter. A statement that merely takes long is left to the server's limit. In a process that has
found a server silent nobody waits again for a while: it fails at once.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import Any, Final

import psycopg
from psycopg.errors import _WaitTimeout

from workshop.lib.waiting import TakenUp

LOOK_EVERY: Final = 1.0  # seconds of waiting for one answer
PATIENCE: Final = 2.0  # seconds for the one letter; a busy server begins a process to give it
LEFT_ALONE: Final = 2.0  # seconds without another look after a vain one
SILENT: Final = "the database server does not answer"
_QUESTION: Final = struct.pack("!ii", 8, 80877103)  # SSLRequest of the frontend protocol

Address = tuple[str, int]

_vain: dict[Address, float] = {}  # when a look came back without an answer
_lock = threading.Lock()


def ensure_answers(params: Mapping[str, Any]) -> None:
    """Raises psycopg.OperationalError when the server of these parameters is silent."""
    address = address_of(params)
    if address is not None and not answers(address):
        raise psycopg.OperationalError(SILENT)


def address_of(params: Mapping[str, Any]) -> Address | None:
    """Where to look; None for what this cannot judge: several hosts, or TLS from the first byte."""
    host, port = str(params.get("host") or ""), str(params.get("port") or 5432)
    if not host or "," in host or not port.isdecimal() or params.get("service"):
        return None
    if params.get("sslnegotiation") == "direct" or params.get("hostaddr"):
        return None
    return host, int(port)


def answers(address: Address) -> bool:
    """One look, or the result of a vain one a moment ago. A refusal is an answer too: whoever
    connects then is told why.
    """
    with _lock:
        vain = _vain.get(address)
    if vain is not None and time.monotonic() - vain < LEFT_ALONE:
        return False
    try:
        found = _ask(address)
    except (TimeoutError, socket.gaierror):
        found = False
    except OSError:
        found = True
    with _lock:
        if found:
            _vain.pop(address, None)
        else:
            _vain[address] = time.monotonic()
    return found


def _ask(address: Address) -> bool:
    host, port = address
    if host.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        target: Any = os.path.join(host, f".s.PGSQL.{port}")
    else:
        connection, target = socket.socket(_family(host)), (host, port)
    with closing(connection):
        connection.settimeout(PATIENCE)
        connection.connect(target)
        connection.sendall(_QUESTION)
        connection.recv(1)  # the letter, or the end of the connection: it is not silent
        return True


def _family(host: str) -> socket.AddressFamily:
    return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][0]


def watch(connection: Any, address: Address | None) -> None:
    """From now on nobody waits for an answer of this connection after its server fell silent."""
    if address is not None:
        connection.wait = partial(_wait, connection, type(connection).wait, address)


def _wait(
    connection: Any,
    wait: Callable[..., Any],
    address: Address,
    gen: Any,
    interval: float = 0.1,
    timeout: float | None = None,
) -> Any:
    """``psycopg.Connection.wait``, looking up now and then."""
    if timeout is not None:
        return wait(connection, gen, interval, timeout)
    while True:
        try:
            return wait(connection, gen, interval, LOOK_EVERY)
        except _WaitTimeout:
            if not answers(address):
                connection.pgconn.finish()  # nothing that comes later may be taken for an answer
                raise psycopg.OperationalError(SILENT) from None
            gen = gen if isinstance(gen, TakenUp) else TakenUp(gen)
