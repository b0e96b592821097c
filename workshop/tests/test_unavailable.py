"""Without its database the site says so, in words, instead of telling of a bug."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client


@pytest.fixture
def away() -> Any:
    """Every statement fails, as after the server went away."""

    def fail(*_given: Any) -> Any:
        raise OperationalError("connection to 10.0.0.7 failed for user shop")

    with connection.execute_wrapper(fail):
        yield


@pytest.mark.django_db
@pytest.mark.parametrize("signed_in", [False, True])
def test_pages_say_so(client: Client, admin_user: Any, away: Any, signed_in: bool) -> None:
    client.raise_request_exception = False
    if signed_in:
        client.cookies["sessionid"] = "k" * 32
    answer = client.get("/admin/login/" if not signed_in else "/admin/receipts/receipt/")
    if not signed_in:  # the form itself asks nothing; its sending does
        answer = client.post("/admin/login/", {"username": "admin", "password": "wrong-word"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "База данных не отвечает" in answer.content.decode()
    assert b"10.0.0.7" not in answer.content


@pytest.mark.django_db
def test_the_process_lives(client: Client, away: Any) -> None:
    assert client.get("/health/live").status_code == 200


@pytest.mark.django_db
def test_a_bug_stays_a_bug(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: Any, **_more: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", fail)
    client.raise_request_exception = False
    client.cookies["sessionid"] = "k" * 32
    assert client.get("/admin/").status_code == 500
