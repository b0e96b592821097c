import io
from typing import Any

import pytest
from django.conf import settings as installed
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.test import Client

from history.models import Event
from history.triggers import missing


def test_live_asks_nothing(client: Client) -> None:
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_front_page_leads_to_the_office(client: Client) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_the_icon_is_where_browsers_look_for_it(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (302, "/static/workshop/mark.svg")
    assert client.get(answer["Location"]).status_code == 200


def test_the_demonstration_chat_exists_in_a_demonstration_only(client: Client, settings) -> None:
    assert client.get("/demo/telegram/").status_code == 404
    settings.SIMULATOR_URL = "http://127.0.0.1:8001"
    answer = client.get("/demo/telegram/")
    assert (answer.status_code, answer["Location"]) == (302, "http://127.0.0.1:8001/")


@pytest.mark.django_db
def test_only_the_office_may_evaluate_scripts(client: Client) -> None:
    outside = client.get("/health/live")["Content-Security-Policy"]
    office = client.get("/admin/login/")["Content-Security-Policy"]
    assert "unsafe" not in outside
    assert "script-src 'self';" in outside + ";"
    assert "script-src 'self' 'unsafe-eval'" in office
    assert "'unsafe-inline'" not in office.split("script-src")[1].split(";")[0]
    assert "default-src 'none'" in office


@pytest.mark.django_db
def test_ten_wrong_passwords_lock_the_pair_and_not_the_owner(client: Client) -> None:
    get_user_model().objects.create_superuser("owner", password="right-password-1")
    attempt = {"username": "owner", "password": "wrong"}
    statuses = [
        client.post("/admin/login/", attempt, REMOTE_ADDR="192.0.2.9").status_code
        for _ in range(11)
    ]
    assert statuses[:9] == [200] * 9
    assert statuses[-1] == 429
    attempt["password"] = "right-password-1"
    assert client.post("/admin/login/", attempt, REMOTE_ADDR="192.0.2.9").status_code == 429
    assert client.post("/admin/login/", attempt, REMOTE_ADDR="192.0.2.1").status_code == 302


@pytest.mark.django_db
def test_a_forged_forwarding_header_opens_no_new_tries(client: Client) -> None:
    attempt = {"username": "owner", "password": "wrong"}
    last = None
    for number in range(12):
        last = client.post(
            "/admin/login/",
            attempt,
            REMOTE_ADDR="192.0.2.9",
            HTTP_X_FORWARDED_FOR=f"198.51.100.{number}",
        )
    assert last is not None
    assert last.status_code == 429


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_transactional_test_leaves_the_history_guarded(turn: int) -> None:
    """The second turn runs after a flush: the triggers are back, only seeded rows are there."""
    assert missing() == []
    assert not get_user_model().objects.exists()
    assert Event.objects.count() == Event.objects.filter(actor_kind="system").count()
    get_user_model().objects.create(username="left behind by the first turn")


def test_the_cache_works() -> None:
    caches["default"].set("k", 1)
    assert caches["default"].get("k") == 1


def test_a_page_that_breaks_says_so_in_the_persons_language(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug, say: an error page itself asks nothing."""

    def away(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the connection is lost")

    monkeypatch.setattr("workshop.views.health.look", away)
    client.raise_request_exception = False
    for language, word in (("ru", "сломалось"), ("en", "went wrong")):
        answer = client.get("/health/ready", headers={"Accept-Language": language})
        assert answer.status_code == 500
        assert word in answer.content.decode()
        assert "connection is lost" not in answer.content.decode()


class Counted(io.RawIOBase):
    """A body of zeros that tells how much of it was read."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        taken = self.left if size < 0 else min(size, self.left)
        self.left -= taken
        return bytes(taken)


def posted(client: Client, path: str, size: int) -> tuple[Any, Counted]:
    body = Counted(size)
    kind = "multipart/form-data; boundary=b"
    answer = client.generic(
        "POST", path, content_type=kind, CONTENT_LENGTH=size, **{"wsgi.input": body}
    )
    return answer, body


def test_too_large_a_form_is_not_parsed(client: Client, monkeypatch) -> None:
    def spooled(*args: object, **kwargs: object) -> None:
        raise AssertionError("the form was parsed")

    monkeypatch.setattr("django.http.request.MultiPartParser", spooled)
    size = installed.LARGEST_FILE + 2 * 1024 * 1024
    answer, body = posted(client, "/admin/integrations/import/add/", size)
    assert (answer.status_code, body.left) == (413, 0)
    assert "20" in answer.content.decode()
    # Nobody listens to a flood to its end.
    answer, body = posted(client, "/admin/integrations/import/add/", 100 * size)
    assert answer.status_code == 413
    assert body.left > 90 * size


@pytest.mark.django_db
def test_a_form_with_the_largest_file_is_taken(client: Client) -> None:
    answer, _body = posted(client, "/admin/login/", installed.LARGEST_FILE)
    assert answer.status_code != 413
