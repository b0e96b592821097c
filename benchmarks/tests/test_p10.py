"""P10 in small, with the packages that are there: it starts, starts again and ends in order."""

from __future__ import annotations

import os

import pytest

from benchmarks.p10 import memory, tree
from tests.programs import run


def test_this_process_is_in_its_own_tree() -> None:
    pids = tree(os.getppid())
    assert os.getpid() in pids
    assert memory([os.getpid()]) > 1


@pytest.mark.program
@pytest.mark.postgres
@pytest.mark.django_db
def test_it_runs_from_a_fresh_clone() -> None:
    result = run("benchmarks.p10", "--small")
    assert set(result["parts"]) == {"first", "next", "idle", "memory"}
    assert result["parts"]["memory"]["n"] >= 7
