"""A program that asks for more than it may: exactly its limit passes, the rest is told when."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field

from benchmarks.load.world import GREEDY_RATE
from benchmarks.web import OK, Answer, Site, get

LIMITED = 429
EXTRA = 10  # requests above the limit in each window
MINUTE = 60
_LEFT = re.compile(r'"client";r=(\d+)')


@dataclass
class Greedy:
    """Windows of a minute, one after the other: what passed and was refused in each, and what was
    wrong. A window begins when the site says so: with the whole limit left but one.
    """

    site: Site
    key: str
    windows: list[dict[str, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def work(self, over: threading.Event) -> None:
        """Ask without a pause until enough was refused, wait as told, again; until ``over``."""
        headers = {"Authorization": f"Bearer {self.key}", "X_Forwarded_For": "203.0.113.7"}
        request = get("/api/v1/receipts/?limit=5", **headers)
        while not over.is_set():
            answer = self.site.ask(request)
            self.note(answer)
            if answer.status == LIMITED and self.windows[-1]["refused"] >= EXTRA:
                over.wait(self._told(answer) + 0.5)

    def note(self, answer: Answer) -> None:
        found = _LEFT.search(answer.header("RateLimit"))
        left = int(found[1]) if found else -1
        if not self.windows or (answer.status == OK and left == GREEDY_RATE - 1):
            self.windows.append({"passed": 0, "refused": 0})
        window = self.windows[-1]
        if answer.status == OK:
            window["passed"] += 1
            if left != GREEDY_RATE - window["passed"]:
                self.wrong.append(f"request {window['passed']} of a window passed with {left} left")
        elif answer.status == LIMITED:
            window["refused"] += 1
            if window["passed"] != GREEDY_RATE:
                self.wrong.append(f"refused after {window['passed']} requests of a window")
            if not 1 <= self._told(answer) <= MINUTE:
                self.wrong.append(f"Retry-After {answer.header('Retry-After')!r}")
        else:
            self.wrong.append(f"status {answer.status}")

    def _told(self, answer: Answer) -> int:
        told = answer.header("Retry-After")
        return int(told) if told.isdecimal() else 0
