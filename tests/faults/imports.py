"""`make faults-imports`: imports whose worker is killed, which are cancelled, which come twice.

    python -m tests.faults.imports [--rows 20000] [--kills 5] [--seed 1]

One after the other, in one database: the right rows of a table while the worker is killed again
and again; the same table once more; another one cancelled in the middle; one all-or-nothing killed
and one cancelled in the middle. Prints one JSON object; exit code 0 when every right row stands
there exactly once with its outcome, a second time changes nothing, and nothing is left half.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from typing import Any, Final

from benchmarks.p8_table import is_wrong, workbook
from tests.faults.setup import ROOT, Place, finish, say, throwaway, versions, wait_until

SMALL: Final = 20


def main() -> None:
    wanted = _arguments()
    with throwaway() as place:
        result = _Imports(place, wanted).run()
    finish(result, met=result["met"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.imports")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="a twentieth of the rows, two kills")
    wanted = parser.parse_args()
    if wanted.small:
        wanted.rows, wanted.kills = wanted.rows // SMALL, 2
    return wanted


class _Imports:
    def __init__(self, place: Place, wanted: argparse.Namespace) -> None:
        from tests.cast import make_cast

        self.place, self.wanted = place, wanted
        self.draw = random.Random(wanted.seed)
        self.actor = make_cast().actor("anna", "admin")
        self.rows: int = wanted.rows
        self.chunk = max(1, self.rows // SMALL)  # as in the product, of 20 000 rows
        self.right = sum(not is_wrong(number) for number in range(self.rows))
        self.kills = 0
        self.faults: list[str] = []

    def run(self) -> dict[str, Any]:
        began = time.monotonic()
        content = workbook(self.rows, self.wanted.seed)
        self._killed(content)
        self._again(content)
        self._cancelled("К", at_once=False)
        self._cancelled("В", at_once=True)
        self._killed_at_once("У")
        self._whole()
        return {
            "met": not self.faults,
            "faults": self.faults,
            "rows": self.rows,
            "kills": self.kills,
            "lost": sum("lost" in fault for fault in self.faults),
            "double": sum("double" in fault for fault in self.faults),
            "seed": self.wanted.seed,
            "seconds": round(time.monotonic() - began),
            **versions(self.place.vendor),
        }

    # --- what is tried ------------------------------------------------------------------------

    def _killed(self, content: bytes) -> None:
        job = self._start(content)
        self._kill_while_running(job, self.wanted.kills)
        self._expect(job, "done", {"created": self.right, "error": self.rows - self.right})
        self._count("killed", self.right)

    def _again(self, content: bytes) -> None:
        before = self._events()
        job = self._start(content)
        self._work()
        self._expect(job, "done", {"unchanged": self.right, "error": self.rows - self.right})
        if self._events() != before:
            self.faults.append("double: the same table changed something")

    def _cancelled(self, letter: str, *, at_once: bool) -> None:
        from integrations.services.imports import stop

        before = self._receipts()
        job = self._start(self._clean(letter), all_or_nothing=at_once)
        worker = self._worker()
        # Of all-or-nothing in its second half, where it writes.
        half = self.rows // 2 if not at_once else self.rows + self.rows // 3
        wait_until(lambda: self._fresh(job).done >= half or self._fresh(job).is_finished)
        stop(import_id=job.options["import"], actor=self.actor)
        worker.wait()
        self._work()
        job = self._fresh(job)
        written = self._receipts() - before
        if job.state == "done":
            say(f"{letter}: it was faster than the cancelling")
            return
        told = job.result.get("created", 0)
        if job.state != "cancelled" or written != told or (at_once and written):
            self.faults.append(f"half: cancelled {job.state} told {told} written {written}")

    def _killed_at_once(self, letter: str) -> None:
        before = self._receipts()
        job = self._start(self._clean(letter), all_or_nothing=True)
        worker = self._worker()
        beyond = self.rows + self.rows // 4
        wait_until(lambda: self._fresh(job).done >= beyond or self._fresh(job).is_finished)
        self._kill(worker)
        if not self._fresh(job).is_finished and self._receipts() != before:
            self.faults.append("half: all or nothing left something after a kill")
        self._work()
        self._expect(job, "done", {"created": self.rows})
        self._count(letter, before + self.rows)

    def _whole(self) -> None:
        from history.verify import verify

        self.faults += [f"chain: {finding}" for finding in verify()]

    # --- tools --------------------------------------------------------------------------------

    def _clean(self, letter: str) -> bytes:
        from integrations.tests.tables import as_csv

        return as_csv([["Номер", "Клиент"], *([f"{letter}-{n}", "Иван"] for n in range(self.rows))])

    def _start(self, content: bytes, **options: Any) -> Any:
        from integrations.services.imports import bring

        row = bring(
            subject="receipts", content=content, then="import", actor=self.actor, **options
        ).object
        return row.run_job

    def _worker(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.faults.import_worker", str(self.chunk)]
        return subprocess.Popen(command, cwd=ROOT, env=os.environ.copy(), stdout=sys.stderr)

    def _work(self) -> None:
        if self._worker().wait() != 0:
            self.faults.append("a worker ended with an error")

    def _kill(self, worker: subprocess.Popen[bytes]) -> None:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        self.kills += 1

    def _kill_while_running(self, job: Any, kills: int) -> None:
        """Each time after it has come a piece further, at a random moment."""
        for number in range(kills):
            worker = self._worker()
            mark = self.rows * (number + 1) // (kills + 2)
            wait_until(lambda mark=mark: self._fresh(job).done >= mark)
            time.sleep(self.draw.random() / 2)
            self._kill(worker)
            say(f"killed at {self._fresh(job).done} of {self.rows}")
        self._work()

    def _fresh(self, job: Any) -> Any:
        return type(job).objects.get(pk=job.pk)

    def _receipts(self) -> int:
        from receipts.models import Receipt

        return Receipt.objects.count()

    def _events(self) -> int:
        from history.models import Event

        return Event.objects.filter(kind__startswith="receipt.").count()

    def _expect(self, job: Any, state: str, result: dict[str, int]) -> None:
        from integrations.imports.results import outcomes

        job = self._fresh(job)
        wanted = {name: count for name, count in result.items() if count}
        if (job.state, job.result) != (state, wanted):
            self.faults.append(f"lost: {job.state} {job.result} {job.error}, expected {wanted}")
        numbers = [row[0] for row in outcomes(job)]
        if numbers != list(range(2, self.rows + 2)):
            self.faults.append(
                f"double: outcomes of {len(numbers)} rows, {len(set(numbers))} apart"
            )
        say(f"{job.state} {job.result} after {job.attempts} attempts")

    def _count(self, name: str, expected: int) -> None:
        if self._receipts() != expected:
            self.faults.append(f"lost or double: {name} {self._receipts()}, expected {expected}")


if __name__ == "__main__":
    main()
