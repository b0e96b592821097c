"""What a fresh machine needs before anything else: a virtual environment and a `.env`.

Standard library only, because nothing is installed yet. Everything missing is named together with
the command that cures it. Repeated, it finds its own marks and is done at once.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
OLDEST = (3, 11)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}  # there the simulator stands in for Telegram
LOCKS = {"product": "requirements.lock", "tests": "requirements-dev.lock"}

ENV_FILE = """\
# Made by `make run` for this machine; never overwritten. docs/configuration.md lists every setting.
SECRET_KEY={key}
# The site is reached on this machine only, without TLS.
HTTPS=0
LOG_FORMAT=console
# A token from @BotFather connects the real bot; empty = the simulator.
TELEGRAM_BOT_TOKEN=
"""


def check_python() -> None:
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"Python {found} is too old: 3.11 or newer is needed.\n"
            "Cure (Debian, Ubuntu): apt-get install python3 python3-venv, "
            "or name another one: make run PYTHON=python3.12"
        )


def check_ports() -> None:
    """Before anything that takes minutes: can the site and the simulator listen at all?

    A workshop that runs here already holds them itself; its supervisor says so, with the process.
    """
    if _runs_already():
        return
    host, port = _setting("HOST") or "127.0.0.1", _setting("PORT") or "8000"
    if not port.isdecimal() or not 0 < int(port) < 65535:
        return  # the settings say what is wrong with it
    wanted = [(host, int(port))]
    has_token = _setting("TELEGRAM_BOT_TOKEN") or _setting("TELEGRAM_BOT_TOKEN_FILE")
    if host in LOOPBACK and not has_token:
        wanted.append(("127.0.0.1", int(port) + 1))
    for address, number in wanted:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, number))
            except OSError as error:
                sys.exit(
                    f"{address}:{number} cannot be used ({error.strerror}).\n"
                    f"Cure: choose another port, make run PORT={int(port) + 100}"
                )


def _setting(name: str) -> str:
    """As the settings will read it: the environment, else the last line of `.env`."""
    if name in os.environ:
        return os.environ[name]
    found = ""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in (ROOT / ".env").read_text().splitlines():
            key, _equals, value = line.partition("=")
            if key.strip() == name:
                found = value.strip().strip("\"'")
    return found


def _runs_already() -> bool:
    lock = ROOT / (_setting("DATA_DIR") or "var") / "run.lock"
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def make_environment() -> None:
    """A virtual environment that works; one left by another Python is made anew."""
    if PYTHON.exists() and _runs(PYTHON):
        return
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        sys.exit(
            f"This Python lacks its venv module.\nCure (Debian, Ubuntu): apt-get install {package}"
        )
    print("Making the virtual environment", flush=True)
    venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(ENVIRONMENT)


def _runs(python: Path) -> bool:
    probe = f"import pip, sys; sys.exit(sys.version_info[:2] < {OLDEST})"
    done = subprocess.run([str(python), "-c", probe], capture_output=True, check=False)
    return done.returncode == 0


def install(kind: str) -> None:
    """Installs the lock of one kind; the mark holds its checksum, so that it is done once."""
    checksum = _checksum(kind)
    if _mark(kind).exists() and _mark(kind).read_text() == checksum:
        return
    print(f"Installing {LOCKS[kind]} (once; needs the network)", flush=True)
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-input", "--require-hashes", "-r", str(ROOT / LOCKS[kind])]
    if subprocess.run(command, check=False).returncode:
        sys.exit(
            "The installation failed; pip says why above.\n"
            "Cure: check the network (or PIP_INDEX_URL of your mirror) and try again."
        )
    _mark(kind).write_text(checksum)
    if kind == "tests":
        # The tests' lock contains the product's.
        _mark("product").write_text(_checksum("product"))


def _mark(kind: str) -> Path:
    return ENVIRONMENT / f".installed-{kind}"


def _checksum(kind: str) -> str:
    return hashlib.sha256((ROOT / LOCKS[kind]).read_bytes()).hexdigest()


def make_env_file() -> None:
    path = ROOT / ".env"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(ENV_FILE.format(key=secrets.token_urlsafe(64)))
    print("Wrote .env with a generated secret", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(LOCKS), help="whose dependencies")
    parser.add_argument("--ports", action="store_true", help="the site is to be started")
    parser.add_argument("--env-file", action="store_true", help="write .env when there is none")
    wanted = parser.parse_args()
    check_python()
    if wanted.ports:
        check_ports()
    make_environment()
    install(wanted.kind)
    if wanted.env_file:
        make_env_file()
