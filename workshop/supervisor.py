"""`make run`: everything the workshop needs, together, on one machine.

Prepares the database and the files, starts site, worker with schedule, bot and, without a bot
token, the simulator; keeps them alive, and prints the addresses once when all of them answer.
"""

import fcntl
import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from workshop.processes import EX_CONFIG, Child, Group
from workshop.settings.guards import is_loopback

# The command is a program of its own, not one of Django's: it must stay small.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workshop.settings")

ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104


class CannotStart(Exception):
    """The text says why and what cures it."""


def sign_ins() -> Path:
    """Written by the demo data: who may sign in, in words, to be shown as it is."""
    return Path(settings.DATA_DIR / "demo-sign-ins.txt")


def people() -> Path:
    """Written by the demo data: the people on the simulator's page (JSON)."""
    return Path(settings.DATA_DIR / "simulator" / "people.json")


def simulator_port() -> int:
    return int(settings.PORT) + 1


def with_simulator() -> bool:
    """The simulator stands in for Telegram when there is no token, on the loopback host only."""
    return not settings.TELEGRAM_BOT_TOKEN and is_loopback(settings.HOST)


@contextmanager
def only_one() -> Iterator[None]:
    """Holds the lock of this installation; raises CannotStart when another process has it."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.DATA_DIR / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise CannotStart(
                f"It is running already (process {owner}). Stop that one with Ctrl-C, "
                f"or give this one its own DATA_DIR and PORT."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def check_ports() -> None:
    wanted = [(settings.HOST, settings.PORT)]
    if with_simulator():
        wanted.append(("127.0.0.1", simulator_port()))
    for host, port in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with closing(socket.socket(family)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CannotStart(
                    f"{host}:{port} cannot be used ({error.strerror}). "
                    f"Choose another: make run PORT={settings.PORT + 100}"
                ) from error


def prepare(environment: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "manage.py", "prepare"], env=environment, check=False)
    if done.returncode:
        raise CannotStart("The preparation failed; the reason is above.")


def answers(host: str, port: int, path: str) -> Callable[[], bool]:
    """A probe: is a GET of the path answered, and not with an error of the server?"""
    target = "127.0.0.1" if host in ANYWHERE else host

    def probe() -> bool:
        connection = http.client.HTTPConnection(target, port, timeout=1)
        try:
            # A name that ALLOWED_HOSTS knows, whatever address is bound.
            connection.request("GET", path, headers={"Host": settings.ALLOWED_HOSTS[0]})
            return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def children(environment: dict[str, str]) -> list[Child]:
    python = sys.executable
    bind = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
    web = [python, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
    web += ["--bind", f"{bind}:{settings.PORT}", "workshop.wsgi"]
    worker = [
        python,
        "-m",
        "celery",
        "--quiet",
        "--app",
        "workshop",
        "worker",
        "--beat",
        "--pool",
        "threads",
    ]
    worker += ["--without-gossip", "--without-mingle"]
    group = [
        Child("web", web, environment, answers(settings.HOST, settings.PORT, "/health/ready")),
        Child("worker", worker, environment),
    ]
    if with_simulator():
        group.append(simulator(environment))
    if with_simulator() or settings.TELEGRAM_BOT_TOKEN:
        group.append(Child("bot", [python, "manage.py", "runbot"], environment))
    return group


def simulator(environment: dict[str, str]) -> Child:
    command = [sys.executable, "-m", "simulator", "--host", "127.0.0.1"]
    command += ["--port", str(simulator_port()), "--data", str(people().parent)]
    command += ["--token", settings.SIMULATOR_TOKEN, "--office-url", f"{site()}/admin/"]
    if people().exists():
        command += ["--people", str(people())]
    people().parent.mkdir(parents=True, exist_ok=True)
    clean = {name: value for name, value in environment.items() if "TELEGRAM" not in name}
    return Child("telegram", command, clean, answers("127.0.0.1", simulator_port(), "/"))


def site() -> str:
    host = "127.0.0.1" if settings.HOST in ANYWHERE else settings.HOST
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}"


def addresses() -> str:
    lines = ["", f"{settings.WORKSHOP_NAME} is running. Ctrl-C stops everything.", ""]
    lines.append(f"  Office               {site()}/admin/")
    if with_simulator():
        lines.append(f"  Telegram (simulated) http://127.0.0.1:{simulator_port()}/")
    elif not settings.TELEGRAM_BOT_TOKEN:
        lines.append("  Telegram             off: set TELEGRAM_BOT_TOKEN")
    if settings.DEMO and sign_ins().exists():
        lines += ["", *(f"  {line}" for line in sign_ins().read_text().splitlines())]
    else:
        lines += ["", "  First sign-in: .venv/bin/python manage.py createsuperuser"]
    return "\n".join([*lines, ""])


def main() -> int:
    os.chdir(settings.BASE_DIR)
    environment = dict(os.environ)
    if with_simulator():
        environment["SIMULATOR_URL"] = f"http://127.0.0.1:{simulator_port()}"
    try:
        with only_one():
            check_ports()
            prepare(environment)
            group = Group(
                children(environment),
                announce=lambda: print(addresses(), flush=True),
            )
            return group.run()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return EX_CONFIG


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
