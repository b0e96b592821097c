"""The fault runs at a twentieth of their size, as programs: one JSON object, exit code 0."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
CLOSED = {"DJANGO_SETTINGS_MODULE"}  # the program chooses its own


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments",
    ["--parts kills --kills 1 --backlog 25", "--parts pairs --pairs 20", "--parts taps --taps 9"],
)
def test_the_bot_under_faults(arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in CLOSED}
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.bot", *arguments.split()],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    assert (result["lost"], result["double"], result["met"]) == (0, 0, True)
    assert {"duplicates", "runs", "seeds", "versions", "parts"} <= set(result)
