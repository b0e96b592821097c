"""The fault runs of the jobs in small, as programs: one JSON object, exit code 0.

With every broker that is there: files always, Redis and RabbitMQ where they can be reached.
"""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest

from tests import programs

RABBIT = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")

pytestmark = pytest.mark.program


def run(program: str, arguments: str, *, postgres: bool = False) -> dict[str, Any]:
    without = () if postgres else ("TEST_DATABASE_URL",)
    result = programs.run(f"tests.faults.{program}", arguments, without=without)
    assert (result["lost"], result["double"]) == (0, 0)
    return result


def test_a_killed_leader_with_the_files_of_an_embedded_installation() -> None:
    result = run("leader", "--small --sqlite --parts same,twice --kills 1")
    assert (result["database"], result["broker"]) == ("sqlite", "filesystem")


@pytest.mark.postgres
def test_a_leader_killed_on_another_machine() -> None:
    result = run("leader", "--small --parts machines --kills 1", postgres=True)
    assert result["database"] == "postgresql"


def test_beat_and_worker_over_redis(redis_url: str) -> None:
    result = run("leader", f"--small --sqlite --parts twice --broker {redis_url}")
    assert result["broker"] == "redis"


def test_beat_and_worker_over_rabbitmq() -> None:
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", 5672)) and "TEST_RABBITMQ_URL" not in os.environ:
            pytest.skip("needs RabbitMQ on 127.0.0.1:5672 or in TEST_RABBITMQ_URL")
    result = run("leader", f"--small --sqlite --parts twice --broker {RABBIT}")
    assert result["broker"] == "amqp"


@pytest.mark.postgres
def test_notices_fall_due_while_the_worker_is_killed() -> None:
    result = run("jobs", "--small --faults worker", postgres=True)
    assert result["hand_overs"] == 9 + 3
    assert result["messages"] > result["hand_overs"]
