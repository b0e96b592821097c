"""Services of others, as the workshop sees them: a mail server, Sentry, a collector, a monitor.

All speak TLS. Each knows which secrets count at this moment and who came with which one. A refusal
repeats the secret it was shown: whatever passes on the words of a service would give it away.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import re
import smtplib
import ssl
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import brotli

from analytics.tests import smtp
from tests.faults.certificates import Authority
from tests.faults.secret_files import new_secret, secret_part

HOST: Final = "localhost"
OK, UNAUTHORIZED = 200, 401
MAIL, REPORTS, TRACES, LIFE = (
    "EMAIL_URL", "SENTRY_DSN", "OTEL_EXPORTER_OTLP_HEADERS", "HEARTBEAT_URL",
)  # fmt: skip
SERVICES: Final = (MAIL, REPORTS, TRACES, LIFE)
_KEY: Final = re.compile(r"sentry_key=([^, ]+)")
_UNPACK: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
}


@dataclass
class Door:
    """``lets_in``: the secrets that count; ``came`` and ``refused``: how often with which one;
    ``taken`` and ``sent_away``: what was brought. That has left the workshop, too."""

    lets_in: set[str] = field(default_factory=set)
    came: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    taken: list[bytes] = field(default_factory=list)
    sent_away: list[bytes] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.Lock)

    def knock(self, secret: str, body: bytes = b"") -> bool:
        with self._lock:
            is_right = secret in self.lets_in
            (self.came if is_right else self.refused)[secret] += 1
            (self.taken if is_right else self.sent_away).append(body)
        return is_right

    def seen(self, secret: str) -> int:
        return self.came[secret] + self.refused[secret]


class Services:
    """All four for the length of a block, each under the setting that leads to it."""

    def __init__(self) -> None:
        self.doors = {name: Door() for name in SERVICES}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Services:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-tls-")))
        self._authority = Authority(folder / "authority")
        tls = self._authority.server([HOST])
        self._post = self._stack.enter_context(smtp.running(tls))
        self._post.lets_in = self.doors[MAIL].knock
        self._port = self._stack.enter_context(_listening(tls, self.doors))
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def environment(self) -> dict[str, str]:
        """What is no secret."""
        return {
            "SSL_CERT_FILE": str(self._authority.file),
            "REQUESTS_CA_BUNDLE": str(self._authority.file),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://{HOST}:{self._port}",
            "EMAIL_FROM": "workshop@example.org",
        }

    def new(self, name: str) -> str:
        """Another value of the setting, which counts from now on beside those that do."""
        secret = new_secret()
        self.doors[name].lets_in.add(secret)
        return {
            MAIL: f"smtp+ssl://workshop:{secret}@{HOST}:{self._post.port}",
            REPORTS: f"https://{secret}@{HOST}:{self._port}/1",
            TRACES: f"X-Key={secret}",
            LIFE: f"https://{HOST}:{self._port}{_PING}{secret}",
        }[name]

    def forget(self, name: str, value: str) -> None:
        self.doors[name].lets_in.discard(secret_part(name, value))

    def opens(self, name: str, value: str) -> bool:
        """Does the service let somebody in with this value?"""
        secret, tls = secret_part(name, value), self._authority.client()
        if name == MAIL:
            return _signs_in(self._post.port, secret, tls)
        path, headers = {
            REPORTS: (_ENVELOPES, {"X-Sentry-Auth": f"Sentry sentry_key={secret}"}),
            TRACES: (_TRACES, {"X-Key": secret}),
            LIFE: (_PING + secret, {}),
        }[name]
        client = http.client.HTTPSConnection(HOST, self._port, timeout=30, context=tls)
        with contextlib.closing(client):
            client.request("GET" if name == LIFE else "POST", path, headers=headers)
            return client.getresponse().status == OK

    # --- what has arrived -----------------------------------------------------------------------

    def mails(self) -> list[EmailMessage]:
        return list(self._post.box)

    def reported(self) -> set[str]:
        """Ids of the requests whose errors have been reported."""
        events = [one for body in self.doors[REPORTS].taken for one in _events(body)]
        return {str(one.get("tags", {}).get("request_id", "")) for one in events}

    def texts(self) -> Iterator[tuple[str, bytes]]:
        """Everything that came, by the service. An envelope names its own key, to Sentry alone."""
        for one in self.mails():
            yield MAIL, one.as_bytes() + one.get_content().encode()
        for name in (REPORTS, TRACES):
            for body in (*self.doors[name].taken, *self.doors[name].sent_away):
                yield name, body


def _events(envelope: bytes) -> Iterator[dict[str, Any]]:
    """A line about the envelope, then one about each item and its line."""
    lines = envelope.splitlines()[1:]
    for about, item in zip(lines[::2], lines[1::2], strict=False):
        if json.loads(about).get("type") == "event":
            yield json.loads(item)


def _signs_in(port: int, secret: str, tls: ssl.SSLContext) -> bool:
    try:
        with smtplib.SMTP_SSL(HOST, port, timeout=30, context=tls) as client:
            client.login("workshop", secret)
    except smtplib.SMTPAuthenticationError:
        return False
    return True


_ENVELOPES, _TRACES, _PING = "/api/1/envelope/", "/v1/traces", "/ping/"


@contextlib.contextmanager
def _listening(tls: ssl.SSLContext, doors: Mapping[str, Door]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(LIFE, self.path.removeprefix(_PING))

        def do_POST(self) -> None:
            if self.path == _TRACES:
                self._answer(TRACES, self.headers["X-Key"] or "")
            else:
                found = _KEY.search(self.headers["X-Sentry-Auth"] or "")
                self._answer(REPORTS, found[1] if found else "")

        def _answer(self, name: str, secret: str) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            unpack = _UNPACK.get(self.headers["Content-Encoding"] or "")
            if doors[name].knock(secret, unpack(body) if unpack else body):
                self.send_response(OK)
            else:
                self.send_response(UNAUTHORIZED, f"Not with {secret}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Says nothing."""

    # The handshake in the thread of the request: one that hangs must not hold up the others.
    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
