"""Programs, office and phones at work while versions change; and the count of it afterwards."""

from __future__ import annotations

import itertools
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import urlencode

from benchmarks.web import Answer, Site, get
from tests.faults.setup import Simulator
from tests.faults.stopping_load import STUCK, Phone

OK, CREATED, FOUND = 200, 201, 302
WELL: Final = frozenset({OK, CREATED, FOUND})
CSRF: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
SLOW: Final = 2.0  # seconds

# The way of a watch over the API: what is asked, what it says, which event it makes.
Step = tuple[str, dict[str, Any], str]


@dataclass
class Balancer:
    """In front of the sites that are up: each request goes to one, and once more to another."""

    asked: Counter[str] = field(default_factory=Counter)  # by what they are for
    again: Counter[str] = field(default_factory=Counter)  # by the status of the first answer
    failed: list[str] = field(default_factory=list)
    slow: int = 0
    slowest: float = 0.0
    _sites: tuple[Site, ...] = ()
    _turn: Any = field(default_factory=itertools.count)

    def join(self, site: Site) -> None:
        self._sites = (*self._sites, site)

    def leave(self, site: Site) -> None:
        self._sites = tuple(one for one in self._sites if one != site)

    def ask(self, kind: str, request: bytes) -> Answer:
        """The answer, also when both tries failed: then it stands in ``failed``."""
        sites, turn, began = self._sites, next(self._turn), time.monotonic()
        first, second = sites[turn % len(sites)], sites[(turn + 1) % len(sites)]
        self.asked[kind] += 1
        answer = first.ask(request)
        if answer.status not in WELL:
            self.again[f"{kind} {answer.status}"] += 1
            if second not in self._sites:  # it left meanwhile
                second = self._sites[0]
            answer = second.ask(request)
        if answer.status not in WELL:
            told = answer.body[:300].decode(errors="replace")
            self.failed.append(f"{kind}: {request[:80].decode()!r} {answer.status} {told}")
        seconds = time.monotonic() - began
        self.slow += seconds > SLOW
        self.slowest = max(self.slowest, seconds)
        return answer


@dataclass
class Till:
    """A program that takes watches in and leads each through the workshop, under keys."""

    balancer: Balancer
    key: str
    prefix: str
    way: Sequence[Step]
    done: Counter[tuple[str, str]] = field(default_factory=Counter)  # (number, event)

    def run(self, stop: threading.Event) -> None:
        for count in itertools.count():
            number = f"{self.prefix}-{count}"
            receipt = self._take_in(number)
            for verb, body, kind in self.way:
                if stop.is_set():
                    return
                if receipt and self._post(f"{receipt}/{verb}/", body, f"{number}:{verb}"):
                    self.done[number, kind] += 1
            if stop.is_set():
                return

    def _take_in(self, number: str) -> int:
        answer = self._post("", {"number": number}, number)
        if answer is None:
            return 0
        self.done[number, "receipt.registered"] += 1
        return int(answer["result"]["id"])

    def _post(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any] | None:
        content = json.dumps(body).encode()
        head = get(
            f"/api/v1/receipts/{path}",
            Authorization=f"Bearer {self.key}",
            Idempotency_Key=key,
            Content_Type="application/json",
            Content_Length=str(len(content)),
        )
        answer = self.balancer.ask("write", head.replace(b"GET", b"POST", 1) + content)
        return json.loads(answer.body) if answer.status in WELL else None


@dataclass
class Reader:
    """A program that reads lists, single receipts and their histories."""

    balancer: Balancer
    key: str
    receipts: Sequence[int]
    rng: random.Random

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            pk = self.rng.choice(self.receipts)
            path = self.rng.choice(
                (
                    "receipts/?limit=20",
                    "receipts/?status=in_work&expand=operations,checks&limit=20",
                    f"receipts/{pk}/",
                    f"receipts/{pk}/events/",
                )
            )
            head = get(f"/api/v1/{path}", Authorization=f"Bearer {self.key}")
            self.balancer.ask("read", head)
            stop.wait(0.05)


@dataclass
class Manager:
    """Somebody in the office, signed in once: either version must know the session."""

    balancer: Balancer
    name: str
    password: str
    receipts: Sequence[int]
    rng: random.Random
    cookies: dict[str, str] = field(default_factory=dict)

    def sign_in(self) -> None:
        address = "/admin/login/?next=/admin/"
        found = CSRF.search(self._ask("sign in", address).body.decode())
        if found is None:
            raise RuntimeError("the page of the sign-in has no form")
        form = {"username": self.name, "password": self.password, "csrfmiddlewaretoken": found[1]}
        content = urlencode(form).encode()
        if self._ask("sign in", address, content).status != FOUND:
            raise RuntimeError("nobody can sign in")

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            pk = self.rng.choice(self.receipts)
            path = self.rng.choice(
                (
                    "/admin/",
                    "/admin/receipts/receipt/",
                    "/admin/receipts/receipt/?status=in_work",
                    f"/admin/receipts/receipt/{pk}/change/",
                )
            )
            answer = self._ask("page", path)
            if answer.status == FOUND:  # to the sign-in
                self.balancer.failed.append(f"page: {path} the session is not known")
            stop.wait(0.2)

    def _ask(self, kind: str, path: str, content: bytes = b"") -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        more = {"Cookie": cookie} if cookie else {}
        if content:
            more |= {
                "Content_Type": "application/x-www-form-urlencoded",
                "Content_Length": str(len(content)),
            }
        head = get(path, **more)
        if content:
            head = head.replace(b"GET", b"POST", 1)
        answer = self.balancer.ask(kind, head + content)
        for line in answer.head.split("\r\n"):
            if line.lower().startswith("set-cookie:"):
                for name, one in SimpleCookie(line.partition(":")[2].strip()).items():
                    self.cookies[name] = one.value
        return answer


@dataclass
class Phones:
    """Inspectors who take watches in at the bot, whichever version answers."""

    simulator: Simulator
    phones: Sequence[Phone]

    def run(self, stop: threading.Event) -> None:
        """Until then, and to the end of what was begun."""
        busy, seen = list(self.phones), time.monotonic()
        while busy:
            goes_on = not stop.is_set()
            try:
                busy = [one for one in busy if one.step(goes_on=goes_on)]
                seen = time.monotonic()
            except AssertionError:  # the screen with the button is still on its way
                if time.monotonic() - seen > STUCK:
                    raise
            time.sleep(0.05)


@dataclass
class Load:
    """All of them at once; ``end`` waits until each has finished what it had begun."""

    workers: Sequence[Any]
    faults: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        for one in self.workers:
            thread = threading.Thread(target=self._guarded, args=(one,))
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        self._stop.set()
        for one in self._threads:
            one.join()

    def _guarded(self, worker: Any) -> None:
        try:
            worker.run(self._stop)
        except Exception as error:  # told at the end: the run goes on to show the rest
            self.faults.append(f"{type(worker).__name__}: {type(error).__name__} {error}"[:400])


def way_of(master: int, kind: int) -> tuple[Step, ...]:
    """From the master's hands to the customer's."""
    return (
        ("assign", {"master_id": master}, "receipt.assigned"),
        (
            "operations",
            {"works": [{"type_id": kind, "employee_id": master}]},
            "receipt.work_recorded",
        ),
        ("comments", {"text": "Клиент звонил"}, "receipt.comment_added"),
        ("submit", {}, "receipt.submitted"),
        ("pass", {}, "receipt.passed"),
        ("issue", {"received_by": "Петрова М.", "as_taken_in": True}, "receipt.issued"),
    )
