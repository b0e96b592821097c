"""What every fault run stands on: a throw-away database, the simulator and the bot as processes.

Nothing here imports Django before :func:`throwaway` has prepared the environment. Programs print
exactly one JSON object to stdout (:func:`finish`); everything else goes to stderr.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import platform
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit, urlunsplit

from workshop import local_services

ROOT = Path(__file__).resolve().parents[2]
APPS = (
    "workshop", "history", "staff", "receipts", "polishing", "analytics", "integrations", "botapp",
)  # fmt: skip
_STALE = re.compile(r"faults_(\d+)_\d+")
WAIT = 240.0  # seconds; a bound for failures, never slept through


@dataclass(frozen=True)
class Place:
    """Where a run happens. ``vendor`` says honestly which database it was."""

    url: str
    vendor: str
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def throwaway(
    *, server: str | None = None, sqlite: bool = False, copy_of: str = ""
) -> Iterator[Place]:
    """A fresh migrated database and Django set up on it; PostgreSQL, else a SQLite file.

    On ``server`` when one is given, on SQLite when that is asked for. ``copy_of``: with what stands
    in that database of the server, brought to the present.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        url, vendor = _database(stack, folder, server, copy_of, sqlite=sqlite)
        prepare_environment(url, folder)
        import django

        from workshop.translations import compile_catalogues

        compile_catalogues()
        django.setup()
        stack.callback(_close_connections)
        from django.core.management import call_command

        say(f"database: {vendor}")
        # As an installation does it: migrations, catalogues, static files.
        with _alone(static_files()):
            call_command("prepare", files=True, stdout=sys.stderr)
        if copy_of or not _is_prepared():
            call_command("prepare", stdout=sys.stderr)
            if not copy_of and vendor == "postgresql":
                _keep_as_template(url)
        yield Place(url, vendor, folder, dict(os.environ))


def static_files() -> Path:
    """Where the runs of this tree keep them together: to collect them takes half a minute."""
    mark = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"workshop-static-{os.getuid()}-{mark}"


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of several runs that begin together one collects, the others find what it collected."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _database(
    stack: contextlib.ExitStack, folder: Path, server: str | None, copy_of: str, *, sqlite: bool
) -> tuple[str, str]:
    file = f"sqlite:///{folder / 'faults.sqlite3'}"
    if sqlite:
        return file, "sqlite"
    if server is None:
        try:
            server, _origin = stack.enter_context(local_services.postgres())
        except local_services.Unavailable as error:
            say(f"no PostgreSQL, SQLite is used: {error}")
            return file, "sqlite"
    return stack.enter_context(_own_database(server, copy_of or template())), "postgresql"


@contextlib.contextmanager
def _own_database(server: str, copied: str) -> Iterator[str]:
    """A database of this run on the server, dropped afterwards."""
    import psycopg

    drop_stale(server)
    name = f"faults_{os.getpid()}_{int(time.time())}"

    def execute(statement: str) -> None:
        # Connected for each: a run may restart the server meanwhile.
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(statement)

    try:
        execute(f'CREATE DATABASE "{name}" TEMPLATE "{copied}"')  # our own letters and digits
    except psycopg.errors.InvalidCatalogName:  # the first run of this tree on this server
        execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@functools.cache
def template() -> str:
    """The name of a prepared database that later runs of the same tree copy: it saves each of them
    the migrations. Anything that may change what it holds changes its name."""
    parts = [ROOT / app for app in APPS]
    files = sorted(file for part in parts for file in part.rglob("*.py"))
    files += sorted((ROOT / "locale").rglob("*.po"))
    told = [f"{file}:{file.stat().st_mtime_ns}:{file.stat().st_size}" for file in files]
    return f"faults_template_{hashlib.sha256('|'.join(told).encode()).hexdigest()[:16]}"


def _is_prepared() -> bool:
    """Was the database copied from the template?"""
    from django.db import connection

    return "history_event" in connection.introspection.table_names()


def _keep_as_template(url: str) -> None:
    import psycopg

    _close_connections()
    own = urlsplit(url).path[1:]
    server = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
        for (name,) in names:
            if name.startswith("faults_template_") and name != template():
                with contextlib.suppress(psycopg.errors.ObjectInUse):
                    connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        # Another run that began together with this one may have been quicker.
        with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(f'CREATE DATABASE "{template()}" TEMPLATE "{own}"')


