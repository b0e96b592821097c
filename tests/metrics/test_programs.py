"""The real programs tell their numbers on their ports, to those who bring the token of the file."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.setup import ROOT, free_port, wait_until

pytestmark = pytest.mark.program
TOKEN = "programs-" * 5
CELERY = ["-m", "celery", "--quiet", "--app", "workshop"]
# Program, its port's setting, and a number that is its own.
PROGRAMS = {
    "bot": (["manage.py", "runbot"], "METRICS_PORT_BOT", "repassage_bot_updates"),
    "worker": (
        [*CELERY, "worker", "--pool", "threads"],
        "METRICS_PORT_WORKER",
        "repassage_job_runs",
    ),
    "beat": ([*CELERY, "beat"], "METRICS_PORT_BEAT", "repassage_scheduler_leads 0.0"),
    "webhooks": (
        ["manage.py", "dispatch_webhooks"],
        "METRICS_PORT_WEBHOOKS",
        "repassage_webhook_attempts",
    ),
}


def ask(port: int, **head: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/metrics", headers=head)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[dict[str, int]]:
    """All of them at once, on an empty database and without a messenger: they wait for both."""
    (tmp_path / "token").write_text(TOKEN)
    found = {name: free_port() for name in PROGRAMS}
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "workshop.settings",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3",
        "SECRET_KEY": "programs-only-" + "k7Qz" * 12,
        "ALLOWED_HOSTS": "127.0.0.1",
        "HTTPS": "0",
        "LOG_LEVEL": "ERROR",
        "TELEGRAM_BOT_TOKEN": "",
        "SIMULATOR_URL": f"http://127.0.0.1:{free_port()}",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "filesystem://localhost",
        "METRICS_TOKEN_FILE": str(tmp_path / "token"),
    }
    running = []
    for name, (command, setting, _number) in PROGRAMS.items():
        more = ["--pidfile", "", "--schedule", str(tmp_path / "s")] if name == "beat" else []
        with (tmp_path / f"{name}.log").open("wb") as log:
            running.append(
                subprocess.Popen(
                    [sys.executable, *command, *more],
                    cwd=ROOT,
                    env=environment | {setting: str(found[name])},
                    stdout=log,
                    stderr=log,
                )
            )
    yield found
    for process in running:
        process.kill()
        process.wait(30)


def test_every_program_tells_its_own(ports: dict[str, int]) -> None:
    for name, (_command, _setting, number) in PROGRAMS.items():
        port = ports[name]
        wait_until(lambda port=port: ask(port)[0] == 403, 60, 0.1)  # type: ignore[misc]
        status, text = ask(port, Authorization=f"Bearer {TOKEN}")
        assert status == 200, name
        assert number in text, name
        assert "process_resident_memory_bytes" in text
        assert ask(port, Authorization=f"Bearer {TOKEN[:-1]}")[0] == 403
