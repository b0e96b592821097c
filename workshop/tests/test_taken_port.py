"""A port that is taken is told before anything is installed, with the cure."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh clone as far as the bootstrap sees one."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(Path(settings.BASE_DIR) / "deploy" / "bootstrap.py", tmp_path / "deploy")
    return tmp_path


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def start(checkout: Path, **environment: str) -> tuple[int, str]:
    """`make run` up to what takes time: there is no lock to install from."""
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    done = subprocess.run(
        [sys.executable, "deploy/bootstrap.py", "product", "--ports", "--env-file"],
        cwd=checkout,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("below", [0, 1], ids=["site", "simulator"])
def test_it_is_told_first(checkout: Path, taken: int, below: int) -> None:
    code, told = start(checkout, PORT=str(taken - below))
    assert code == 1
    assert f"127.0.0.1:{taken} cannot be used" in told
    assert f"make run PORT={taken - below + 100}" in told
    assert not (checkout / ".venv").exists()
    assert not (checkout / ".env").exists()


def test_as_it_stands_in_the_file(checkout: Path, taken: int) -> None:
    (checkout / ".env").write_text(f'SECRET_KEY=x\nPORT="{taken}"\n')
    assert f"127.0.0.1:{taken} cannot be used" in start(checkout)[1]


def test_with_a_token_the_next_port_is_free_to_others(checkout: Path, taken: int) -> None:
    (checkout / ".venv").write_text("in the way: the next step fails at once")
    told = start(checkout, PORT=str(taken - 1), TELEGRAM_BOT_TOKEN="1:x")[1]
    assert "cannot be used" not in told
    assert told != ""


def test_what_runs_here_already_is_left_to_the_supervisor(checkout: Path, taken: int) -> None:
    (checkout / ".venv").write_text("in the way: the next step fails at once")
    (checkout / "var").mkdir()
    with (checkout / "var" / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "cannot be used" not in start(checkout, PORT=str(taken))[1]
    assert "cannot be used" in start(checkout, PORT=str(taken))[1]
