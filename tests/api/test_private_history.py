"""What the history says of a person's quality is for those who may read his numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from analytics.events import QualityDropped
from analytics.services.drops import tell_drops
from analytics.tests.test_trend import make_months
from history.models import Event
from integrations import scopes
from staff import roles
from tests.api.callers import Caller
from tests.cast import Cast
from workshop.lib.actor import system_actor

LIST = "/admin/history/event/"


@pytest.fixture
def drop(cast: Cast) -> Event:
    """Maxim's quality has dropped; beside it stands the event of his joining."""
    make_months(cast.maxim, [(40, 1)] * 10 + [(40, 12)], until=date(2026, 10, 1))
    assert tell_drops(actor=system_actor("tests"), at=datetime(2026, 11, 14, 21, tzinfo=UTC)) == 1
    return Event.objects.get(kind=QualityDropped.kind)


def test_a_program_without_the_scope(drop: Event, caller: Callable[..., Caller]) -> None:
    reader = caller("reader", held=(scopes.HISTORY_READ, scopes.ANALYTICS_READ))
    kinds = {row["kind"] for row in reader.get("/events/", limit="100").json()["results"]}
    assert "employee.added" in kinds
    assert drop.kind not in kinds
    for asked in ({"kind": drop.kind}, {"stream": drop.stream}):
        assert reader.get("/events/", **asked).json()["results"] == []
    assert reader.get(f"/events/{drop.pk}/").status_code == 404


def test_a_program_with_the_scope(drop: Event, caller: Callable[..., Caller]) -> None:
    boss = caller("boss", held=(scopes.HISTORY_READ, scopes.ANALYTICS_PEOPLE))
    found = boss.get("/events/", kind=drop.kind).json()["results"]
    assert [row["id"] for row in found] == [drop.pk]
    assert boss.get(f"/events/{drop.pk}/").status_code == 200


@pytest.mark.parametrize(("role", "sees"), [("inspector", 0), ("manager", 1), ("owner", 1)])
def test_in_the_office(drop: Event, cast: Cast, role: str, sees: int) -> None:
    """An account opens the pages, the roles of the person behind it say what stands on them."""
    person = {"inspector": cast.igor, "manager": cast.anna, "owner": cast.boris}[role]
    user = User.objects.create_user(role, password="secret-enough-1", is_staff=True)
    user.groups.set(Group.objects.filter(name=roles.GROUPS[roles.OWNER]))
    person.user = user
    person.save(update_fields=["user"])
    client = Client()
    client.force_login(user)
    page = client.get(LIST, {"stream": drop.stream})
    assert page.status_code == 200
    assert len(page.context["cl"].result_list) == sees
    assert (client.get(f"{LIST}{drop.pk}/change/").status_code == 200) is bool(sees)
