"""P5: the dashboard with 10 million rows of history, against one with 10 thousand.

Works, decisions, returns and their reasons of ten years, evenly spread. 200 questions: ten periods
(today … all time, three years of one's choice), each person or everybody, each type or all. A
question is what the dashboard asks: quality by person and type, output in time, returns with their
reasons, in one snapshot. Floor is the small history, ours the large one; the figure is the mean
of the 200.

Parts: `still`, nobody writes. `busy`, eight processes add, date back and void works through the
services, and the refresher runs once a minute as its job does; then all 200 answers of either
history must equal a GROUP BY over its facts in the same snapshot, while they go on writing.

The large history takes long to make: `python -m benchmarks.p5_world` makes it beforehand on the
server of TEST_DATABASE_URL, where it is found and kept. PostgreSQL only.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg

from benchmarks import p5_world
from benchmarks.base import Run, Sample
from benchmarks.machine import start
from benchmarks.p5_facts import Facts, told
from tests.faults.setup import ROOT, Place, say, wait_until

WORKS = (7_400, p5_world.HISTORY)
SMALL = (740, 14_800)
WRITERS = 8
AT_MOST = 3.0
PEOPLE = 4  # of them, and of the types, one after the other; with "all" 200 questions
KINDS = ("today", "yesterday", "week", "previous_week", "month", "previous_month")
LONG = ("quarter", "year", "all", "custom")
Question = tuple[Any, Any]


class Bench:
    """Two histories on one server; the connection of this process goes from one to the other."""

    def __init__(self, run: Run, place: Place, large: str) -> None:
        from django.db import connection

        self.run, self.place = run, place
        self.small, self.large = str(connection.settings_dict["NAME"]), large
        self.control = place.folder / "control"
        self.seen: dict[str, Any] = {}

    def use(self, name: str) -> None:
        from django.db import connection

        connection.close()
        connection.settings_dict["NAME"] = name

    # --- the questions --------------------------------------------------------------------------

    def questions(self) -> list[Question]:
        """The same for both: the people and types of both were made in the same order."""
        from analytics.filters import Filters
        from analytics.periods import period
        from receipts.models import OperationType
        from staff.models import Employee
        from workshop.lib import clock

        at = clock.now()
        today = clock.local(at).date()
        beginning = today - timedelta(days=365 * p5_world.YEARS)
        last = today - timedelta(days=400)
        periods = [
            period(
                kind, at=at, beginning=beginning, first=last - timedelta(days=3 * 365), last=last
            )
            for kind in (*KINDS, *LONG)
        ]
        people = Employee.objects.filter(telegram_id__gt=60_000).order_by("pk")[:PEOPLE]
        types = OperationType.objects.order_by("pk")[: PEOPLE - 1]
        chosen = itertools.product(
            [(), *((person.pk,) for person in people)], [(), *((kind.pk,) for kind in types)]
        )
        filters = [Filters(employees=who, types=what) for who, what in chosen]
        found = list(itertools.product(periods, filters))
        return found[::5] if self.run.small else found

    def dashboard(self, question: Question) -> tuple[Any, Any, Any]:
        from analytics.output import output
        from analytics.quality import quality
        from analytics.returns import returns
        from analytics.snapshots import snapshot
        from workshop.lib import clock

        asked, filters = question
        at = clock.now()
        with snapshot():
            return (
                quality(asked, at=at, filters=filters),
                output(asked, at=at, filters=filters),
                returns(asked, at=at, filters=filters, watches=False),
            )

    # --- what is measured -----------------------------------------------------------------------

    def asked(self, name: str) -> Sample:
        """The mean of all questions to one history, in milliseconds."""
        from analytics.models import Mark

        self.use(name)
        busy = self.control.exists()
        if busy:
            self.write_into(name)
        questions = self.questions()
        self.dashboard(questions[0])  # the connection and its first plans
        began = time.perf_counter()
        for question in questions:
            self.dashboard(question)
        seconds = time.perf_counter() - began
        marks = Mark.objects.count()
        if busy:
            self.seen.setdefault("marks", []).append(marks)
            self.control.write_text("")
        return Sample(1000 * seconds / len(questions), marks > 0 if busy else None)

    def still_small(self) -> Sample:
        return self.asked(self.small)

    def still_large(self) -> Sample:
        return self.asked(self.large)

    def write_into(self, name: str) -> None:
        from analytics.models import Mark

        known = Mark.objects.count()
        self.control.write_text(name)
        wait_until(lambda: Mark.objects.count() != known)

    @contextlib.contextmanager
    def writers(self) -> Iterator[None]:
        self.control.write_text("")
        processes = [
            start(
                [sys.executable, "-m", "benchmarks.p5_writers", str(self.control), str(number)],
                cwd=ROOT,
                environment=self.place.environment,
            )
            for number in range(WRITERS + 1)
        ]
        try:
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
            self.control.unlink()

    def right(self, name: str) -> bool:
        """All answers and a GROUP BY over the facts, of one moment, while people write."""
        from analytics.models import Mark
        from analytics.snapshots import snapshot

        self.use(name)
        self.write_into(name)
        with snapshot():
            questions = self.questions()
            answers = [told(*self.dashboard(question)) for question in questions]
            marks = Mark.objects.count()
            facts = Facts()
            expected = [facts.answer(*question) for question in questions]
        self.control.write_text("")
        wrong = [
            question
            for question, answer, truth in zip(questions, answers, expected, strict=True)
            if answer != truth
        ]
        say(f"{name}: {facts.counted} works, {len(questions)} answers, {marks} marks")
        for question in wrong[:3]:
            say(f"wrong: {question}")
        self.seen.setdefault("works", []).append(facts.counted)
        return not wrong and marks > 0


@contextlib.contextmanager
def large_history(run: Run, place: Place, works: int) -> Iterator[str]:
    """The database of the large history; a small run makes its own and drops it."""
    server = p5_world.on(place.url, "postgres")
    name = p5_world.name_of(works)
    with psycopg.connect(server, autocommit=True) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if there.fetchone() is None:
            say(f"{name} is made first, with {works} works")
            subprocess.run(
                [sys.executable, *f"-m benchmarks.p5_world --works {works}".split()],
                cwd=ROOT,
                env={**os.environ, "TEST_DATABASE_URL": server},
                stdout=sys.stderr,
                check=True,
            )
        yield name
        if run.small:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def main() -> None:
    run = Run("P5", __doc__, parts=("still", "busy"))
    few, many = SMALL if run.small else WORKS
    with run.place() as place:
        if place.vendor != "postgresql":
            raise SystemExit("P5 needs PostgreSQL")
        p5_world.fill(few)
        p5_world.build()
        with large_history(run, place, many) as large:
            bench = Bench(run, place, large)
            n = len(bench.questions())
            if run.wants("still"):
                run.compare(
                    "still", bench.still_small, bench.still_large, at_most=AT_MOST, unit="ms", n=n
                )
            if run.wants("busy"):
                with bench.writers():
                    part = run.compare(
                        "busy",
                        bench.still_small,
                        bench.still_large,
                        at_most=AT_MOST,
                        unit="ms",
                        n=n,
                    )
                    part.equal &= bench.right(bench.small) and bench.right(bench.large)
                part.details |= bench.seen
            bench.use(bench.small)
    run.finish()


if __name__ == "__main__":
    main()
