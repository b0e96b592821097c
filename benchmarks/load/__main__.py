"""`make load`: the site as in production, and everybody at work with it at once.

A PostgreSQL and a Redis of our own (or those of TEST_DATABASE_URL and TEST_REDIS_URL), a seeded
database, gunicorn, worker, schedule, bot and simulator on loopback. Then, for the time given:
managers in the office and programs at the API (locust), inspectors at the bot (scripts on the
simulator), and one program that asks for more than it may. One JSON object on stdout, the table on
stderr; exit code 0 when no answer was an error, nobody but that program was refused, and it was
refused exactly from its limit on.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.load import judging
from benchmarks.load.size import Size, parsed
from benchmarks.load.table import table
from benchmarks.machine import database_versions, durable_postgres, library_versions, machine
from tests.faults.setup import ROOT, Place, Simulator, finish, free_port, say, throwaway, wait_until
from workshop import local_services

ENDING = 60  # seconds for everybody to finish what he is at


def main() -> None:
    size = parsed()
    with contextlib.ExitStack() as stack:
        broker, _origin = stack.enter_context(local_services.redis())
        if not size.small:
            stack.enter_context(durable_postgres())
        place = stack.enter_context(throwaway())
        result = _run(size, place, broker)
    faults = judging.faults(result)
    for fault in faults:
        say(fault)
    say(f"the table:\n{table(result)}")
    finish({**result, "met": not faults, "faults": faults}, met=not faults)


def _run(size: Size, place: Place, broker: str) -> dict[str, Any]:
    from benchmarks.load.world import build

    world = build(size)
    world.write(place.folder / "world.json")
    before = os.getloadavg()[0]
    with _programs(size, place, broker) as (site, simulator):
        from benchmarks.load.greedy import Greedy
        from benchmarks.load.inspectors import Inspectors

        inspectors, greedy = Inspectors(simulator.client, world), Greedy(site, world.greedy)
        over = threading.Event()
        alone = threading.Thread(target=greedy.work, args=(over,), daemon=True)
        calls = len(simulator.client.ledger())
        began, cpu, since = time.monotonic(), site.cpu(), datetime.now(UTC).isoformat()
        inspectors.start()
        alone.start()
        seen = _locust(size, place, site.port)
        seconds = time.monotonic() - began
        over.set()
        inspectors.stop()
        alone.join(ENDING)
        cpu = site.cpu() - cpu
        ledger = simulator.client.ledger()[calls:]
    acts = {name: times for name, times in inspectors.times.items() if times}
    asked = seen["routes"]
    routes = judging.of_locust(asked, seconds)
    routes += [judging.route("bot", name, times, seconds, errors=0) for name, times in acts.items()]
    return {
        "name": "load",
        "routes": routes,
        "stumbled": seen["stumbled"],
        "bot": {
            "acts": sum(map(len, acts.values())),
            "watches": inspectors.days,
            "failures": inspectors.failures,
            "refused_by_telegram": sum(_refused(one) for one in ledger),
        },
        "limiter": {"windows": greedy.windows, "wrong": greedy.wrong},
        "log": judging.of_logs(place.folder.glob("load-*.log"), since),
        "site_cpu_ms": round(1000 * cpu / max(1, sum(len(row["times"]) for row in asked.values()))),
        "seconds": round(seconds, 1),
        "size": vars(size),
        "machine": machine(),
        "load_average": [round(before, 1), round(os.getloadavg()[0], 1)],
        "versions": {
            "python": platform.python_version(),
            **library_versions(),
            "gunicorn": metadata.version("gunicorn"),
            "locust": metadata.version("locust"),
            **database_versions(place.vendor),
        },
    }


def _refused(entry: dict[str, Any]) -> bool:
    return entry.get("status") == 429 or entry.get("error_code") == 429


@contextlib.contextmanager
def _programs(size: Size, place: Place, broker: str) -> Iterator[tuple[Any, Simulator]]:
    """Site, worker with schedule, bot and simulator, as an installation runs them."""
    from benchmarks.web import Site, _answers
    from tests.faults.programs import Program

    port = free_port()
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(Simulator(place))
        _meet(simulator, place)
        simulator.client.limits(on=True)
        settings = {
            "REDIS_URL": broker,
            "CELERY_BROKER_URL": broker,
            "LOG_LEVEL": "INFO",  # as in production: a line for each request
            "LOG_FORMAT": "json",
            "WEB_WORKERS": str(size.workers),
            "TRUSTED_PROXY_COUNT": "1",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SIMULATOR_URL": simulator.origin,
        }
        if size.hurry > 1:  # pauses are short, the limits of the programs stay out of the way
            settings |= {"API_RATE": "6000", "API_ADDRESS_RATE": "60000"}
            settings |= {"API_ANALYTICS_RATE": "6000"}
        gunicorn = ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
        celery = ["-m", "celery", "--quiet", "--app", "workshop", "worker", "--beat"]
        started = {}
        for name, command in (
            ("load-web", [*gunicorn, "--bind", f"127.0.0.1:{port}", "workshop.wsgi"]),
            ("load-worker", [*celery, "--pool", "threads", "--schedule", "", "--without-gossip"]),
            ("load-bot", ["manage.py", "runbot"]),
        ):
            program = started[name] = Program(place, name, command, **settings)
            program.start()
            stack.callback(program.end, signal.SIGTERM)
        wait_until(lambda: _answers(port, "/health/ready"), 90, 0.2)
        wait_until(lambda: simulator.client.request("GET", "/sim/pending")["polling"], 90, 0.2)
        yield Site(port, started["load-web"].pid), simulator


def _meet(simulator: Simulator, place: Place) -> None:
    """The people of the demonstration and their group: the bot tells them what happens."""
    told = json.loads((place.folder / "simulator" / "people.json").read_text(encoding="utf-8"))
    for person in told["people"]:
        simulator.client.request("POST", "/sim/people", {**person, "started": True})
    for group in told["groups"]:
        simulator.client.add_group(group["id"], group["title"], group["members"])


def _locust(size: Size, place: Place, port: int) -> dict[str, Any]:
    """Managers and programs, in a process of their own; what they saw."""
    result = place.folder / "locust.json"
    people = size.managers + size.programs
    command = [sys.executable, "-m", "locust", "--headless", "--only-summary"]
    command += ["--locustfile", str(ROOT / "benchmarks" / "load" / "locustfile.py")]
    command += ["--host", f"http://127.0.0.1:{port}", "--users", str(people)]
    command += ["--spawn-rate", str(max(2, people // 4)), "--run-time", f"{size.seconds}s"]
    command += ["--stop-timeout", "20", "--exit-code-on-error", "0"]
    subprocess.run(
        command,
        cwd=ROOT,
        env={
            **place.environment,
            "LOAD_WORLD": str(place.folder / "world.json"),
            "LOAD_RESULT": str(result),
        },
        stdout=sys.stderr,
        stderr=sys.stderr,
        timeout=size.seconds + 2 * ENDING,
        check=True,
    )
    return dict(json.loads(Path(result).read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
