"""O1: what watching costs: the same work with it switched off (floor) and on (ours), in turn.

`list` is the list of P1 over the API, `step` the whole path of the bot of P2. With `metrics-…` on
everything is counted, and the site is read at once and then every 15 s, as Prometheus does; with
`tracing-…` traces of every tenth request and update, as set by default, go to a collector on
loopback, whose work is its own. The answers must be the same.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks import p1, p2
from benchmarks.base import Run, Sample
from benchmarks.collector import collecting
from benchmarks.machine import cores, pinned
from benchmarks.web import Answer, Site, get
from tests.faults.setup import free_port

TRACES = "OTEL_EXPORTER_OTLP_ENDPOINT"
COLLECTOR = free_port()
# What is switched, the settings of both sides, and what must be left of the speed.
SWITCHES: dict[str, tuple[dict[str, str], dict[str, str], float]] = {
    "metrics": ({"METRICS": "0"}, {"METRICS": "1"}, 0.95),
    "tracing": ({}, {TRACES: f"http://127.0.0.1:{COLLECTOR}"}, 0.90),
}
SCRAPE_EVERY = 15  # seconds


class Listing(p1.Bench):
    """P1's requests, one of them in a while by Prometheus."""

    def under(self, **settings: str) -> Sample:
        return self.measured("workshop.wsgi", **settings)

    def _drive(self, site: Site, count: int) -> tuple[float, list[Answer]]:
        with scraped(site):
            return super()._drive(site, count)


@contextlib.contextmanager
def scraped(site: Site) -> Iterator[None]:
    """At the beginning of the block and then as often as Prometheus does; 404 without metrics."""
    over = threading.Event()

    def scrape() -> None:
        while True:
            site.ask(get("/metrics"))
            if over.wait(SCRAPE_EVERY):
                return

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def main() -> None:
    parts = [f"{name}-{work}" for name in SWITCHES for work in ("step", "list")]
    run = Run("O1", __doc__, parts=parts)
    from workshop import local_services

    with contextlib.ExitStack() as stack:
        with pinned(cores().client):
            broker, origin = stack.enter_context(local_services.redis())
        run.notes["counter"] = origin.split(",")[0]
        with pinned(cores().client):
            spans = stack.enter_context(collecting(COLLECTOR))
        place = stack.enter_context(run.place(cpus=cores().client))
        # The steps first: their database is copied for every round.
        steps = p2.Bench(run, place)
        for name in SWITCHES:
            if run.wants(f"{name}-step"):
                _compare(run, f"{name}-step", steps.ours, "updates/s", steps.n)
        listing = Listing(run, place, broker)
        for name in SWITCHES:
            if run.wants(f"{name}-list"):
                _compare(run, f"{name}-list", listing.under, "requests/s", listing.n)
        run.notes["traces_taken"] = spans()
    run.finish()


def _compare(run: Run, part: str, work: Callable[..., Sample], unit: str, n: int) -> None:
    off, on, goal = SWITCHES[part.partition("-")[0]]
    floor, ours = partial(work, **off), partial(work, **on)
    run.compare(part, floor, ours, at_least=goal, unit=unit, n=n)


if __name__ == "__main__":
    main()
