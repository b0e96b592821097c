"""What takes traces over OTLP, as a process of its own: counts the batches and forgets them."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.faults.setup import WAIT, wait_until


@contextmanager
def collecting(port: int) -> Iterator[Callable[[], int]]:
    """Until the block ends; how many batches have come."""
    process = subprocess.Popen([sys.executable, "-m", __name__, str(port)])

    def batches() -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return int(answer.read())

    def answers() -> bool:
        try:
            return batches() == 0
        except OSError:
            return False

    try:
        wait_until(answers)
        yield batches
    finally:
        process.terminate()
        process.wait(WAIT)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # exporters keep their connection
    taken = 0

    def do_GET(self) -> None:
        self._answer(str(type(self).taken).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).taken += 1
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler).serve_forever()
