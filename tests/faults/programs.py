"""Beats and workers as processes that can be killed, and servers that can be restarted."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import kombu
import redis

from tests.faults.setup import ROOT, WAIT, Place, free_port, wait_until
from workshop import local_services

STOCK = "django_celery_beat.schedulers:DatabaseScheduler"
_PID = re.compile(r"/(\d+)-\d+$")


class Program:
    """One command that is started, killed and started again; its output goes to a file."""

    def __init__(self, place: Place, name: str, command: Sequence[str], **more: str) -> None:
        self.name = name
        self._command = [sys.executable, *command]
        self._environment: Mapping[str, str] = {**place.environment, **more}
        self._log = place.folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._from = 0
        self._root = ROOT

    def start(self) -> None:
        self._from = len(self.log())
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._root, env=dict(self._environment), stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def end(self, number: int = signal.SIGKILL) -> None:
        """kill -9, or an orderly end with SIGTERM; returns when the process is gone."""
        if self._process is not None:
            self._process.send_signal(number)
            try:
                self._process.wait(WAIT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(WAIT)
            self._process = None

    def stop(self, patience: float) -> tuple[float, int]:
        """An orderly end: seconds it took and the exit code; -9 when it had to be killed."""
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        began = time.monotonic()
        self._process.terminate()
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait(WAIT)
        self._process = None
        return time.monotonic() - began, code

    def lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def restart_if_gone(self) -> bool:
        """What a supervisor does; True when it had ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            self.start()
            return True
        return False

    def says(self, text: str) -> bool:
        """Whether the log has it, since the last start."""
        return text in self.log()[self._from :]

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""


def beat(place: Place, name: str, *, scheduler: str = "", **more: str) -> Program:
    """A scheduler of its own; ``FAULTS_MACHINE`` names the machine it believes to be on."""
    command = ["-m", "celery", "--quiet", "--app", "workshop", "beat", "--pidfile", ""]
    command += ["--scheduler", scheduler] if scheduler else []
    return Program(place, name, command, **_settings(more))


def worker(place: Place, name: str, **more: str) -> Program:
    command = ["-m", "celery", "--quiet", "--app", "workshop", "worker", "--pool", "threads"]
    command += ["--without-gossip", "--without-mingle", "--hostname", f"{name}@faults"]
    return Program(place, name, command, **_settings(more))


def bot(place: Place, messenger: str) -> Program:
    return Program(place, "runbot", ["manage.py", "runbot"], SIMULATOR_URL=messenger)


def _settings(more: Mapping[str, str]) -> dict[str, str]:
    found = {"DJANGO_SETTINGS_MODULE": "tests.faults.beat_settings", "LOG_FORMAT": "console"}
    found["LOG_LEVEL"] = "INFO"
    found["CELERY_BROKER_URL"] = os.environ.get("FAULTS_BROKER") or "filesystem://localhost"
    found["FAULTS_QUEUE"] = _queue()
    return {**found, **more}


def _queue() -> str:
    return f"faults-{os.getpid()}"


def forget_queue(broker: str) -> None:
    """A broker that lives on must not keep the queue of this run. Nothing for files."""
    if broker:
        with kombu.Connection(broker, connect_timeout=2) as connection:
            kombu.Queue(_queue(), channel=connection.channel()).delete()


def pid_of(owner: str) -> int:
    """The process of a name as leases carry it."""
    found = _PID.search(owner)
    return int(found[1]) if found else 0


class Postgres:
    """A cluster of our own that can be stopped and started again under the same address."""

    def __init__(self) -> None:
        binaries = local_services.postgres_binaries()
        if binaries is None:
            raise local_services.Unavailable("no initdb on this machine, it cannot be restarted")
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="faults-pg-"))
        self._stack = contextlib.ExitStack()
        self.url = ""

    def __enter__(self) -> Postgres:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        self.url = self._stack.enter_context(local_services.cluster(self._binaries, self._folder))

    def stop(self) -> None:
        """Fast: open transactions are rolled back, every connection is cut."""
        self._stack.close()


class Redis:
    """A Redis of our own that keeps nothing: what was in it is gone after a restart."""

    def __init__(self) -> None:
        self._binary = shutil.which("redis-server") or ""
        if not self._binary:
            raise local_services.Unavailable("no redis-server on this machine")
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def __enter__(self) -> Redis:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--port", str(self._port), "--save", ""]
        self._process = subprocess.Popen(
            [self._binary, *options],
            cwd=tempfile.gettempdir(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT)
            self._process = None

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
