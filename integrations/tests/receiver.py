"""A receiver of webhooks on loopback: keeps the raw requests, answers as it is told."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 20.0  # seconds; a bound for failures


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    """Usual are 5; what comes beyond them together is not let in before a second has passed."""


Reply = tuple[int, dict[str, str], bytes]
OK: Reply = (204, {}, b"")


class Receiver:
    """``reply`` decides on each request; ``most`` is how many were open together, by path."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.reply: Callable[[Request], Reply] = lambda _request: OK
        self.most: Counter[str] = Counter()
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._came: queue.Queue[Request] = queue.Queue()

    def next(self) -> Request:
        """The next request that came; AssertionError when none does."""
        try:
            return self._came.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError("no request came") from None

    def handle(self, request: Request) -> Reply:
        with self._lock:
            self._open[request.path] += 1
            self.most[request.path] = max(self.most[request.path], self._open[request.path])
        self._came.put(request)
        try:
            return self.reply(request)
        finally:
            with self._lock:
                self._open[request.path] -= 1


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, extra, answer = receiver.handle(Request(self.path, headers, body))
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_args: Any) -> None:
            return

    server = _Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
