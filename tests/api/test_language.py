"""Refusals are told in the language that was asked for, also those of the libraries."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
import rest_framework
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from tests.api.bed import BASE, described
from tests.api.callers import Caller

RUSSIAN = {"Accept-Language": "ru"}
# Where texts stand that can get into an answer; others describe the libraries' own pages.
SOURCES = (
    *(
        Path(rest_framework.__file__).with_name(f"{name}.py")
        for name in ("authentication", "exceptions", "fields", "serializers", "validators")
    ),
    *(Path(django.__file__).parent / name for name in ("forms/fields.py", "core/validators.py")),
)
# Filled in before a translation is looked for (workshop/lib/api/errors.py); names.
NOT_TRANSLATED = frozenset(
    {
        "Expected available in {wait} second.",
        "Expected available in {wait} seconds.",
        "IPv4",
        "IPv6",
    }
)


def texts() -> Iterator[str]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_" and node.args:
                yield ast.literal_eval(node.args[0])


def details(told: Any) -> Iterator[str]:
    """Every ``detail`` of a refusal, however deep."""
    if isinstance(told, dict):
        if isinstance(told.get("detail"), str):
            yield told["detail"]
        for inner in told.values():
            yield from details(inner)
    elif isinstance(told, list):
        for inner in told:
            yield from details(inner)


def english(answer: Any) -> list[str]:
    found = list(details(answer.json()))
    assert found, answer.content
    return [text for text in found if not re.search("[а-яё]", text, re.IGNORECASE)]


def test_every_text_of_the_libraries_is_translated() -> None:
    told = set(texts()) - NOT_TRANSLATED
    assert len(told) > 60
    with translation.override("ru"):
        assert [text for text in sorted(told) if translation.gettext(text) == text] == []


def writing() -> list[str]:
    return [
        path.removeprefix(BASE) for path, found in described()["paths"].items() if "post" in found
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("path", writing())
def test_a_wrong_body_is_refused_in_russian(shop: Caller, path: str) -> None:
    url = re.sub("{[a-z_]+}", "1", path)
    names = _properties(path)
    for value in (None, 7.5, "", "x", [], {}, True, [[]], {"a": 1}):
        for body in (dict.fromkeys(names, value), {"no_such_value": value}):
            answer = shop.post(url, body, headers=RUSSIAN)
            if answer.status_code >= 400:
                assert english(answer) == [], (body, answer.json())


def _properties(path: str) -> list[str]:
    content = described()["paths"][BASE + path]["post"].get("requestBody", {}).get("content", {})
    (form, *_others) = [*content.values(), {}]
    name = form.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return list(described()["components"]["schemas"].get(name, {}).get("properties", {}))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"overdue": "perhaps"}, "overdue"),
        ({"master": "x"}, "master"),
        ({"deadline_to": "x"}, "deadline_to"),
        ({"status": "x"}, "status"),
        ({"limit": "x"}, "limit"),
        ({"no": "1"}, "query"),
        ({"cursor": "x"}, "cursor"),
        ({"ordering": "x"}, "ordering"),
        ({"fields": "x"}, "fields"),
    ],
)
def test_a_wrong_question(shop: Caller, query: dict[str, str], where: str) -> None:
    answer = shop.http.get(f"{BASE}/receipts/", query, headers=RUSSIAN)
    assert (answer.status_code, list(answer.json()["field_errors"])) == (400, [where])
    assert english(answer) == []


@pytest.mark.django_db
class TestAtTheDoor:
    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/json", b"{"),
            ("application/json", b"[]"),
            ("text/plain", b"x"),
            ("multipart/form-data", b"x"),
            ("multipart/form-data; boundary=x", b"--x\r\n"),
        ],
    )
    def test_what_is_no_request(self, shop: Caller, kind: str, body: bytes) -> None:
        for path in ("/receipts/", "/receipts/1/photos/", "/imports/"):
            answer = shop.http.post(BASE + path, body, content_type=kind, headers=RUSSIAN)
            assert answer.status_code in {400, 404, 415}, answer.content
            assert english(answer) == []

    def test_headers(self, shop: Caller) -> None:
        for name in ("If-Match", "Idempotency-Key"):
            answer = shop.post("/receipts/1/submit/", headers={**RUSSIAN, name: "ы ы"})
            assert answer.status_code == 400
            assert english(answer) == []
        assert english(shop.http.get(f"{BASE}/me/", headers={**RUSSIAN, "Accept": "x/y"})) == []
        assert english(shop.http.put(f"{BASE}/receipts/", headers=RUSSIAN)) == []

    def test_who_may_not_enter(self, client: Client) -> None:
        for proof in ("", "Bearer x", "Basic x", "Basic eDp5", "Basic", "Basic a b"):
            headers = {**RUSSIAN, **({"Authorization": proof} if proof else {})}
            answer = client.get(f"{BASE}/receipts/", headers=headers)
            assert answer.status_code == 401
            assert english(answer) == [], proof

    def test_too_many(self, shop: Caller, settings: Any) -> None:
        settings.API_RATE = 1
        shop.get("/me/")
        answer = shop.get("/me/", headers=RUSSIAN)
        assert answer.status_code == 429
        assert answer["Retry-After"] in answer.json()["detail"]
        assert english(answer) == []

    def test_an_office_user_without_his_token(self) -> None:
        office = Client(enforce_csrf_checks=True)
        office.force_login(User.objects.create_user("boss", is_staff=True, is_superuser=True))
        answer = office.post(f"{BASE}/receipts/", {"number": "1"}, headers=RUSSIAN)
        assert answer.status_code == 403
        assert english(answer) == []
