"""A PostgreSQL that takes all and answers nothing holds nobody up; a slow one may be slow."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from django.db import OperationalError, connection

from tests.faults.cable import Cable
from workshop.postgresql import silence

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture
def cable() -> Iterator[Cable]:
    if connection.vendor != "postgresql":
        pytest.skip("it is PostgreSQL's")
    params = connection.get_connection_params()
    with Cable(str(params.get("host") or "127.0.0.1"), int(params.get("port") or 5432)) as found:
        yield found


@pytest.fixture
def far(cable: Cable) -> Iterator[Any]:
    """A connection of Django through the cable."""
    wrapper = connection.copy()
    wrapper.settings_dict = {
        **wrapper.settings_dict,
        "HOST": "127.0.0.1",
        "PORT": str(cable.port),
        "OPTIONS": {k: v for k, v in wrapper.settings_dict["OPTIONS"].items() if k != "host"},
    }
    yield wrapper
    wrapper.close()


def ask(wrapper: Any, statement: str = "SELECT 1") -> Any:
    with wrapper.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def test_a_statement_that_takes_long_is_waited_for(far: Any) -> None:
    assert ask(far, "SELECT 7 FROM pg_sleep(2.5)") == (7,)


def test_a_statement_that_takes_long_to_send_is_waited_for(far: Any, cable: Cable) -> None:
    """It is more than the network holds, and the server reads it late."""
    text = "x" * 30_000_000
    assert ask(far) == (1,)
    cable.hold()
    late = threading.Timer(2.5 * silence.LOOK_EVERY, cable.release)
    late.start()
    with far.cursor() as cursor:
        cursor.execute("SELECT length(%s)", [text])
        assert cursor.fetchone() == (len(text),)
    late.join()


def test_a_silent_server_is_given_up_and_taken_again(far: Any, cable: Cable) -> None:
    assert ask(far) == (1,)
    cable.cut()
    began = time.monotonic()
    with pytest.raises(OperationalError):
        ask(far)
    assert time.monotonic() - began < silence.LOOK_EVERY + silence.PATIENCE + 1
    far.close()
    began = time.monotonic()
    with pytest.raises(OperationalError):  # nobody waits a second time
        ask(far)
    assert time.monotonic() - began < 0.5
    cable.mend()
    deadline = time.monotonic() + 20
    while True:
        far.close()
        with suppress(OperationalError):
            assert ask(far) == (1,)
            break
        assert time.monotonic() < deadline, "it did not come back by itself"
        time.sleep(0.05)


def test_several_threads_wait_for_one_look_each_at_most(far: Any, cable: Cable) -> None:
    address = ("127.0.0.1", cable.port)
    cable.cut()
    found: list[float] = []

    def look() -> None:
        began = time.monotonic()
        assert not silence.answers(address)
        found.append(time.monotonic() - began)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 8
    assert max(found) < silence.PATIENCE + 0.5


def test_a_refusal_is_an_answer() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert silence.answers(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"host": "db", "port": "5433"}, ("db", 5433)),
        ({"host": "/run/postgresql"}, ("/run/postgresql", 5432)),
        ({}, None),
        ({"host": "a,b"}, None),
        ({"host": "db", "sslnegotiation": "direct"}, None),
    ],
)
def test_what_can_be_looked_at(params: dict[str, Any], wanted: Any) -> None:
    assert silence.address_of(params) == wanted
