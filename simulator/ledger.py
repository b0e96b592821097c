"""The append-only ledger: every call of the bot and the way of every update, numbered from 1."""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

from simulator.store import Store

Entry = dict[str, Any]


class Ledger:
    """Keeps the last `limit` entries; `n` never repeats, so a gap at the front is visible."""

    def __init__(self, store: Store, now: Callable[[], float], limit: int = 200_000) -> None:
        self._store = store
        self._now = now
        self.entries: deque[Entry] = deque(maxlen=limit)
        for _, entry in store.load("ledger"):
            self.entries.append(entry)
        counters = dict(store.load("counter"))
        self.last = self.entries[-1]["n"] if self.entries else counters.get("ledger", 0)

    def add(self, kind: str, **fields: Any) -> None:
        self.last += 1
        entry = {"n": self.last, "at": round(self._now(), 3), "kind": kind, **fields}
        if len(self.entries) == self.entries.maxlen:
            self._store.drop("ledger", self.entries[0]["n"])
        self.entries.append(entry)
        self._store.put("ledger", self.last, entry)

    def after(self, number: int, limit: int) -> list[Entry]:
        first = self.entries[0]["n"] if self.entries else 0
        start = max(0, number + 1 - first)
        return list(islice(self.entries, start, start + limit))

    def clear(self) -> None:
        """Forget the entries; the numbers go on, also after a restart."""
        self.entries.clear()
        self._store.put("counter", "ledger", self.last)
