"""`make faults-rollups`: the refresher of the roll-ups killed inside of its transaction.

    python -m tests.faults.rollups [--kills 20] [--seed 1] [--small]

Four people add, date back and void works all the time. A refresher is stopped at a statement drawn
at random, always another one of its transaction, and gets `kill -9` there. After every fifth kill,
while people go on writing, each number is compared with a count over the facts. At the end one
refresher works undisturbed: no mark may be left, and every number must be as the facts say.
Prints one JSON object; exit code 0 when nothing is lost and nothing counted twice.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from benchmarks import p5_world
from benchmarks.machine import start
from tests.faults.setup import ROOT, Place, finish, say, throwaway, versions, wait_until

WRITERS: Final = 4
WORKS: Final = 5_000
STATEMENTS: Final = 24
"""A step with marks has about as many."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.rollups")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="three kills")
    wanted = parser.parse_args()
    if wanted.small:
        wanted.kills = 3
    with throwaway() as place:
        if place.vendor != "postgresql":
            raise SystemExit("faults-rollups needs PostgreSQL")
        p5_world.fill(WORKS)
        p5_world.build()
        result = _Run(place, wanted).run()
    finish(result, met=result["met"])


def _is_more(one: Any) -> bool:
    """Whether the roll-ups hold more than the facts."""
    if not isinstance(one.rolled, tuple):
        return False
    return one.facts is None or sum(one.rolled) > sum(one.facts)


class _Run:
    def __init__(self, place: Place, wanted: argparse.Namespace) -> None:
        self.place, self.wanted = place, wanted
        self.draw = random.Random(wanted.seed)
        self.control = place.folder / "control"
        self.killed_at: list[str] = []
        self.wrong: list[Any] = []
        self.compared = 0

    def run(self) -> dict[str, Any]:
        from django.db import connection

        from analytics.models import Mark
        from analytics.services import rollups
        from workshop.lib import clock

        began, before = time.monotonic(), self._changes()
        with self._writers(str(connection.settings_dict["NAME"])):
            for number in range(1, self.wanted.kills + 1):
                self._kill()
                if number % 5 == 0 or self.wanted.small:
                    self._compare()
        changes = self._changes() - before
        left = Mark.objects.count()
        while rollups.refresh(at=clock.now()).left:
            pass
        self._compare(whole=not self.wanted.small)
        double = sum(_is_more(one) for one in self.wrong)
        lost = len(self.wrong) - double + Mark.objects.count()
        return {
            "met": lost == double == 0 and changes > 0 and len(self.killed_at) == self.wanted.kills,
            "lost": lost,
            "double": double,
            "wrong": [str(one) for one in self.wrong[:5]],
            "kills": len(self.killed_at),
            "killed_after": sorted({sql.split()[0] for sql in self.killed_at}),
            "changes": changes,
            "marks_left_by_the_killed": left,
            "months_compared": self.compared,
            "seed": self.wanted.seed,
            "seconds": round(time.monotonic() - began),
            **versions(self.place.vendor),
        }

    def _changes(self) -> int:
        from history.models import Event

        kinds = ("receipt.work_recorded", "receipt.work_voided")
        return Event.objects.filter(kind__in=kinds).count()

    def _kill(self) -> None:
        at = str(self.draw.randint(1, STATEMENTS))
        refresher = start(
            [sys.executable, "-m", "tests.faults.rollup_refresher", at],
            cwd=ROOT,
            environment=self.place.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        said = refresher.stdout.readline() if refresher.stdout else ""
        refresher.send_signal(signal.SIGKILL)
        refresher.wait()
        if not said:
            raise RuntimeError("the refresher ended by itself")
        self.killed_at.append(said.strip())
        say(f"kill {len(self.killed_at)} after statement {at}: {said.strip()}")

    def _compare(self, *, whole: bool = False) -> None:
        """The year that is written into, or every month, against the facts; each in one snapshot.

        While people write, the changes since the last refresh are counted live for each month.
        """
        from analytics import checking
        from analytics.periods import next_month
        from workshop.lib import clock

        month = clock.today().replace(day=1, year=clock.today().year - 1)
        if whole:
            month = (checking.beginning() or month).replace(day=1)
        while month <= clock.today():
            self.wrong += checking.differences(month)
            self.compared += 1
            month = next_month(month)

    @contextlib.contextmanager
    def _writers(self, name: str) -> Iterator[None]:
        from analytics.models import Mark

        self.control.write_text(name)
        processes = [
            start(
                [sys.executable, "-m", "benchmarks.p5_writers", str(self.control), str(number)],
                cwd=ROOT,
                environment=self.place.environment,
            )
            for number in range(1, WRITERS + 1)
        ]
        try:
            wait_until(Mark.objects.exists)
            yield
            ended = [process.returncode for process in processes if process.poll() is not None]
            if ended:
                raise RuntimeError(f"writers have ended: {ended}")
        finally:
            self.control.write_text("stop")
            for process in processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(30)
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
