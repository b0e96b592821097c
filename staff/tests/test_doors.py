"""Sign-ins are events; refusals are, at most one an hour about each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, RequestFactory

from history.models import Command, Event
from staff import services
from staff.actors import stranger_actor
from staff.models import AccessRefusal
from staff.tests.conftest import AT, Cast, everything, make_user
from workshop.lib.actor import BOT, KIND_STRANGER, Actor, Channel

News = Callable[[], list[tuple[str, str, dict[str, Any]]]]
VISITOR = Actor(kind=KIND_STRANGER, id=None, label="", channel=Channel("admin"))


def _knock(telegram_id: int = 77, minutes: int = 0) -> bool:
    return services.refuse_access(
        telegram_id=telegram_id,
        actor=stranger_actor(telegram_id, Channel(BOT)),
        at=AT + timedelta(minutes=minutes),
    )


def test_a_strangers_refusals_are_one_event_an_hour(news: News) -> None:
    assert [_knock(minutes=m) for m in (0, 1, 30, 59)] == [True, False, False, False]
    assert _knock(telegram_id=78, minutes=5)
    assert [_knock(minutes=m) for m in (60, 61)] == [True, False]
    assert news() == [
        ("access:strangers", "access.refused", {"telegram_id": 77, "count": 1}),
        ("access:strangers", "access.refused", {"telegram_id": 78, "count": 1}),
        ("access:strangers", "access.refused", {"telegram_id": 77, "count": 4}),
    ]
    knocks = Command.objects.filter(verb="access.refuse")
    assert knocks.count() == 3
    event = knocks.earliest("pk").events.get()
    assert (event.actor_kind, event.actor_label, event.actor_telegram_id, event.occurred_at) == (
        "stranger",
        "Telegram 77",
        77,
        AT,
    )


def test_a_leavers_refusal_names_him(cast: Cast, news: News) -> None:
    assert services.refuse_access(telegram_id=1003, actor=cast.actor("maxim"))
    assert Event.objects.latest("pk").actor_label == "Maxim"


def test_a_refused_name_is_an_event_an_hour(db: None, news: News) -> None:
    user = make_user("anna")

    def refuse(minutes: int) -> bool:
        return services.refuse_sign_in(
            username="anna", actor=VISITOR, at=AT + timedelta(minutes=minutes)
        )

    assert [refuse(m) for m in (0, 1, 59, 60)] == [True, False, False, True]
    assert news() == [
        (f"access:user:{user.pk}", "access.sign_in_refused", {"username": "anna", "count": n})
        for n in (1, 3)
    ]


def test_names_nobody_has_are_counted_together_and_not_kept(db: None, news: News) -> None:
    for name in ("hunter2 my password", "x" * 5000, "", "a\0b\ud800", "админ"):
        services.refuse_sign_in(username=name, actor=VISITOR, at=AT)
    services.refuse_sign_in(username="one more", actor=VISITOR, at=AT + timedelta(hours=1))
    assert news() == [
        ("access:strangers", "access.sign_in_refused", {"username": "", "count": n}) for n in (1, 5)
    ]
    assert "hunter2" not in str(everything())
    assert AccessRefusal.objects.count() == 1


def test_django_tells_sign_ins_and_refusals(db: None, news: News) -> None:
    user = make_user("anna", "Office manager")
    user.set_password("correct-horse-battery")
    user.save()
    request = RequestFactory().post("/admin/login/")

    assert authenticate(request, username="anna", password="wrong-secret") is None
    assert authenticate(request, username="anna", password="wrong-again") is None
    assert Client().login(request=request, username="anna", password="correct-horse-battery")
    assert news() == [
        (
            f"access:user:{user.pk}",
            "access.sign_in_refused",
            {"username": "anna", "count": 1},
        ),
        (f"access:user:{user.pk}", "access.signed_in", {"username": "anna"}),
    ]
    event = Event.objects.latest("pk")
    assert (event.actor_kind, event.actor_id, event.channel) == ("user", user.pk, "admin")
    assert "wrong-secret" not in str(everything())


def test_the_office_page_signs_in(db: None, news: News) -> None:
    user = make_user("anna", is_superuser=True)
    user.set_password("correct-horse-battery")
    user.save()
    client = Client()
    client.post("/admin/login/", {"username": "anna", "password": "wrong"})
    client.post("/admin/login/", {"username": "anna", "password": "correct-horse-battery"})
    assert [kind for _, kind, _ in news()] == ["access.sign_in_refused", "access.signed_in"]


def test_no_event_no_entry(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise ConnectionError("no database")

    monkeypatch.setattr("staff.receivers.record_sign_in", broken)
    user = make_user("anna")
    user.set_password("correct-horse-battery")
    user.save()
    with pytest.raises(ConnectionError):
        Client().post("/admin/login/", {"username": "anna", "password": "correct-horse-battery"})
    assert not Event.objects.filter(kind="access.signed_in").exists()
    assert not any("_auth_user_id" in row.get_decoded() for row in Session.objects.all())


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_knocks_at_once_are_one_event() -> None:
    def knock(n: int) -> bool:
        try:
            return _knock(minutes=60 * (n // 24))
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        for hour in range(8):
            knocks = range(24 * hour, 24 * hour + 24)
            assert sorted(pool.map(knock, knocks)) == [False] * 23 + [True]
            assert AccessRefusal.objects.get().untold == 23
    counts = Event.objects.filter(kind="access.refused").order_by("sequence")
    assert list(counts.values_list("payload__count", flat=True)) == [1] + [24] * 7
