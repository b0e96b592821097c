"""A test event kind, a small service that writes it, and threads with their own connections."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, ClassVar

import pytest
from attrs import frozen
from django.db import connection

from history import registry
from history.commands import CommandRef, Outcome, Run, verb
from history.models import Command, Event, Stream
from history.registry import Payload
from workshop.lib.actor import Actor, system_actor
from workshop.lib.errors import RuleViolation


@frozen(slots=False)
class Noted(Payload):
    kind: ClassVar[str] = "test.noted"
    text: str


@verb("test.note", "history.Stream")
def note(
    *,
    stream: str,
    text: str,
    actor: Actor,
    command: CommandRef = None,
    at: datetime | None = None,
) -> Outcome[Stream]:
    """Writes one event; the text "refuse" is refused after the event, "nothing" is a no-op."""
    run = Run.of(actor, command, at)
    if text != "nothing":
        run.record(stream, Noted(text))
    if text == "refuse":
        raise RuleViolation("test.refused", "refused")
    head, _is_new = Stream.objects.get_or_create(name=stream)
    return Outcome(head, extra={"text": text})


def events() -> Any:
    """The events of these tests: the catalogues of upper apps are seeded with events too."""
    return Event.objects.filter(stream__startswith="test:")


def commands() -> Any:
    return Command.objects.filter(verb__startswith="test.")


def streams() -> Any:
    return Stream.objects.filter(name__startswith="test:")


@pytest.fixture(autouse=True)
def _test_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._kinds, Noted.kind, Noted)


@pytest.fixture
def actor() -> Actor:
    return system_actor("test")


@pytest.fixture
def write(actor: Actor) -> Callable[..., Event]:
    """``write(stream, text)``: one event through the service."""

    def run(stream: str = "test:1", text: str = "hello", **more: Any) -> Event:
        note(stream=stream, text=text, actor=actor, **more)
        event: Event = Event.objects.filter(stream=stream).latest("sequence")
        return event

    return run


@pytest.fixture
def together() -> Callable[[list[Callable[[], Any]]], list[Any]]:
    """Runs functions at once in threads; answers their results or exceptions, in order."""

    def closing(function: Callable[[], Any]) -> Any:
        try:
            return function()
        except Exception as error:
            return error
        finally:
            connection.close()

    def run(functions: list[Callable[[], Any]]) -> list[Any]:
        with ThreadPoolExecutor(len(functions)) as pool:
            return list(pool.map(closing, functions))

    return run
