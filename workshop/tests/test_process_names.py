"""Whether the holder of a lease is dead, with real processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from workshop.lib import process

CHILD = "from workshop.lib import process; print(process.own_name(), flush=True); input()"


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def test_only_a_dead_process_is_gone(child: tuple[subprocess.Popen[str], str]) -> None:
    running, name = child
    assert name != process.own_name()
    assert not process.is_gone(name)
    assert not process.is_gone(process.own_name())
    running.kill()
    running.wait()
    assert process.is_gone(name)


def test_the_same_number_given_to_another_process_is_another_process() -> None:
    place, _dash, _started = process.own_name().rpartition("-")
    assert process.is_gone(f"{place}-1")


@pytest.mark.parametrize("name", ["", "beat", "worker/1", "other-host/0/0/1-1", "a/b/x-y"])
def test_what_runs_elsewhere_is_never_declared_dead(name: str) -> None:
    assert not process.is_gone(name)


def test_a_name_fits_where_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "h" * 64)
    process._place.cache_clear()
    try:
        assert len(process.own_name()) <= 100
        assert not process.is_gone(process.own_name())
    finally:
        monkeypatch.undo()
        process._place.cache_clear()
