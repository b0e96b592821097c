"""Two versions side by side in small, as a program: one JSON object, exit code 0."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.faults import former_version
from tests.faults.former_version import NoHistory, differing
from tests.faults.rolling import NEAR
from tests.programs import run


def has_history() -> bool:
    asked = ["git", "cat-file", "-e", NEAR]
    return subprocess.run(asked, cwd=former_version.ROOT, check=False).returncode == 0


@pytest.mark.program
@pytest.mark.postgres
@pytest.mark.skipif(not has_history(), reason="NO HISTORY: git fetch --unshallow")
def test_a_version_takes_the_place_of_the_one_before() -> None:
    result = run("tests.faults.rolling", "--small")
    assert (result["failed"], result["lost"], result["double"]) == (0, 0, 0)
    assert result["longest_lock_wait_s"] <= 2.0
    assert min(one["migrations"] for one in result["migrations"]) > 0
    assert len(result["migrations"]) >= 2  # forward and back
    assert min(result["requests"].values()) > 0


def test_a_copy_without_its_history_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoHistory, match="git fetch --unshallow"):
        former_version.unpack("0" * 40, tmp_path / "former")


def test_upper_apps_step_back_first() -> None:
    new = dict.fromkeys(former_version.OURS, "0002_second")
    old = new | {"receipts": "0001_initial", "analytics": "zero"}
    assert differing(old, new) == [("analytics", "zero"), ("receipts", "0001_initial")]