def drop_stale(server: str) -> list[str]:
    """What killed runs have left: their process is gone, and nobody is connected. The names."""
    import psycopg

    dropped = []
    with psycopg.connect(server, autocommit=True) as connection:
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
        for (name,) in names:
            owner = _STALE.fullmatch(name)
            if owner is None or _is_running(int(owner[1])):
                continue
            # In use after all, by a run on another machine: then it is not ours to drop.
            with contextlib.suppress(psycopg.errors.ObjectInUse):
                connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
                dropped.append(name)
    return dropped


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def prepare_environment(url: str, folder: Path) -> None:
    """Set, also to nothing, whatever an installation's own .env might bring in."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="workshop.settings",
        DATABASE_URL=url,
        DATA_DIR=str(folder),
        MEDIA_ROOT=str(folder / "media"),
        STATIC_ROOT=str(static_files()),
        SECRET_KEY="faults-only-" + "k7Qz" * 12,
        ALLOWED_HOSTS="127.0.0.1,localhost",
        HTTPS="0",
        DEBUG="0",
        DEMO="0",
        LOG_LEVEL="ERROR",
        TELEGRAM_BOT_TOKEN="",
        TELEGRAM_API_BASE_URL="",
        TELEGRAM_FILE_BASE_URL="",
        SIMULATOR_URL="",
        REDIS_URL="",
        CELERY_BROKER_URL="memory://",
    )


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


class Simulator:
    """The simulator as a process of its own, on a free loopback port.

    Each one begins empty, but its ids follow those of the one before it on this place: the inbox
    outlives them, and an update with a known id is one that was handled already.
    """

    def __init__(self, place: Place) -> None:
        from django.conf import settings

        from simulator.client import SimClient

        self.token = settings.SIMULATOR_TOKEN
        command = [sys.executable, "-m", "simulator", "--port", "0", "--no-limits"]
        command += ["--token", self.token, "--data", str(place.folder / "telegram")]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(place.environment),
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if "http://" not in line:
            raise RuntimeError(f"the simulator did not start: {line!r}")
        self.origin = line[line.index("http://") :].strip().rstrip("/")
        self.base_url = f"{self.origin}/bot"
        self.base_file_url = f"{self.origin}/file/bot"
        self.client = SimClient(self.origin)
        self.client.reset()

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, *_error: object) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait(WAIT)


class BotProcess:
    """``manage.py runbot``, started and killed again and again."""

    def __init__(self, place: Place, simulator: Simulator, **environment: str) -> None:
        self._environment = {
            **place.environment,
            "SIMULATOR_URL": simulator.origin,
            **environment,
        }
        self._log = place.folder / f"runbot-{id(self)}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self, *options: str, host: str = "") -> None:
        """``host``: as if on that machine, so that others cannot know when it is dead."""
        self._from = len(self._log.read_text()) if self._log.exists() else 0
        program = ["-m", "tests.faults.runbot", host] if host else ["manage.py", "runbot"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *program, *options],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def end(self, number: int = signal.SIGKILL) -> None:
        """kill -9, or an orderly end with SIGTERM; returns when the process is gone."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(WAIT)
            self._process = None

    def ensure_alive(self) -> None:
        """RuntimeError with the end of its log when it ended by itself."""
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"runbot is gone: {self._log.read_text()[-2000:]}")

    def says(self, text: str) -> bool:
        """Whether the log has it, since the last start."""
        return self._log.exists() and text in self._log.read_text()[self._from :]


def free_port() -> int:
    """A port of this machine that nobody listens on, nor gets by chance until it is taken.

    Below those that the kernel gives to outgoing connections: of them the run opens many.
    """
    while True:
        port = random.randrange(15_000, 30_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(condition: Callable[[], Any], seconds: float = WAIT, every: float = 0.02) -> None:
    """Looks again and again; AssertionError when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen in time")
        time.sleep(every)


def versions(vendor: str) -> dict[str, str]:
    """Of everything whose behaviour the figures depend on."""
    import django
    import telegram
    from django.db import connection

    with connection.cursor() as cursor:
        query = "SHOW server_version" if vendor == "postgresql" else "SELECT sqlite_version()"
        cursor.execute(query)
        server = str(cursor.fetchone()[0])
    return {
        "python": platform.python_version(),
        "django": django.get_version(),
        "python-telegram-bot": telegram.__version__,
        vendor: server,
    }


def say(text: str) -> None:
    """Progress, for the person who waits: stdout belongs to the result."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def finish(result: Mapping[str, Any], *, met: bool) -> NoReturn:
    """The one JSON object on stdout; exit code 0 when the goal is met."""
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    sys.exit(0 if met else 1)
