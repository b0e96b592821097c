"""What P10 measures; the run itself is too long for every change."""

from __future__ import annotations

import os

from benchmarks.p10 import memory, tree


def test_this_process_is_in_its_own_tree() -> None:
    pids = tree(os.getppid())
    assert os.getpid() in pids
    assert memory([os.getpid()]) > 1
