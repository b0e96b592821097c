"""What the bot's loops ask again and again, also when nobody does anything: a ready statement each.

Each that is built by the ORM anew costs a millisecond of processor, every second, day and night.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import QuerySet

from botapp import delivery, group_cards, inbox, photo_loader, reach, sweep
from history import lease
from integrations.services import webhook_queue
from workshop.lib import clock

pytestmark = pytest.mark.django_db

LOOKS: dict[str, Callable[[], Any]] = {
    "notices": delivery.due,
    "group cards": lambda: group_cards.claim("token"),
    "photos": lambda: photo_loader.waiting(8),
    "people who are back": reach.welcome_back,
    "chats": lambda: inbox.claim("owner", "token"),
    "chats of killed processes": inbox.release_gone,
    "screens that were not shown": sweep.behind,
    "webhooks of killed processes": webhook_queue.free_lapsed,
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_a_look_in_vain_is_one_ready_statement(
    look: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    look()  # compiles it
    monkeypatch.setattr(QuerySet, "__init__", _refuse)
    with django_assert_num_queries(1):
        assert not look()


def test_the_next_webhook_is_two_ready_statements(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    webhook_queue.next_due(clock.now())
    monkeypatch.setattr(QuerySet, "__init__", _refuse)
    with django_assert_num_queries(2):
        assert webhook_queue.next_due(clock.now()) is None


def test_a_sign_of_life_is_one_ready_statement(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    lease.beat("runbot", "somebody")
    token = lease.acquire("polling", "somebody")
    assert token
    assert lease.renew("polling", token)
    monkeypatch.setattr(QuerySet, "__init__", _refuse)
    with django_assert_num_queries(2):
        lease.beat("runbot", "somebody")
        assert lease.renew("polling", token)


def _refuse(*_arguments: Any, **_named: Any) -> None:
    raise AssertionError("built by the ORM")
