"""P9: the limit of a client is exact however many of its requests arrive at once.

A limit of ten a minute and a hundred requests in the same moment, through the site's own processes:
ten pass, ninety are refused. Fifty clients one after the other, with the counts in Redis and with
the counts in the database. Then the store is lost: it refuses connections (`refused`), or takes
what it is sent and never answers (`silent`): no request may fail for that, or wait longer than the
patience that each process has once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from redis import Redis

from benchmarks.base import Run, Sample
from benchmarks.machine import cores
from benchmarks.p1 import make_key
from benchmarks.web import OK, Site, get, serving, together
from tests.faults.setup import Place, say

MOST, PARALLEL = 10, 100
RUNS = 50
WITHOUT = 300  # requests with the store lost
PATH = "/api/v1/metals/"
REFUSED = 429


class Wire:
    """Between the site and Redis: it can be cut, or go silent."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = f"redis://127.0.0.1:{port}{parts.path}"
        self._speaks = threading.Event()
        self._speaks.set()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self._listener.accept()
                far = socket.create_connection(self._target)
                self._open += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                self._speaks.wait()
                target.sendall(part)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def silence(self) -> None:
        self._speaks.clear()

    def cut(self) -> None:
        """Nobody listens any more, and what was open is closed."""
        # A listener that another thread waits on goes away by this only.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._speaks.set()
        for end in self._open:
            end.close()


class Bench:
    def __init__(self, run: Run, place: Place) -> None:
        self.run, self.place = run, place
        self.runs = max(1, run.size(RUNS) // run.rounds)
        self.clients = 0

    @contextlib.contextmanager
    def site(self, redis: str) -> Iterator[Site]:
        if redis:
            _forget_counts(redis)
        environment: Mapping[str, str] = {
            **self.place.environment,
            "REDIS_URL": redis,
            "API_RATE": str(MOST),
            "API_ADDRESS_RATE": "1000000",
            "WEB_WORKERS": "4",
        }
        with serving("workshop.wsgi", environment, cpus=cores().server) as site:
            yield site

    def exact(self, site: Site) -> Sample:
        """Of ten clients (fifty in five rounds): the share to whom exactly ten requests passed."""
        right = 0
        for _run in range(self.runs):
            found, _longest = self._burst(site, PARALLEL)
            right += found == {OK: MOST, REFUSED: PARALLEL - MOST}
            if found[OK] != MOST or found.total() != found[OK] + found[REFUSED]:
                say(f"wrong: {dict(found)}")
        return Sample(right / self.runs, right == self.runs)

    def lost(self, site: Site) -> tuple[int, float]:
        """How many were not answered rightly without the store; the longest answer in seconds."""
        whole: Counter[int] = Counter()
        longest = 0.0
        for _burst in range(max(1, self.run.size(WITHOUT) // PARALLEL)):
            found, seconds = self._burst(site, PARALLEL)
            whole += found
            longest = max(longest, seconds)
        if set(whole) != {OK}:
            say(f"wrong: {dict(whole)}")
        return whole.total() - whole[OK], longest

    def _burst(self, site: Site, count: int) -> tuple[Counter[int], float]:
        """Statuses of so many requests of a new client at once; the longest that one took."""
        self.clients += 1
        request = get(PATH, Authorization=f"Bearer {make_key(f'client {self.clients}')}")
        statuses: list[int] = []
        times: list[float] = []

        def client(_number: int) -> None:
            began = time.perf_counter()
            statuses.append(site.ask(request).status)
            times.append(time.perf_counter() - began)

        together(count, client)
        return Counter(statuses), max(times)


def _forget_counts(url: str) -> None:
    """A run before this one had clients of the same ids, and its minute may not be over."""
    with Redis.from_url(url) as store:
        for key in store.scan_iter("workshop:rate:*"):
            store.delete(key)


def main() -> None:
    run = Run("P9", __doc__, parts=("redis", "table", "refused", "silent"))
    from workshop import local_services

    with contextlib.ExitStack() as stack:
        broker, origin = stack.enter_context(local_services.redis())
        run.notes["counter"] = origin.split(",")[0]
        place = stack.enter_context(run.place())
        bench = Bench(run, place)
        for part, redis in (("redis", broker), ("table", "")):
            if run.wants(part):
                with bench.site(redis) as site:
                    run.figure(
                        part,
                        lambda site=site: bench.exact(site),  # type: ignore[misc]
                        at_least=1.0,
                        unit="of the runs",
                        n=bench.runs,
                    )
        for part in ("refused", "silent"):
            if run.wants(part):
                _lost(run, bench, part, broker)
    run.finish()


def _lost(run: Run, bench: Bench, part: str, broker: str) -> None:
    longest: list[float] = []

    def measure() -> Sample:
        wire = Wire(broker)
        with bench.site(wire.url) as site:
            known = bench.exact(site)  # the store is in use until the moment it is lost
            if part == "refused":
                wire.cut()
            else:
                wire.silence()
            failed, seconds = bench.lost(site)
            longest.append(round(seconds, 2))
            wire.cut()
        return Sample(failed, known.answers)

    n = max(PARALLEL, run.size(WITHOUT))
    made = run.figure(part, measure, at_most=0, unit="failed requests", n=n)
    made.details["longest answers, s"] = longest


if __name__ == "__main__":
    main()
