"""`make faults-rolling`: a version takes the place of the one before it, and one step back.

    python -m tests.faults.rolling [--former COMMIT] [--receipts 75000] [--phase 20] [--small]

Programs write and read over the API, somebody works in the office, people press in the bot. The
former version (a commit of this repository, with libraries of its own when it needs others) serves;
the present one migrates beside it, joins it and goes on alone; then the former one joins again, the
present one ends, and its migrations are taken back. No request may fail after it was tried once
more, as a load balancer does; nobody may wait longer than two seconds for a lock; each request has
its effect once; afterwards the history verifies, and receipts and numbers are as it says.

A long history is filled in once and kept on the server that TEST_DATABASE_URL names; when the time
is up before it is there, the same command goes on. Prints one JSON object; exit code 0 when met.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.faults import former_version
from tests.faults import rolling_judging as judging
from tests.faults.former_version import NoHistory, Version
from tests.faults.setup import Place, Simulator, finish, free_port, say, versions, wait_until
from workshop.local_services import Unavailable

# Before the numbers, the monitoring, and indexes on long tables; it needs other libraries.
FAR: Final = "93744842e005ca84f0b58ecf5af066a7d5bb32c4"
# Before the last change of a table that knows it; with the libraries of today.
NEAR: Final = "ed77e53627cc4717ea0e2bfe8d287088f0cbdb06"
RECEIPTS, SMALL = 75_000, 10  # of a long history about 14 events each
LONGEST_WAIT: Final = 2.0  # seconds, the goal
LONGEST_END: Final = 120.0  # a bound for failures; `faults-stop` judges how long ends take
PROGRAMS: Final = ("web", "worker", "beat", "bot")


def main() -> None:
    wanted = _arguments()
    began = time.monotonic()
    try:
        result = _prepared(wanted)
    except (NoHistory, Unavailable) as error:
        result = {"met": False, "not_run": str(error)}
    result = {"name": "faults-rolling", **result, "seconds": round(time.monotonic() - began)}
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.rolling")
    parser.add_argument("--former", help=f"a commit, by default {FAR[:7]}, small {NEAR[:7]}")
    parser.add_argument("--receipts", type=int)
    parser.add_argument("--phase", type=float, help="seconds between the steps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=480, help="for filling the history in")
    parser.add_argument("--small", action="store_true", help="few receipts, the site alone")
    wanted = parser.parse_args()
    small = wanted.small
    wanted.former = wanted.former or (NEAR if small else FAR)
    wanted.receipts = wanted.receipts or (SMALL if small else RECEIPTS)
    wanted.phase = wanted.phase if wanted.phase is not None else (0.7 if small else 20.0)
    wanted.programs = PROGRAMS[:1] if small else PROGRAMS
    wanted.tills, wanted.readers, wanted.phones = (1, 1, 0) if small else (2, 2, 6)
    return wanted


def _prepared(wanted: argparse.Namespace) -> dict[str, Any]:
    from tests.faults.programs import Redis
    from tests.faults.rolling_world import NotFilledYet, filled

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="former-")))
        tree = former_version.unpack(wanted.former, folder / "former")
        try:
            place = stack.enter_context(filled(wanted.receipts, wanted.seconds))
        except NotFilledYet:
            resume = f"--receipts {wanted.receipts}: the same command goes on filling"
            return {"met": False, "not_run": "the history is not complete yet", "resume": resume}
        old = former_version.former(tree, folder)
        more = {"LOG_LEVEL": "INFO", "API_RATE": "1000000", "API_ADDRESS_RATE": "1000000"}
        if wanted.small:
            more |= {"WEB_WORKERS": "1", "CELERY_BROKER_URL": "memory://"}
        else:
            url = stack.enter_context(Redis()).url
            more |= {"REDIS_URL": url, "CELERY_BROKER_URL": url}
        place = Place(place.url, place.vendor, place.folder, {**place.environment, **more})
        return Rolling(place, old, former_version.present(), wanted).run()


class Rolling:
    """The two versions, what they serve, and what was seen of it."""

    def __init__(
        self, place: Place, old: Version, new: Version, wanted: argparse.Namespace
    ) -> None:
        from tests.faults import rolling_load, rolling_world

        self.place, self.old, self.new, self.wanted = place, old, new, wanted
        self.rng = random.Random(wanted.seed)
        self.back = former_version.differing(old.leaves(), new.leaves())
        self.faults: list[str] = []
        self.ends: list[dict[str, Any]] = []
        self.migrations: list[dict[str, Any]] = []
        self.phases: dict[str, int] = {}
        self.balancer = rolling_load.Balancer()
        self.people = rolling_world.people(max(1, wanted.phones), self.rng)
        self.size = judging.size()
        self.sites: dict[str, Any] = {}
        self.running: dict[str, dict[str, Any]] = {}

    # --- the way there and back --------------------------------------------------------------

    def run(self) -> dict[str, Any]:
        from tests.faults.lock_watch import LockWatch

        self._begin_as_former()
        with ExitStack() as stack:
            self.messenger = None
            if self.wanted.phones:
                self.messenger = stack.enter_context(Simulator(self.place))
            stack.callback(self._end_all)
            self._start(self.old)
            load = self._load()
            with LockWatch(self.place.url) as watch:
                load.begin()
                try:
                    self._there_and_back()
                finally:
                    load.end()
            self.faults += load.faults
            if self.wanted.phones:
                self._settle()
            self._stop(self.old)
        return self._judged(watch)

    def _begin_as_former(self) -> None:
        from django.core.management import call_command
        from django.db import connections

        say(f"former version: {self.wanted.former[:12]}, back to {self.back}")
        for app, name in self.back:
            call_command("migrate", app, name, verbosity=0, interactive=False)
        connections.close_all()

    def _there_and_back(self) -> None:
        self._phase("the former version alone")
        self._migrate("forward")
        self._phase("the former version on the new tables")
        self._start(self.new)
        self._phase("both versions")
        self._stop(self.old)
        self._phase("the new version alone")
        self._start(self.old)
        self._phase("both versions again")
        self._stop(self.new)
        self._phase("the former version alone again")
        for app, name in self.back:
            self._migrate("back", app, name)
        self._phase("the former version on its own tables")

    def _phase(self, name: str) -> None:
        say(name)
        before = self.balancer.asked.total()
        time.sleep(self.wanted.phase)
        # Each step meets requests, however slow the machine is.
        wait_until(lambda: self.balancer.asked.total() >= before + 5)
        self.phases[name] = self.balancer.asked.total() - before

    def _migrate(self, way: str, *target: str) -> None:
        """As an operator does it: the present version's command, beside what serves."""
        began, asked = time.monotonic(), self.balancer.asked.total()
        done = self.new.manage(self.place, "migrate", *target, "--no-input")
        told = {
            "way": " ".join((way, *target)),
            "seconds": round(time.monotonic() - began, 1),
            "tries": 1 + done.stderr.count("Trying again"),
            "requests": self.balancer.asked.total() - asked,
            "migrations": done.stdout.count("... OK"),
        }
        say(str(told))
        self.migrations.append(told)
        if done.returncode:
            self.faults.append(f"migrate {told['way']}: {done.stdout[-300:]} {done.stderr[-600:]}")

    # --- programs ------------------------------------------------------------------------------

    def _start(self, version: Version) -> None:
        from benchmarks.web import Site, get

        site = Site(free_port(), 0)
        celery = ["-m", "celery", "--quiet", "--app", "workshop"]
        bind = f"127.0.0.1:{site.port}"
        commands = {
            "web": ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--bind", bind],
            "worker": [
                *celery,
                "worker",
                "--pool",
                "threads",
                "--hostname",
                f"{version.name}@rolling",
            ],
            "beat": [*celery, "beat", "--pidfile", ""],
            "bot": ["manage.py", "runbot"],
        }
        more = {"SIMULATOR_URL": self.messenger.origin} if self.messenger else {}
        group = {
            name: version.program(self.place, name, commands[name], **more)
            for name in self.wanted.programs
        }
        self.running[version.name] = group
        for program in group.values():
            program.start()
        live = get("/health/live")
        wait_until(lambda: site.ask(live).status == 200 or not group["web"].lives(), every=0.1)
        if not group["web"].lives():
            raise RuntimeError(f"{version.name} does not start: {group['web'].log()[-2000:]}")
        self.sites[version.name] = site
        self.balancer.join(site)

    def _stop(self, version: Version) -> None:
        """In the rotation until it is gone, as the worst of balancers has it."""
        for name, program in self.running.pop(version.name).items():
            if not program.lives():
                self.faults.append(f"{version.name} {name} ended: {program.log()[-600:]}")
                continue
            seconds, code = program.stop(LONGEST_END)
            told = {"program": f"{name} {version.name}", "seconds": round(seconds, 1), "code": code}
            self.ends.append(told)
            if code:
                self.faults.append(f"{told}: {program.log()[-600:]}")
            if name == "web":
                self.balancer.leave(self.sites.pop(version.name))

    def _end_all(self) -> None:
        for group in self.running.values():
            for program in group.values():
                program.end()

    def _load(self) -> Any:
        from tests.faults import rolling_load as load
        from tests.faults.rolling_world import PASSWORD, phones

        people, balancer = self.people, self.balancer
        way = load.way_of(people.master, people.kind)
        manager = load.Manager(balancer, people.account, PASSWORD, people.receipts, self.rng)
        manager.sign_in()
        self.tills = [
            load.Till(balancer, people.key, f"A{number}", way)
            for number in range(self.wanted.tills)
        ]
        readers = [
            load.Reader(balancer, people.key, people.receipts, random.Random(number))
            for number in range(self.wanted.readers)
        ]
        self.phones = phones(people, self.messenger) if self.messenger else []
        pressing = [load.Phones(self.messenger, self.phones)] if self.messenger else []
        return load.Load([*self.tills, *readers, manager, *pressing])

    # --- afterwards ------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Until the inbox is empty and every event has been passed on."""
        say("settling")
        questions = (
            "SELECT count(*) FROM botapp_inboundupdate WHERE state = 'new'",
            "SELECT count(*) FROM history_outbox WHERE done_at IS NULL",
        )
        try:
            wait_until(lambda: not any(map(judging.count, questions)), every=0.5)
        except AssertionError:
            self.faults.append(f"left over: {[judging.count(one) for one in questions]}")

    def _judged(self, watch: Any) -> dict[str, Any]:
        from django.core.management import call_command

        # What follows takes minutes with a long history: what was seen is not lost with it.
        say(f"failed: {self.balancer.failed[:3]}, {self.faults}")
        say(f"{self.balancer.asked}, again {self.balancer.again}, {self.phases}")
        say(f"waits: {[vars(one) for one in watch.waits[:2]]}, {self.ends}")
        call_command("migrate", verbosity=0, interactive=False)
        lost, double, effects = judging.effects(self.tills, self.phones)
        self.faults += judging.sound(rebuilt=dict(self.back).get("analytics") == "zero")
        waits = [one for one in watch.waits if not one.is_a_build]
        builds = [one for one in watch.waits if one.is_a_build]
        longest = round(waits[0].seconds, 2) if waits else 0.0
        failed = len(self.balancer.failed)
        in_time = longest <= LONGEST_WAIT
        return {
            "met": not (failed or lost or double or self.faults) and in_time,
            "runs": 1,
            "seeds": [self.wanted.seed],
            "former": self.wanted.former[:12],
            "back": [f"{app} {name}" for app, name in self.back],
            "rows": self.size,
            "failed": failed,
            "lost": lost,
            "double": double,
            "effects": effects,
            "requests": dict(self.balancer.asked),
            "tried_again": dict(self.balancer.again),
            "slower_than_2_s": self.balancer.slow,
            "slowest_s": round(self.balancer.slowest, 2),
            "longest_lock_wait_s": longest,
            "lock_waits": len(waits),
            "longest_waits": [vars(one) for one in waits[:4]],
            "longest_wait_of_a_build_s": round(builds[0].seconds, 2) if builds else 0.0,
            "looks": watch.looks,
            "requests_of_each_phase": self.phases,
            "migrations": self.migrations,
            "ends": self.ends,
            "faults": self.faults[:10],
            "failures": self.balancer.failed[:5],
            "load": round(os.getloadavg()[0], 1),
            "versions": versions(self.place.vendor),
        }


if __name__ == "__main__":
    main()
