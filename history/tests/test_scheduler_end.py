"""SIGTERM ends the real beat in order, also amid a statement, and the lease is handed over."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection, transaction

from history.jobs.scheduler import leader
from history.models import Lease
from tests.faults.setup import wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WAITS = "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted"


@pytest.fixture
def beat(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    name = str(connection.settings_dict["NAME"])
    server = urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path=f"/{name}")
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "workshop.settings.test",
        "TEST_DATABASE_URL": server.geturl(),
    }
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "workshop", "beat"]
    command += ["--pidfile", "", "--scheduler", settings.CELERY_BEAT_SCHEDULER]
    with (tmp_path / "beat.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environment, stdout=log, stderr=log
        )
    yield process
    process.kill()
    process.wait()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITS, [Lease._meta.db_table])
        return bool(cursor.fetchone()[0])


def test_a_signal_amid_a_statement_ends_it_in_order(beat: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: leader() is not None, 60)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {Lease._meta.db_table} IN ACCESS EXCLUSIVE MODE")
        wait_until(somebody_waits, 60)
        beat.terminate()
        with pytest.raises(subprocess.TimeoutExpired):  # its statement waits on
            beat.wait(0.5)
    assert beat.wait(30) == 0
    assert leader() is None, "the next one need not wait for the lease to run out"
