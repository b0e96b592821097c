"""A program that asks for more than it may: exactly its limit passes, the rest is told when."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from benchmarks.load.world import GREEDY_RATE
from benchmarks.web import OK, Site, get

LIMITED = 429
EXTRA = 10  # requests above the limit in each window
MINUTE = 60


@dataclass
class Greedy:
    """Windows of a minute, one after the other: statuses of each, and what was wrong."""

    site: Site
    key: str
    windows: list[dict[str, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def work(self, over: threading.Event) -> None:
        """Until ``over``; a window that was begun is finished, its end is not waited for."""
        while not over.is_set():
            over.wait(self._window())

    def _window(self) -> float:
        """One window; how many seconds until the next one."""
        headers = {"Authorization": f"Bearer {self.key}", "X_Forwarded_For": "203.0.113.7"}
        request = get("/api/v1/receipts/?limit=5", **headers)
        counts: dict[str, int] = {}
        wait = 1.0
        for number in range(GREEDY_RATE + EXTRA):
            answer = self.site.ask(request)
            counts[str(answer.status)] = counts.get(str(answer.status), 0) + 1
            wanted = OK if number < GREEDY_RATE else LIMITED
            if answer.status != wanted:
                self.wrong.append(f"request {number + 1} of the window: {answer.status}")
            if answer.status == LIMITED:
                told = answer.header("Retry-After")
                if not told.isdecimal() or not 1 <= int(told) <= MINUTE:
                    self.wrong.append(f"Retry-After {told!r}")
                wait = float(told) + 0.5 if told.isdecimal() else wait
        self.windows.append(counts)
        return wait
