"""The site and its clients under a benchmark: gunicorn as deployed, requests without a library.

The client costs as little as possible: it shares its cores with the database.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import cpu_seconds, start
from tests.faults.setup import ROOT, free_port, wait_until

HOST = "127.0.0.1"
PATIENCE = 30  # seconds for one answer
OK = 200


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 when nothing did."""

    status: int
    head: str
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, empty when it is not there."""
        for line in self.head.split("\r\n"):
            key, _colon, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return ""


@dataclass(frozen=True)
class Site:
    """A running server."""

    port: int
    pid: int

    def workers(self) -> list[int]:
        """The processes that answer."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(one) for one in path.read_text().split()] if path.exists() else []

    def cpu(self) -> float:
        """Seconds that server and workers have used so far."""
        return sum(cpu_seconds(pid) for pid in (self.pid, *self.workers()))

    def ask(self, request: bytes) -> Answer:
        """One request on a connection of its own. A connection that is cut is status 0."""
        try:
            with socket.create_connection((HOST, self.port), PATIENCE) as connection:
                connection.sendall(request)
                return _parsed(_whole(connection))
        except OSError:
            return Answer(0, "", b"")


def _whole(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(1 << 18):
        parts.append(part)
    return b"".join(parts)


def _parsed(text: bytes) -> Answer:
    head, found, body = text.partition(b"\r\n\r\n")
    if not found:
        return Answer(0, "", b"")
    told = head.decode("latin-1")
    return Answer(int(told[9:12]), told, body)


def get(path: str, **headers: str) -> bytes:
    """The bytes of a GET; underscores in names of headers are hyphens."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@contextlib.contextmanager
def serving(
    application: str,
    environment: Mapping[str, str],
    *,
    cpus: frozenset[int] | None = None,
    options: Sequence[str] = (),
    ready: str = "/health/live",
) -> Iterator[Site]:
    """gunicorn with the configuration of the product, until it answers on ``ready``."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
    command += ["--bind", f"{HOST}:{port}", *options, application]
    process = start(command, cpus=cpus, environment=environment, cwd=ROOT)
    try:
        wait_until(lambda: process.poll() is not None or _answers(port, ready), 60, 0.1)
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode}")
        yield Site(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        return connection.getresponse().status == OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def together(count: int, act: Callable[[int], None]) -> float:
    """``act(number)`` in as many threads, begun in the same moment; how many seconds it took."""
    barrier = threading.Barrier(count + 1)

    def work(number: int) -> None:
        barrier.wait()
        act(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began
