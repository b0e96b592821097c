"""The description of the API: the committed one, its viewers, pages of other sites."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.api.bed import DESCRIPTION, described
from tests.api.callers import BASE, Caller
from workshop.lib.api.described import Description


def test_the_committed_description_is_the_present_one(tmp_path: Path) -> None:
    """After a change: ``manage.py spectacular --lang en --file docs/openapi.yaml``."""
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", "--fail-on-warn", "--validate", "--lang", "en", file=str(made))
    assert made.read_text() == DESCRIPTION.read_text()


def test_every_address_says_what_it_needs_and_how_it_refuses() -> None:
    seen = 0
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            seen += 1
            assert operation["description"], path
            refused = {code for code in operation["responses"] if code >= "400"}
            assert {"400", "401", "403", "404", "429"} <= refused, (path, method)
            assert ({"411", "415"} <= refused) == (method == "post"), (path, method)
            # What only asks for the scope to read writes nothing: nothing can happen twice.
            writes = not re.search(r"^Scope: `[a-z-]+:read`", operation["description"], re.M)
            if method == "post" and "auth" not in path and writes:
                names = {parameter["name"] for parameter in operation["parameters"]}
                assert "Idempotency-Key" in names, path
                assert ("If-Match" in names) == ("{" in path), path
    assert seen > 60


@pytest.mark.django_db
def test_the_viewers_bring_their_own_files() -> None:
    for path in ("/api/docs/", "/api/redoc/"):
        page = Client().get(path)
        assert page.status_code == 200
        text = page.content.decode()
        assert "https://" not in text.replace("https://github.com", "")
        policy = page["Content-Security-Policy"].split(";")
        (scripts,) = [rule for rule in policy if rule.strip().startswith("script-src ")]
        assert "unsafe" not in scripts
    assert Client().get("/api/schema/").status_code == 200


@pytest.mark.django_db
class TestOtherSites:
    ORIGIN = "https://shop.example"

    def test_only_named_origins_may_ask(self, shop: Caller, settings: Any) -> None:
        settings.CORS_ALLOWED_ORIGINS = [self.ORIGIN]
        allowed = shop.get("/me/", headers={"Origin": self.ORIGIN})
        assert allowed["Access-Control-Allow-Origin"] == self.ORIGIN
        assert "Access-Control-Allow-Credentials" not in allowed
        assert "RateLimit" in allowed["Access-Control-Expose-Headers"]
        other = shop.get("/me/", headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in other

    def test_a_preflight_needs_no_key(self, settings: Any) -> None:
        settings.CORS_ALLOWED_ORIGINS = [self.ORIGIN]
        asked = {
            "Origin": self.ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, idempotency-key",
        }
        answer = Client().options(f"{BASE}/receipts/", headers=asked)
        assert answer.status_code == 200
        assert "idempotency-key" in answer["Access-Control-Allow-Headers"]

    def test_nothing_outside_of_the_api(self, settings: Any, db: None) -> None:
        settings.CORS_ALLOWED_ORIGINS = [self.ORIGIN]
        answer = Client().get("/health/live", headers={"Origin": self.ORIGIN})
        assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["schema", "docs", "redoc"])
def test_strangers_cannot_break_its_pages(client: Client, page: str) -> None:
    assert client.options(f"/api/{page}/").status_code == 405
    for value in ("\x00", "a\nb", 'x"; y="', "../../en"):
        answer = client.get(f"/api/{page}/", {"version": value, "lang": value})
        assert answer.status_code == 200
        assert value not in answer.get("Content-Disposition", "")


@pytest.mark.django_db
def test_the_description_is_counted(client: Client, settings: Any) -> None:
    settings.API_ADDRESS_RATE = 2
    codes = [client.get("/api/schema/").status_code for _attempt in range(3)]
    assert codes == [200, 200, 429]


@pytest.mark.django_db
def test_the_description_is_made_once_for_a_language(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [
        ({"lang": "en"}, {}),
        ({"lang": "ru"}, {}),
        ({}, {"Accept-Language": "en"}),
        ({"lang": "xx"}, {"Accept-Language": "en"}),
    ]
    before = [client.get("/api/schema/", query, headers=head).content for query, head in asked]
    assert before[0].decode() == DESCRIPTION.read_text()
    assert before[1].decode() != DESCRIPTION.read_text()
    assert before[2:] == [before[0], before[0]]

    def again(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("made anew")

    monkeypatch.setattr(Description.generator_class, "get_schema", again)
    after = [client.get("/api/schema/", query, headers=head).content for query, head in asked]
    assert after == before
    as_json = client.get("/api/schema/", {"lang": "en"}, headers={"Accept": "application/json"})
    assert as_json["Content-Type"].startswith("application/json")
    assert as_json.json() == described()
