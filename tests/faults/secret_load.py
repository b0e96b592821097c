"""Those who are at work while secrets are turned: programs, a browser, Prometheus; and a spy."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from urllib.parse import urlencode

from benchmarks.load.pages import form_of
from benchmarks.web import Answer, Site, get
from tests.faults.secret_files import SecretFiles, family, seen, shown_by

OK, FOUND, FORBIDDEN = 200, 302, 403
_COOKIE: Final = re.compile(r"^set-cookie: *([\w-]+)=([^;]*)", re.IGNORECASE | re.MULTILINE)


@dataclass
class Sites:
    """Several sites as a proxy in front of them sees them: one that does not take a request, or
    cuts it, is followed by the next one, once."""

    ports: Sequence[int]
    asked: int = 0
    repeated: int = 0
    lost: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    _turn: Any = field(default_factory=count)

    def ask(self, request: bytes) -> Answer:
        first = next(self._turn)
        self.asked += 1
        answer = Site(self.ports[first % len(self.ports)], 0).ask(request)
        if answer.status == 0:
            self.repeated += 1
            answer = Site(self.ports[(first + 1) % len(self.ports)], 0).ask(request)
            self.lost += answer.status == 0
        return answer

    def expect(self, status: int, request: bytes, what: str) -> Answer:
        """The same; another status than this one is counted as a wrong answer."""
        answer = self.ask(request)
        if answer.status not in {0, status}:
            self.wrong[f"{what} {answer.status}"] += 1
        return answer


@dataclass
class Browser:
    """Somebody signed in, with one page and another on their way at the same time."""

    sites: Sites
    pages: tuple[str, ...] = ("/admin/receipts/receipt/", "/admin/")
    cookies: dict[str, str] = field(default_factory=dict)

    def sign_in(self, name: str, password: str) -> None:
        """AssertionError when the office does not open."""
        address = "/admin/login/?next=/admin/"
        page = self._open(address)
        form = form_of(page.body.decode(), "login-form")
        body = urlencode(form | {"username": name, "password": password}).encode()
        head = ["POST " + address + " HTTP/1.1", "Host: localhost", "Connection: close"]
        head += [f"Cookie: {self._sent()}", "Content-Type: application/x-www-form-urlencoded"]
        head += [f"Content-Length: {len(body)}"]
        answer = self.sites.ask("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        self._take(answer)
        if answer.status != FOUND or "sessionid" not in self.cookies:
            raise AssertionError(f"no sign-in: {answer.status}")

    def run(self, stop: threading.Event) -> None:
        with ThreadPoolExecutor(len(self.pages)) as together:
            while not stop.wait(0.5):
                list(together.map(self.look, self.pages))

    def look(self, page: str) -> int:
        """The status; one that is not 200 is told of."""
        answer = self.sites.expect(OK, get(page, Cookie=self._sent()), f"office {page}")
        self._take(answer)
        return answer.status

    def _open(self, page: str) -> Answer:
        answer = self.sites.ask(get(page, Cookie=self._sent()))
        self._take(answer)
        return answer

    def _sent(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def _take(self, answer: Answer) -> None:
        self.cookies |= dict(_COOKIE.findall(answer.head))


@dataclass
class Reader:
    """A program that reads with a key."""

    sites: Sites
    key: str
    addresses: tuple[str, ...] = ("/api/v1/receipts/", "/api/v1/me/")

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(0.3):
            for address in self.addresses:
                self.sites.expect(OK, self.request(address), f"api {address}")

    def request(self, address: str) -> bytes:
        return get(address, Authorization=f"Bearer {self.key}")


@dataclass
class Prometheus:
    """Reads its token from a file before each look, as the real one does."""

    ports: Callable[[], Sequence[int]]
    secrets: SecretFiles
    looks: int = 0
    refused: int = 0  # between the file and the restart

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(1.0):
            for port in self.ports():
                status = self.look(port).status
                self.looks += status == OK
                self.refused += status == FORBIDDEN

    def look(self, port: int, token: str = "") -> Answer:
        token = token or self.secrets.now("METRICS_TOKEN")
        return Site(port, 0).ask(get("/metrics", Authorization=f"Bearer {token}"))


@dataclass
class Spy:
    """Looks into every process of the product, again and again, with the list of the secrets."""

    secrets: SecretFiles
    roots: Callable[[], Sequence[int]]
    looked_at: int = 0
    found: set[str] = field(default_factory=set)

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(0.25):
            hidden = self.secrets.to_hide()
            for pid in family(self.roots()):
                for what, text in shown_by(pid):
                    self.looked_at += 1
                    self.found |= {f"{what}: {name}" for name in seen(text, hidden)}
