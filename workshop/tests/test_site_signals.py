"""Ctrl-C ends the site as SIGTERM does: the request that is under way gets its answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "deploy" / "gunicorn.conf.py"
SLOW = """
import pathlib, sys, time

def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        pathlib.Path(__file__).with_name("begun").touch()
        time.sleep(0.7)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def site(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The shipped configuration with an application that takes its time."""
    (tmp_path / "slow.py").write_text(SLOW)
    text = CONFIG.read_text().replace('"workshop.wsgi"', '"slow:application"')
    (tmp_path / "conf.py").write_text(text)
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        "WEB_WORKERS": "1",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "conf.py", "-b", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    )
    yield process
    process.kill()
    process.wait()


def ask(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return bytes(answer.read())


def until_it_answers(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            ask(port, "/")
        except OSError:
            assert time.monotonic() < end, "it does not start"
            time.sleep(0.05)
        else:
            return


@pytest.mark.parametrize(
    ("number", "whole_group"),
    [(signal.SIGINT, False), (signal.SIGINT, True), (signal.SIGTERM, False)],
)
def test_what_is_under_way_is_answered(
    site: subprocess.Popen[bytes], port: int, tmp_path: Path, number: int, whole_group: bool
) -> None:
    until_it_answers(port)
    found: list[bytes] = []
    asking = threading.Thread(target=lambda: found.append(ask(port, "/slow")))
    asking.start()
    end = time.monotonic() + 30
    while not (tmp_path / "begun").exists() and time.monotonic() < end:
        time.sleep(0.02)
    if whole_group:  # as a terminal does
        os.killpg(site.pid, number)
    else:
        site.send_signal(number)
    asking.join()
    assert found == [b"ok"]
    assert site.wait(30) == 0
