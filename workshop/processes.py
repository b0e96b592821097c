"""Keeps a group of child processes alive under one log. Single-threaded: one selector loop.

A child that dies is started again with growing pauses. A signal to stop reaches every child; none
is left behind, not even when this process is killed. Times are in seconds.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO

# sysexits.h: the child says that it cannot run with these settings. Trying again is no use.
EX_CONFIG = 78
PAUSES = (1, 2, 4, 8, 15, 30)
CALM_AFTER = 60
STOP_GRACE = 28  # work that has begun is brought to its end; a second signal does not wait
PROBE_EVERY = 0.5
REMIND_EVERY = 30
_COLOURS = (36, 33, 35, 32, 34)
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Child:
    """One program of the group. `ready` answers whether it can be used; it must be quick."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool] | None = None
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    failures: int = field(default=0, init=False)
    started: float = field(default=0.0, init=False)
    start_at: float | None = field(default=0.0, init=False)  # None: never again
    partial: bytes = field(default=b"", init=False)


class Group:
    """Runs the children until a signal comes. `announce` is called once, when all are ready."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        announce: Callable[[], None],
        output: IO[str] = sys.stdout,
    ) -> None:
        self.children = list(children)
        self._announce = announce
        self._announced = False
        self._next_probe = 0.0
        self._next_reminder = time.monotonic() + REMIND_EVERY
        self._output = output
        self._colour = output.isatty() and "NO_COLOR" not in os.environ
        self._width = max(len(child.name) for child in self.children)
        self._selector = selectors.DefaultSelector()
        self._signals = 0

    def run(self) -> int:
        """Returns the exit code: 0 after an orderly stop, 1 when nothing was left to run."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            while not self._signals:
                self._start_due()
                if all(c.process is None and c.start_at is None for c in self.children):
                    self.say("nothing is left to run")
                    return 1
                self._read(0.5 if self._announced else 0.1)
                self._reap()
                self._announce_when_ready()
            return 0
        finally:
            self._stop()

    def say(self, text: str, child: Child | None = None) -> None:
        name = child.name if child else "run"
        label = f"{name:<{self._width}} |"
        if self._colour:
            index = self.children.index(child) if child else -1
            code = _COLOURS[index % len(_COLOURS)] if child else 1
            label = f"\x1b[{code}m{label}\x1b[0m"
        # A closed terminal must not keep the children from being stopped.
        with contextlib.suppress(BrokenPipeError):
            print(f"{label} {text}", file=self._output, flush=True)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None and child.start_at is not None and child.start_at <= now:
                self._start(child)

    def _start(self, child: Child) -> None:
        child.process = process = subprocess.Popen(
            list(child.command),
            env=dict(child.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A session of its own: Ctrl-C reaches this process only, which stops all in order.
            start_new_session=True,
            # Safe here, because this process has no threads.
            preexec_fn=_die_with_parent,  # noqa: PLW1509
        )
        child.started = time.monotonic()
        if process.stdout is not None:  # always: it is a pipe
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, child)

    def _read(self, timeout: float) -> None:
        for key, _events in self._selector.select(timeout):
            self._drain(key.data, key.fd)

    def _drain(self, child: Child, descriptor: int) -> None:
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            return
        if not data:
            self._forget_output(child)
            return
        *lines, child.partial = (child.partial + data).split(b"\n")
        for line in lines:
            self.say(line.decode("utf-8", "replace"), child)

    def _forget_output(self, child: Child) -> None:
        if child.process and child.process.stdout and not child.process.stdout.closed:
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()
        if child.partial:
            self.say(child.partial.decode("utf-8", "replace"), child)
            child.partial = b""

    def _reap(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, child.process)

    def _bury(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        code = process.returncode
        # What the dead one had started itself would answer for it, or hold its port.
        _signal_group(process, signal.SIGKILL)
        if process.stdout and not process.stdout.closed:
            self._drain(child, process.stdout.fileno())
        self._forget_output(child)
        child.process = None
        if code == EX_CONFIG:
            child.start_at = None
            self.say("cannot run with these settings; it stays off (the reason is above)", child)
            return
        lived = time.monotonic() - child.started
        child.failures = 1 if lived > CALM_AFTER else child.failures + 1
        pause = PAUSES[min(child.failures, len(PAUSES)) - 1]
        child.start_at = time.monotonic() + pause
        self.say(f"ended with code {code}; starts again in {pause} s", child)

    def _announce_when_ready(self) -> None:
        now = time.monotonic()
        if self._announced or now < self._next_probe:
            return
        self._next_probe = now + PROBE_EVERY
        waiting = [child.name for child in self.children if not self._is_ready(child)]
        if not waiting:
            self._announced = True
            self._announce()
        elif now >= self._next_reminder:
            self._next_reminder = now + REMIND_EVERY
            self.say(f"still waiting for: {', '.join(waiting)}")

    def _is_ready(self, child: Child) -> bool:
        if child.start_at is None and child.process is None:
            return True  # it said that it stays off
        return child.process is not None and (child.ready is None or child.ready())

    def _stop(self) -> None:
        """TERM to all, a grace, then KILL; a second signal shortens the grace."""
        alive = [child.process for child in self.children if child.process is not None]
        if self._signals:
            self.say("stopping")
        for process in alive:
            # The parent alone: a server stops its own workers in order.
            process.terminate()
        deadline = time.monotonic() + STOP_GRACE
        while (
            any(process.poll() is None for process in alive)
            and time.monotonic() < deadline
            and self._signals < 2
        ):
            self._read(0.1)
        for process in alive:
            _signal_group(process, signal.SIGKILL)
            process.wait()
        self.say("stopped")


def _die_with_parent() -> None:
    """Runs in the child: a kill -9 of the supervisor ends it too (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    # Gone already is what is wanted.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
