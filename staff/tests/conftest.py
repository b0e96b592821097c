"""The stable cast, and a way to see that a refusal changed nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User

from history.models import Event
from history.verify import verify
from staff import roles
from staff.actors import employee_actor
from staff.models import Employee
from workshop.lib.actor import BOT, Actor, Channel, system_actor
from workshop.lib.errors import WorkshopError

# A Friday, 12:30 in Moscow.
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def make_employee(name: str, *held: str, **more: Any) -> Employee:
    """A row as it is, without a service and its event."""
    columns = {f"is_{role}": True for role in held}
    employee: Employee = Employee.objects.create(full_name=name, short_name=name, **columns | more)
    return employee


def make_user(username: str, *groups: str, **more: Any) -> User:
    user = User.objects.create(username=username, is_staff=True, **more)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def acting(employee: Employee, channel: str = BOT) -> Actor:
    return employee_actor(employee, Channel(channel))


@dataclass(frozen=True)
class Cast:
    """Anna the office manager, Igor the inspector, Maxim the master, Pavel the polisher."""

    anna: Employee
    igor: Employee
    maxim: Employee
    pavel: Employee
    boris: Employee  # the owner
    zoya: Employee  # a second manager

    def actor(self, name: str) -> Actor:
        return system_actor("job") if name == "system" else acting(getattr(self, name))


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast(
        anna=make_employee("Anna", roles.MANAGER, telegram_id=1001),
        igor=make_employee("Igor", roles.INSPECTOR, telegram_id=1002),
        maxim=make_employee("Maxim", roles.MASTER, telegram_id=1003),
        pavel=make_employee("Pavel", roles.POLISHER, telegram_id=1004),
        boris=make_employee("Boris", roles.OWNER, telegram_id=1005),
        zoya=make_employee("Zoya", roles.MANAGER),
    )


@pytest.fixture
def anna(cast: Cast) -> Actor:
    return acting(cast.anna)


@pytest.fixture
def igor(cast: Cast) -> Actor:
    return acting(cast.igor)


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of the tables that the staff's services can reach."""
    names = ["staff", "history", "auth"]
    models = [model for name in names for model in apps.get_app_config(name).get_models()]
    rows = {
        model.__name__: list(model._default_manager.order_by("pk").values()) for model in models
    }
    memberships = User.groups.through.objects.order_by("pk").values()
    rows["groups of users"] = [dict(row) for row in memberships]
    return rows


Refused = Callable[[type[WorkshopError], str], AbstractContextManager[Any]]


@pytest.fixture
def refused(db: None) -> Refused:
    """``with refused(NotAllowed, "staff.x"):`` the block is refused, and no row differs."""

    @contextmanager
    def check(kind: type[WorkshopError], code: str) -> Iterator[Any]:
        before = everything()
        with pytest.raises(kind) as refusal:
            yield refusal
        assert refusal.value.code == code
        assert refusal.value.text()
        assert everything() == before

    return check


@pytest.fixture
def news(db: None) -> Iterator[Callable[[], list[tuple[str, str, dict[str, Any]]]]]:
    """What was written since the last question: (stream, kind, payload), in order."""
    newest = Event.objects.order_by("-pk").first()
    last = newest.pk if newest else 0  # the catalogues of upper apps are seeded with events

    def since() -> list[tuple[str, str, dict[str, Any]]]:
        nonlocal last
        events = list(Event.objects.filter(pk__gt=last).order_by("pk"))
        last = events[-1].pk if events else last
        return [(event.stream, event.kind, event.payload) for event in events]

    yield since
    assert list(verify()) == []
