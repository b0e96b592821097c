"""Programs of the project run as a person runs them: one JSON object, exit code 0."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection
from typing import Any

from django.conf import settings

# A program chooses its own settings.
CLOSED = frozenset({"DJANGO_SETTINGS_MODULE"})
PATIENCE = 900  # seconds; a bound for failures


def run(module: str, arguments: str, *, without: Collection[str] = ()) -> dict[str, Any]:
    """What ``python -m module arguments`` prints; it must have met its goal.

    ``without``: variables of the environment that it must not see.
    """
    hidden = CLOSED.union(without)
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments.split()],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    (line,) = done.stdout.splitlines()
    result: dict[str, Any] = json.loads(line)
    assert result["met"] is True
    return result
