"""Databases that killed runs have left behind, and ids of a messenger that goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from tests.faults.setup import Place, Simulator, drop_stale

pytestmark = pytest.mark.django_db


@pytest.mark.postgres
def test_databases_of_dead_runs_are_dropped_and_no_others() -> None:
    found = settings.DATABASES["default"]
    server = psycopg.conninfo.make_conninfo(
        host=found["HOST"], port=found["PORT"], user=found["USER"],
        password=found["PASSWORD"], dbname="postgres",
    )  # fmt: skip
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    own = os.getpid()
    stale, alive, other = f"faults_{gone.pid}_1", f"faults_{own}_1", f"faults_kept_{own}"
    with psycopg.connect(server, autocommit=True) as connection:
        for name in (stale, alive, other):
            connection.execute(f'CREATE DATABASE "{name}"')
        try:
            assert stale in drop_stale(server)
            rows = connection.execute("SELECT datname FROM pg_database").fetchall()
        finally:
            for name in (stale, alive, other):
                connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
    names = {name for (name,) in rows}
    assert (stale in names, alive in names, other in names) == (False, True, True)


@pytest.mark.sqlite
def test_the_ids_of_the_messenger_go_on_from_one_run_to_the_next(tmp_path: Path) -> None:
    """An inbox that outlives the messenger would take a known id for an update it had before."""
    place = Place("", "", tmp_path, dict(os.environ))
    with Simulator(place) as simulator:
        first = _newest_id(simulator, more=5_000)  # in a moment, as a long run does
    with Simulator(place) as simulator:
        assert simulator.client.pending() == 0
        assert _newest_id(simulator) > first


def _newest_id(simulator: Simulator, more: int = 0) -> int:
    """The id under which the bot would get what a person sends now, after ``more`` other ids."""
    client = simulator.client
    client.add_person(5, "Olga", started=True)
    client.send(5, text="hello")
    address = f"{simulator.base_url}{simulator.token}/getUpdates"
    with urllib.request.urlopen(address) as answer:
        newest = int(json.load(answer)["result"][-1]["update_id"])
    if more:
        update = {"update_id": newest + more, "message": None}
        client.bulk(updates=[update])
        return newest + more
    return newest
