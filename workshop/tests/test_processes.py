"""The supervisor with real small children: death, restart, signals, nobody left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workshop.settings.env import BASE_DIR

PARENT = """
import sys, time
from pathlib import Path
from workshop import processes
from workshop.processes import Child, Group
processes.PAUSES = (0.05,)
processes.STOP_GRACE = 1
folder = Path(sys.argv[1])
children = []
for number, code in enumerate(sys.argv[2:]):
    command = [sys.executable, "-u", "-c", code, str(folder)]
    children.append(Child(f"child{number}", command, {"PATH": "/usr/bin:/bin"}))
sys.exit(Group(children, announce=lambda: print("ALL READY", flush=True)).run())
"""
# A child that has a child itself, as a web server has.
FAMILY = """
import pathlib, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(sys.argv[1], "grandchild").write_text(str(grandchild.pid))
print("family", flush=True)
time.sleep(60)
"""
QUIET = "import time; print('here'); time.sleep(60)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('stubborn'); time.sleep(60)
"""
MORTAL = """
import pathlib, sys
with open(sys.argv[1] + "/lives", "a") as file: file.write("x")
print("dying")
sys.exit(3)
"""
MISCONFIGURED = "import sys; print('no such setting'); sys.exit(78)"


class Run:
    def __init__(self, folder: Path, *codes: str) -> None:
        self.log = folder / "log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PARENT, str(folder), *codes],
                cwd=BASE_DIR,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def says(self, text: str) -> bool:
        return text in self.log.read_text()

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=15)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        # Other processes need the processor; nothing is measured by this pause.
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(*codes: str) -> Run:
        runs.append(Run(tmp_path, *codes))
        return runs[-1]

    yield begin
    for one in runs:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_lines_carry_the_name_of_their_child_and_ready_is_said_once(run) -> None:
    group = run(QUIET, QUIET)
    until(lambda: group.says("ALL READY"), "ready")
    until(lambda: group.says("child1 | here"), "the second child's line")
    assert group.stop() == 0
    assert group.log.read_text().count("ALL READY") == 1
    assert group.says("run    | stopped")


def test_a_dead_child_lives_again(run, tmp_path: Path) -> None:
    group = run(QUIET, MORTAL)
    lives = tmp_path / "lives"
    until(lambda: lives.exists() and len(lives.read_text()) >= 3, "three lives")
    assert group.says("child1 | ended with code 3; starts again")
    assert group.stop() == 0


def test_a_child_that_cannot_run_is_not_tried_again(run) -> None:
    group = run(QUIET, MISCONFIGURED)
    until(lambda: group.says("it stays off"), "the refusal")
    until(lambda: group.says("ALL READY"), "ready without it")
    assert group.stop() == 0
    assert group.log.read_text().count("no such setting") == 1


def test_nothing_left_to_run_ends_the_group(run) -> None:
    group = run(MISCONFIGURED)
    assert group.process.wait(timeout=15) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_whole_family(run, tmp_path: Path, number: int) -> None:
    group = run(FAMILY)
    until(lambda: group.says("family"), "the family")
    grandchild = int((tmp_path / "grandchild").read_text())
    assert group.stop(number) == 0
    until(lambda: not alive(grandchild), "the end of the grandchild")


def test_one_who_ignores_the_signal_is_killed(run) -> None:
    group = run(STUBBORN)
    until(lambda: group.says("stubborn"), "the stubborn one")
    assert group.stop() == 0


def test_a_second_signal_does_not_wait(run) -> None:
    group = run(STUBBORN)
    until(lambda: group.says("stubborn"), "the stubborn one")
    group.process.send_signal(signal.SIGINT)
    until(lambda: group.says("stopping"), "the first signal")
    assert group.stop() == 0


def test_a_killed_child_takes_its_own_children_along(run, tmp_path: Path) -> None:
    group = run(FAMILY)
    until(lambda: group.says("family"), "the family")
    grandchild = int((tmp_path / "grandchild").read_text())
    parent = int(Path(f"/proc/{grandchild}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(parent, signal.SIGKILL)
    until(lambda: not alive(grandchild), "the end of the grandchild")
    until(lambda: group.log.read_text().count("| family") == 2, "the new family")
    assert group.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux only")
def test_a_killed_supervisor_leaves_no_child(run) -> None:
    group = run(QUIET)
    until(lambda: group.says("here"), "the child")
    children = Path(f"/proc/{group.process.pid}/task/{group.process.pid}/children")
    child = int(children.read_text().split()[0])
    group.stop(signal.SIGKILL)
    until(lambda: not alive(child), "the end of the child")
