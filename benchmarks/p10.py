"""P10: `make run` on a fresh machine: how soon it answers, how soon again, and what it costs idle.

A fresh clone of the last commit; its packages are installed from pip's cache, as after the
downloads (`install` tells how long, it is not judged). `first`: from `make run` in that clone until
the office, its readiness and the simulated Telegram answer: database, catalogues, static files,
demo data, programs. `next`: the same once more. Then all processes together: `memory` (shared pages
counted once), and `idle`, the share of one core that they use while nobody does anything. Figures
of a machine, not ratios: `load` tells what else it had to do.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks.base import Run, Sample
from benchmarks.machine import cpu_seconds
from tests.faults.setup import ROOT, free_port, say, wait_until

FIRST, NEXT, MEMORY, IDLE = 90, 10, 700, 2.0  # the goals: s, s, MiB, %
PATIENCE: Final = 900.0  # seconds; a bound for failures
CALM: Final = 30.0  # seconds after the start, for jobs that were late
WATCHED: Final = 60.0
KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "USER", "TMPDIR")


class Clone:
    """The product as somebody gets it."""

    def __init__(self, folder: Path, *, small: bool) -> None:
        self.folder = folder / "clone"
        self.port = free_port()
        self.install = 0.0
        subprocess.run(["git", "clone", "-q", str(ROOT), str(self.folder)], check=True)
        if small:
            (self.folder / ".venv").symlink_to(ROOT / ".venv")
        else:
            began = time.monotonic()
            self._make("product")
            self.install = time.monotonic() - began
            (self.folder / ".env").unlink()

    def _make(self, target: str) -> None:
        subprocess.run(
            ["make", "-s", target],
            cwd=self.folder,
            env=self.environment(),
            stdout=sys.stderr,
            stderr=sys.stderr,
            check=True,
        )

    def environment(self) -> Mapping[str, str]:
        """Nothing of an installation, nor of a run of tests around us."""
        kept = {name: value for name, value in os.environ.items() if name in KEPT}
        kept |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        return kept | {"PORT": str(self.port)}

    @contextlib.contextmanager
    def running(self) -> Iterator[tuple[float, int]]:
        """Seconds until all addresses answered, and the process that `make run` became."""
        began = time.monotonic()
        process = subprocess.Popen(
            ["make", "-s", "run"],
            cwd=self.folder,
            env=dict(self.environment()),
            stdout=sys.stderr,
            stderr=sys.stderr,
            start_new_session=True,
        )
        try:
            wait_until(lambda: process.poll() is not None or self._answers(), PATIENCE, 0.1)
            if process.poll() is not None:
                raise RuntimeError(f"make run ended with {process.returncode}")
            yield time.monotonic() - began, process.pid
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(60)

    def _answers(self) -> bool:
        return all(
            (
                _is_ok(self.port, "/health/ready"),
                _is_ok(self.port, "/admin/login/"),
                _is_ok(self.port + 1, "/"),
            )
        )


def _is_ok(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def tree(root: int) -> list[int]:
    """The process and all that it has started, and they."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(") ")[2].split()
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, left = [], [root]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def memory(pids: list[int]) -> float:
    """MiB of all together; a page that several share counts once."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def idle(pids: list[int], seconds: float) -> float:
    """Percent of one core."""
    before = {pid: cpu_seconds(pid) for pid in pids}
    time.sleep(seconds)
    return 100 * sum(cpu_seconds(pid) - before[pid] for pid in pids) / seconds


def main() -> None:
    run = Run("P10", __doc__, parts=("start",))
    run.rounds = 1  # a machine is fresh once
    calm, watched = (1.0, 3.0) if run.small else (CALM, WATCHED)
    with tempfile.TemporaryDirectory(prefix="bench-run-") as folder:
        clone = Clone(Path(folder), small=run.small)
        run.notes["install_s"] = round(clone.install, 1)
        with clone.running() as (seconds, _pid):
            run.figure("first", lambda: Sample(seconds), at_most=FIRST, unit="s", n=1)
        with clone.running() as (seconds, pid):
            run.figure("next", lambda: Sample(seconds), at_most=NEXT, unit="s", n=1)
            time.sleep(calm)
            pids = tree(pid)
            say(f"{len(pids)} processes")
            run.figure("idle", lambda: Sample(idle(pids, watched)), at_most=IDLE, unit="%", n=1)
            run.figure(
                "memory", lambda: Sample(memory(pids)), at_most=MEMORY, unit="MiB", n=len(pids)
            )
    run.notes["load"] = [round(one, 1) for one in os.getloadavg()]
    run.finish()


if __name__ == "__main__":
    main()
