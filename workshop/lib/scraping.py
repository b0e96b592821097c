"""Who may read the numbers, and what he is told: on the site's own address or on a port apart."""

from __future__ import annotations

import functools
import hmac
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from http import HTTPStatus
from socketserver import TCPServer
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.conf import settings
from django.db import connections
from django.http import HttpRequest
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import (
    CONTENT_TYPE_PLAIN_0_0_4,
    ThreadingWSGIServer,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from workshop.lib import metric_files, telemetry
from workshop.lib.addresses import client_address, within
from workshop.lib.telemetry import Reading

PATH: Final = "/metrics"
CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
KEPT: Final = 5.0  # seconds that what was read of the database is told again
PATIENCE: Final = 2.0  # seconds for the database; then the answer goes without its numbers
_HERE: Final = ("127.0.0.0/8", "::1/128")
# What a proxy adds to a request that it passes on.
_PASSED_ON: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")

logger = logging.getLogger(__name__)


def refusal(request: HttpRequest) -> HTTPStatus | None:
    """Why the numbers are not for this one; None when they are.

    With ``METRICS_TOKEN`` whoever brings it, from ``METRICS_NETWORKS`` if those are named. Without
    it those networks and this machine, both only directly: nobody for whom a proxy speaks.
    """
    networks = settings.METRICS_NETWORKS
    if settings.METRICS_TOKEN:
        allowed = _knows_the_token(request)
        if networks:
            allowed = within(client_address(request), networks) and allowed
        return None if allowed else HTTPStatus.FORBIDDEN
    address = str(request.META.get("REMOTE_ADDR", ""))
    direct = not any(name in request.META for name in _PASSED_ON)
    here = within(address, _HERE) and _asks_for_this_machine(request)
    return None if direct and (here or within(address, networks)) else HTTPStatus.NOT_FOUND


def _knows_the_token(request: HttpRequest) -> bool:
    scheme, _blank, given = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
    same = hmac.compare_digest(given.strip().encode(), settings.METRICS_TOKEN.encode())
    return same and scheme.lower() == "bearer"


def _asks_for_this_machine(request: HttpRequest) -> bool:
    """By its number or as localhost. A public name says that a proxy stands between, or a page in a
    browser of this machine whose name was made to lead here.
    """
    given = str(request.META.get("HTTP_HOST", ""))
    name = given.rpartition("]")[0].strip("[") if "]" in given else given.partition(":")[0]
    return name == "localhost" or within(name, _HERE)


# --- the text -----------------------------------------------------------------------------------


def own() -> bytes:
    """The numbers of this program: of one process, or of all processes of the server."""
    folder = metric_files.shared()
    if folder is None:
        return generate_latest(telemetry.registry)
    together = CollectorRegistry()
    MultiProcessCollector(together, path=folder)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def everything() -> bytes:
    """With what stands in the database: the site tells it, so that it is told once."""
    return own() + text_of(_readings())


def text_of(readings: Iterable[Reading]) -> bytes:
    """Readings as Prometheus wants them."""
    collected = CollectorRegistry()
    collected.register(_Told(readings))
    return generate_latest(collected)


class _Told:
    """What the library collects: the readings as gauges."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._readings = list(readings)

    def collect(self) -> Iterator[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for one in self._readings:
            gauge = one.gauge
            if gauge.name not in families:
                families[gauge.name] = GaugeMetricFamily(
                    gauge.name, gauge.about, labels=gauge.labels
                )
            families[gauge.name].add_metric(one.labels, one.value)
        yield from families.values()


# --- what stands in the database ----------------------------------------------------------------

_pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readings")
_lock = threading.Lock()
_asked: Future[list[Reading]] | None = None
_asked_at = 0.0


def _readings() -> list[Reading]:
    """Read in a thread of its own, so that a database that hangs does not hang the answer.

    Those who ask within :data:`KEPT` are told the same; while a look hangs there is no second one.
    """
    global _asked, _asked_at
    with _lock:
        now = time.monotonic()
        fresh = now - _asked_at < KEPT
        if _asked is None or (_asked.done() and not fresh):
            _asked, _asked_at = _pool.submit(_look_and_leave), now
        looking = _asked
    wait([looking], PATIENCE)
    build = telemetry.BUILD.of(1, settings.BUILD)
    if not looking.done():
        logger.warning("the database does not tell its numbers")
        return [build, telemetry.READERS_FAILED.of(len(settings.METRICS_READERS))]
    return [build, *looking.result()]


def _look_and_leave() -> list[Reading]:
    try:
        return look()
    finally:
        connections.close_all()


def look() -> list[Reading]:
    """All readers one after the other; one that fails is told of and hides no other."""
    found: list[Reading] = []
    failed = 0
    for name in settings.METRICS_READERS:
        read: Callable[[], Iterable[Reading]] = import_string(name)
        try:
            found += read()
        except Exception as error:  # whatever it was: the others are wanted all the more
            failed += 1
            logger.warning(
                "numbers cannot be read", extra={"kind": name, "error": type(error).__name__}
            )
    return [*found, telemetry.READERS_FAILED.of(failed)]


# --- a port of its own --------------------------------------------------------------------------


@functools.cache
def _tell_of_the_process() -> None:
    ProcessCollector(registry=telemetry.registry)


class _Server(ThreadingWSGIServer):
    """Does not ask a name server what this machine is called: that may take long."""

    def server_bind(self) -> None:
        TCPServer.server_bind(self)
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), int(port)
        self.setup_environ()


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Silent(WSGIRequestHandler):
    """The log is for what people do."""

    timeout = 10  # seconds; a connection that says nothing ends

    def log_message(self, format: str, *args: Any) -> None:
        pass


def serve(port: int) -> ThreadingWSGIServer | None:
    """Tell this program's numbers on ``METRICS_HOST``:``port``, in a thread; 0: not at all.

    A port that is taken is told of in the log: nobody stops working for a number.
    """
    if not (settings.METRICS and port):
        return None
    _tell_of_the_process()
    host = settings.METRICS_HOST
    kind = _Server6 if ":" in host else _Server
    try:
        server = make_server(host, port, _application, kind, _Silent)
    except OSError as error:
        logger.error(
            "no metrics: the port cannot be used", extra={"port": port, "error": error.strerror}
        )
        return None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def _application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    request = HttpRequest()
    request.META = environ
    why = HTTPStatus.NOT_FOUND if environ["PATH_INFO"] != PATH else refusal(request)
    if why is not None:
        start_response(f"{why.value} {why.phrase}", [("Content-Type", "text/plain")])
        return [why.phrase.encode()]
    start_response("200 OK", [("Content-Type", CONTENT_TYPE)])
    return [own()]
