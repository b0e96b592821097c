"""P3: four times more clients than connections to the database, and all connections ended at once.

Parts: `pool`, one process with threads and a pool of them (DATABASE_POOL); `kept`, the processes of
the product as they are deployed, each with a connection that it keeps. Clients ask without a pause
for a list that needs the database several times; halfway every connection is ended by the server.
Before that no request may fail, then at most one for each connection, and no answer may be wrong.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.base import Run, Sample
from benchmarks.machine import cores
from benchmarks.p1 import LIMITLESS, fill, make_key
from benchmarks.web import OK, Answer, Site, get, serving, together
from tests.faults.setup import Place, say

CONNECTIONS = 4
CLIENTS = 4 * CONNECTIONS
EACH = 60  # requests of one client
RECEIPTS = 2_000
PATH = "/api/v1/receipts/?limit=20&count=1&expand=operations"


@dataclass
class Asked:
    """What a round gave, in the order in which it came."""

    before: list[Answer]
    after: list[Answer]
    ended: int

    @property
    def failed_before(self) -> int:
        return sum(answer.status != OK for answer in self.before)

    @property
    def failed_after(self) -> int:
        return sum(answer.status != OK for answer in self.after)

    @property
    def right(self) -> bool:
        """All that were answered were answered alike."""
        bodies = {one.body for one in [*self.before, *self.after] if one.status == OK}
        return len(bodies) == 1 and bool(self.after) and self.ended > 0


class Bench:
    def __init__(self, run: Run, place: Place) -> None:
        self.place = place
        self.each = max(6, run.size(EACH))
        fill(run.size(RECEIPTS))
        self.request = get(PATH, Authorization=f"Bearer {make_key()}")
        self.asked: list[Asked] = []

    def round(self, environment: dict[str, str], options: Sequence[str]) -> Asked:
        """One life of the site. No Redis: the limits are counted in the database as well."""
        whole = {
            **self.place.environment,
            "API_RATE": LIMITLESS,
            "API_ADDRESS_RATE": LIMITLESS,
            **environment,
        }
        with serving("workshop.wsgi", whole, cpus=cores().server, options=options) as site:
            asked = self._ask(site)
        wrong = [answer for answer in asked.before if answer.status != OK]
        if wrong:
            say(f"wrong: {wrong[0]}")
        say(
            f"  {asked.ended} connections ended; failed: {asked.failed_before} before, "
            f"{asked.failed_after} of {len(asked.after)} after"
        )
        self.asked.append(asked)
        return asked

    def _ask(self, site: Site) -> Asked:
        ended = threading.Event()
        halfway = threading.Barrier(CLIENTS + 1)
        asked = Asked([], [], 0)

        def client(_number: int) -> None:
            if _number == CLIENTS:
                halfway.wait()
                time.sleep(0.05)  # all have begun again: some connections are in use, some not
                ended.set()  # the first may fail before the server has told us that it ended all
                asked.ended = _end_all()
                return
            for step in range(self.each):
                if step == self.each // 2:
                    halfway.wait()
                over = ended.is_set()
                answer = site.ask(self.request)
                # One that was under way meanwhile belongs to what came after.
                (asked.after if over or ended.is_set() else asked.before).append(answer)

        together(CLIENTS + 1, client)
        return asked


def _end_all() -> int:
    """Every connection to the database but our own; how many there were."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        found: int = cursor.fetchone()[0]
    connection.close()
    return found


PARTS: dict[str, tuple[dict[str, str], list[str]]] = {
    "pool": (
        {"DATABASE_POOL": str(CONNECTIONS), "WEB_WORKERS": "1"},
        ["--worker-class", "gthread", "--threads", str(CLIENTS)],
    ),
    "kept": ({"WEB_WORKERS": str(CONNECTIONS)}, []),
}


def main() -> None:
    run = Run("P3", __doc__, parts=tuple(PARTS))
    with run.place() as place:
        if place.vendor != "postgresql":
            say("P3 is about connections to a server: PostgreSQL is needed")
            raise SystemExit(2)
        bench = Bench(run, place)
        for part, how in PARTS.items():
            if run.wants(part):
                _part(run, bench, part, *how)
    run.finish()


def _part(run: Run, bench: Bench, part: str, environment: dict[str, str], options: Any) -> None:
    rounds: list[Asked] = []

    def measure() -> Sample:
        asked = bench.round(environment, options)
        rounds.append(asked)
        right = asked.right and not asked.failed_before
        return Sample(asked.failed_after / CONNECTIONS, right)

    n = CLIENTS * bench.each
    made = run.figure(part, measure, at_most=1, unit="failed a connection", n=n)
    made.details |= {
        "failed before": sum(asked.failed_before for asked in rounds),
        "connections": CONNECTIONS,
        "clients": CLIENTS,
        "ended": [asked.ended for asked in rounds],
    }


if __name__ == "__main__":
    main()
