"""What a process does not need at its start it does not load: each one would pay for it."""

import subprocess
import sys

from workshop.settings.env import BASE_DIR

# The library of PDFs and what it brings, the picture of a chart, Telegram's for who is no bot.
LATER = {"fpdf", "fontTools", "matplotlib", "telegram", "aiohttp"}
PROGRAM = """
import sys
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
print(" ".join(sys.modules))
"""


def test_the_site_loads_nothing_that_only_some_requests_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert LATER & set(done.stdout.split()) == set()
