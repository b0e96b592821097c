"""Laws 1, 8 and 9 for every public service: an event per change, one effect per key, ``at=``.

The services are found by looking; a new one fails here until it is pressed in the file of its app
in ``tests/domain/verbs``.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from django.test import TestCase, override_settings

from history.commands import CommandKey
from history.models import Event, Outbox
from history.render import line
from history.verify import verify
from receipts.models import Receipt
from receipts.projection import differences
from staff.services import telegram
from tests.domain.snapshot import changed, everything, rolled_back
from tests.domain.verbs import of_integrations, of_polishing, of_receipts, of_staff
from tests.domain.verbs.world import AT, HOUR, Cases, Service, World
from workshop.lib.actor import Actor

APPS: dict[str, ModuleType] = {
    "staff": of_staff,
    "receipts": of_receipts,
    "polishing": of_polishing,
    "integrations": of_integrations,
}
ROLES = ("MANAGER", "INSPECTOR", "MASTER")
# The event names the person who has proved himself, not the stranger who came.
PROVES_HIMSELF: Service = telegram.accept_invite
NOT_PRESSED: dict[str, str] = {
    name: reason for app in APPS.values() for name, reason in app.NOT_PRESSED.items()
}


def services() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function under ``services`` that takes an actor and a command."""
    for app in APPS:
        package = importlib.import_module(f"{app}.services")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for name, function in vars(module).items():
                if not inspect.isfunction(function) or function.__module__ != found.name:
                    continue
                is_public = not name.startswith("_") or hasattr(function, "__wrapped__")
                asks = {"actor", "command"} <= set(inspect.signature(function).parameters)
                if is_public and asks:
                    yield f"{found.name}.{name}", function


def cases(who: str) -> Cases:
    """Of all apps."""
    found = [case for app in APPS.values() for case in getattr(app, who, [])]
    return sorted(found, key=lambda case: name_of(case[0]))


def name_of(service: Callable[..., Any]) -> str:
    return f"{service.__module__}.{service.__name__}"


class TestEveryService(TestCase):
    world: World

    @classmethod
    def setUpTestData(cls) -> None:
        cls.world = World()

    def _press(
        self, service: Service, values: dict[str, Any], actor: Actor, who: Actor | None = None
    ) -> None:
        key = CommandKey("bot:1", f"press:{name_of(service)}"[:80])
        last = Event.objects.latest("pk").pk
        outcome = service(actor=actor, command=key, at=AT, **values)

        events = list(Event.objects.filter(pk__gt=last).order_by("pk"))
        assert events, "a change without an event"
        assert outcome.command is not None
        assert [event.command_id for event in events] == [outcome.command.pk] * len(events)
        assert [event.ordinal for event in events] == list(range(1, len(events) + 1))
        for event in events:
            self._check_event(event, who or actor)
        assert Outbox.objects.filter(event__in=events).count() == len(events)
        for stream in {event.stream for event in events}:
            assert list(verify(stream=stream)) == []
            kind, _, pk = stream.partition(":")
            if kind == "receipt":
                assert differences(Receipt.objects.get(pk=pk)) == {}

        stored = everything()
        again = service(actor=actor, command=key, at=AT + 5 * HOUR, **values)
        assert again.replayed
        assert (again.object.pk, dict(again.extra)) == (outcome.object.pk, dict(outcome.extra))
        assert changed(stored, everything()) == []

    def _check_event(self, event: Event, who: Actor) -> None:
        assert (event.actor_kind, event.actor_id, event.actor_label) == (
            who.kind, who.id, who.label,
        )  # fmt: skip
        assert (event.actor_telegram_id, event.channel) == (who.telegram_id, who.channel.name)
        assert event.occurred_at == AT
        assert line(event).words

    def _press_all(self, who: str, person: str) -> None:
        for service, arguments in cases(who):
            with self.subTest(name_of(service)), rolled_back():
                self._press(service, arguments(self.world), self.world.cast.actor(person))

    def test_a_managers(self) -> None:
        self._press_all("MANAGER", "anna")

    def test_an_inspectors(self) -> None:
        self._press_all("INSPECTOR", "igor")

    @override_settings(WORKSHOP_SELF_SERVICE=True)
    def test_a_masters(self) -> None:
        self._press_all("MASTER", "maxim")

    def test_who_accepts_an_invite(self) -> None:
        person = self.world.cast.maxim
        token = self.world.invite(person.pk)
        person.refresh_from_db()
        before = self.world.cast.actor("maxim")
        bound = Actor(
            kind=before.kind,
            id=before.id,
            label=before.label,
            channel=before.channel,
            telegram_id=777,
        )
        values = {"token": token, "telegram_id": 777}
        self._press(PROVES_HIMSELF, values, before, bound)


def test_every_service_is_pressed() -> None:
    found = {name for name, _function in services()}
    by_hand = [name_of(case[0]) for who in ROLES for case in cases(who)]
    pressed = {*by_hand, name_of(PROVES_HIMSELF), *NOT_PRESSED}
    assert found - pressed == set(), "press the new service in tests/domain/verbs"
    assert pressed - found == set(), "these services are gone"
    assert len(by_hand) == len(set(by_hand)), "pressed twice"


@pytest.mark.parametrize(
    ("name", "function"), [pytest.param(*found, id=found[0]) for found in services()]
)
def test_every_service_takes_keywords_and_the_time(name: str, function: Callable[..., Any]) -> None:
    parameters = dict(inspect.signature(function).parameters)
    assert "at" in parameters
    parameters.pop("door", None)  # what a door hands on to the verb, by keyword like the rest
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert function.__doc__ or name in NOT_PRESSED
