"""A broker that is away costs one caller a moment, and nobody an error."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from kombu import Connection

from history.jobs import sending
from history.jobs.sending import QUIET, send
from history.nudge import nudge_relay, on_new_events
from history.tasks import wake_relay
from workshop.settings.database import CELERY_BROKER_CONNECTION_TIMEOUT, broker_options

TASK = "history.relay_outbox"
SCHEMES = ("redis://127.0.0.1:{}/0", "amqp://guest:guest@127.0.0.1:{}//")


@pytest.fixture(autouse=True)
def _unburnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_quiet_until", 0.0)


@pytest.fixture
def dead() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield int(listener.getsockname()[1])


def send_to(url: str) -> tuple[bool, float]:
    """With the options of an installation; whether it was taken, and the seconds it took."""
    options: dict[str, Any] = {
        "transport_options": broker_options(url),
        "connect_timeout": CELERY_BROKER_CONNECTION_TIMEOUT,
    }
    began = time.monotonic()
    with Connection(url, **options) as connection:
        return send(TASK, connection=connection), time.monotonic() - began


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_broker_that_is_off(scheme: str, dead: int) -> None:
    taken, seconds = send_to(scheme.format(dead))
    assert not taken
    assert seconds < 2


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_broker_that_hangs(scheme: str, silent: int) -> None:
    taken, seconds = send_to(scheme.format(silent))
    assert not taken
    assert seconds < 8


def test_it_is_left_alone_for_a_while(dead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    url = SCHEMES[0].format(dead)
    send_to(url)
    assert not send(TASK), "the broker of the tests would take it"
    monkeypatch.setattr(sending, "_quiet_until", sending._quiet_until - QUIET)
    assert send(TASK)


@pytest.mark.django_db(transaction=True)
def test_a_change_is_not_held_up_by_it(
    write: Any, monkeypatch: pytest.MonkeyPatch, dead: int
) -> None:
    url = SCHEMES[0].format(dead)
    genuine = sending.current_app.send_task
    with Connection(url, transport_options=broker_options(url)) as connection:
        monkeypatch.setattr(
            sending.current_app,
            "send_task",
            lambda name, **options: genuine(name, **{**options, "connection": connection}),
        )
        monkeypatch.setattr("history.nudge._listeners", [])
        on_new_events(wake_relay)
        began = time.monotonic()
        with transaction.atomic():
            event = write("test:1")
        assert time.monotonic() - began < 2
    assert event.outbox.done_at is None, "it waits for the sweep"
    assert sending._quiet_until > 0, "the nudge was tried"
    nudge_relay()
