"""API clients in the office: issued, replaced, revoked; the key is seen once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from history.models import Event
from integrations import proofs, scopes
from integrations.keys import MARK
from integrations.models import ApiClient, ApiKey
from tests.cast import Cast

pytestmark = pytest.mark.django_db
ADD = "admin:integrations_apiclient_add"


@pytest.fixture(autouse=True)
def _believe_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proven key counts for a second more; here that second would hide what was pressed."""
    monkeypatch.setattr(proofs, "BELIEVED", timedelta(0))


def page(row: ApiClient) -> str:
    return reverse("admin:integrations_apiclient_change", args=[row.pk])


def verb(row: ApiClient, slug: str) -> str:
    return reverse("admin:integrations_apiclient_verb", args=[row.pk, slug])


@pytest.fixture
def shop(manager: Client, cast: Cast) -> ApiClient:
    sent = {
        "name": "shop",
        "scopes": ["receipts:read", "receipts:write"],
        "employee": cast.igor.pk,
        "networks": "127.0.0.1, 10.0.0.0/8",
        "rate": "90",
    }
    answer = manager.post(reverse(ADD), sent)
    assert answer.status_code == 302, answer.content.decode()
    return ApiClient.objects.get()


def issue(manager: Client, shop: ApiClient) -> str:
    """A key, read from the page that shows it."""
    answer = manager.post(verb(shop, "key"), {"command_key": "press-1"})
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r'office-secret">([^<]+)<', answer.content.decode())
    assert found is not None
    return found[1]


def asks(key: str) -> int:
    answer = Client().get("/api/v1/receipts/", headers={"Authorization": f"Bearer {key}"})
    return answer.status_code


def test_from_the_client_to_a_key_that_works(manager: Client, shop: ApiClient, cast: Cast) -> None:
    assert (shop.networks, shop.rate, shop.employee) == (
        ["127.0.0.1/32", "10.0.0.0/8"],
        90,
        cast.igor,
    )
    key = issue(manager, shop)
    assert asks(key) == 200
    shown = manager.get(page(shop)).content.decode()
    assert key.split(".")[0].removeprefix(MARK) in shown
    assert key not in shown
    assert key not in manager.get(verb(shop, "key")).content.decode()


def test_what_it_may_is_said_in_words(manager: Client, shop: ApiClient) -> None:
    for language, group, words in (
        ("ru", "Квитанции", "Читать квитанции, работы, возвраты, справочники"),
        ("en", "Receipts", "Read receipts, works, returns, catalogues"),
    ):
        manager.cookies["django_language"] = language
        shown = manager.get(page(shop)).content.decode()
        assert f"<dt>{group}</dt>" in shown
        assert re.search(rf"{words} <code[^>]*>receipts:read</code>", shown)
        assert "analytics:people" not in shown
        listed = manager.get(reverse("admin:integrations_apiclient_changelist")).content.decode()
        assert f"{group} (2)" in listed
        assert "receipts:read" not in listed
        form = manager.get(verb(shop, "change")).content.decode()
        assert f"{words.lower()} (receipts:read)" in form.lower()


def test_every_scope_stands_in_a_group() -> None:
    rows = [row for _group, found in scopes.grouped(scopes.ALL) for row in found]
    assert sorted(name for name, _words in rows) == sorted(scopes.ALL)
    assert all(words != name for name, words in rows)
    assert scopes.grouped(["old:scope"]) == [("—", [("old:scope", "old:scope")])]


def test_the_same_press_again_shows_no_secret(manager: Client, shop: ApiClient) -> None:
    issue(manager, shop)
    again = manager.post(verb(shop, "key"), {"command_key": "press-1"})
    assert again.status_code == 302
    assert ApiKey.objects.count() == 1


def test_replaced_and_revoked(manager: Client, shop: ApiClient) -> None:
    old = issue(manager, shop)
    row = ApiKey.objects.get()
    answer = manager.post(verb(shop, "rotate"), {"row": row.pk, "overlap_hours": "24"})
    new = re.search(r'office-secret">([^<]+)<', answer.content.decode())
    assert new is not None
    assert {asks(old), asks(new[1])} == {200}
    manager.post(verb(shop, "revoke"), {"row": row.pk, "reason": "lost"})
    assert (asks(old), asks(new[1])) == (401, 200)
    assert Event.objects.filter(kind="client.key_revoked", channel="admin").count() == 1


def test_a_key_of_another_client_is_out_of_reach(
    manager: Client, shop: ApiClient, cast: Cast
) -> None:
    issue(manager, shop)
    row = ApiKey.objects.get()
    manager.post(reverse(ADD), {"name": "other"})
    other = ApiClient.objects.get(name="other")
    manager.post(verb(other, "revoke"), {"row": row.pk, "reason": "x"})
    row.refresh_from_db()
    assert row.revoked_at is None


def test_switched_off(manager: Client, shop: ApiClient) -> None:
    key = issue(manager, shop)
    manager.post(verb(shop, "off"))
    assert asks(key) == 401
    manager.post(verb(shop, "on"))
    assert asks(key) == 200


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"networks": "nowhere"}, "networks"),
        ({"rate": "0"}, "rate"),
        ({"name": ""}, "name"),
        ({"name": "shop"}, "name"),
        ({"scopes": ["everything"]}, "scopes"),
    ],
)
def test_bad_values_stay_on_the_form(
    manager: Client, shop: ApiClient, values: dict[str, object], field: str
) -> None:
    answer = manager.post(reverse(ADD), {"name": "new", **values})
    assert answer.status_code == 200
    assert answer.context["form"].errors.get(field)
    assert ApiClient.objects.count() == 1


def test_the_owner_looks_and_does_nothing(owner: Client, manager: Client, shop: ApiClient) -> None:
    assert owner.get(page(shop)).status_code == 200
    for slug in ("key", "rotate", "revoke", "off", "change"):
        assert owner.post(verb(shop, slug)).status_code == 403
    assert owner.get(reverse(ADD)).status_code == 403


def test_a_token_for_signing_up(manager: Client) -> None:
    answer = manager.post(reverse("admin:integrations_registrationtoken_add"))
    token = re.search(r'office-secret">([^<]+)<', answer.content.decode())
    assert token is not None
    values = {"token": token[1], "username": "reader", "password": "Long-enough-77"}
    made = Client().post("/api/v1/auth/register", values, content_type="application/json")
    assert made.status_code == 201
