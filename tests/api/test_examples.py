"""The examples of the description: each request is sent, each answer has the form it names."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import time_machine
from django.test import Client
from jsonschema import Draft202012Validator

from receipts.models import Receipt
from tests.api.bed import BASE, ELSEWHERE, described, picture_bytes, request_for, writing
from tests.api.callers import Caller
from tests.cast import Cast

THEN = "2026-11-20T09:00:00Z"  # the day on which the examples are meant


def violations(schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value by a schema of the description."""
    whole = {**schema, "components": described()["components"]}
    return [error.message[:300] for error in Draft202012Validator(whole).iter_errors(value)]


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in described()["paths"].items()
        for method, operation in methods.items()
        if not path.removeprefix(f"{BASE}/").startswith(ELSEWHERE)
    ]


def success(operation: dict[str, Any]) -> dict[str, Any]:
    (found,) = [told for code, told in operation["responses"].items() if code < "300"]
    content: dict[str, Any] = found.get("content", {})
    return content


def test_every_answer_has_an_example_in_its_form() -> None:
    seen = 0
    for path, method, operation in operations():
        form = success(operation).get("application/json")
        if form is None:  # a picture, a sheet
            continue
        (example,) = form["examples"].values()
        assert violations(form["schema"], example["value"]) == [], (path, method)
        seen += 1
    assert seen > 120


def test_every_request_has_an_example_in_its_form() -> None:
    for path, operation in writing().items():
        form = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if form is not None:
            (example,) = form["examples"].values()
            assert violations(form["schema"], example["value"]) == [], path


@pytest.mark.django_db
@pytest.mark.parametrize("path", list(writing()))
def test_the_example_is_granted(
    shop: Caller, cast: Cast, path: str, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.WORKSHOP_SELF_SERVICE = True
    with time_machine.travel(THEN):
        asked = request_for(path, cast)
        sender = Client() if path == "/auth/register/" else shop.http
        if asked.files:
            file = io.BytesIO(picture_bytes())
            file.name = "watch.jpg"
            answer = sender.post(BASE + asked.path, {"photo": file})
        else:
            answer = sender.post(BASE + asked.path, asked.body, content_type="application/json")
    assert answer.status_code == asked.status, (asked.body, answer.content.decode())
    schema = success(writing()[path])["application/json"]["schema"]
    assert violations(schema, json.loads(answer.content)) == []


@pytest.mark.django_db
def test_every_list_and_row_has_the_form_it_names(
    shop: Caller, cast: Cast, settings: Any, tmp_path: Any
) -> None:
    """Read after everything was written once: no list is empty by chance."""
    settings.MEDIA_ROOT = tmp_path
    settings.WORKSHOP_SELF_SERVICE = True
    settings.API_ANALYTICS_RATE = 10_000
    for path in writing():
        request_for(path, cast)
    lists = {}
    for path, method, operation in operations():
        if method == "get" and "{" not in path:
            if "application/json" not in success(operation):
                continue
            answer = shop.get(path.removeprefix(BASE))
            assert answer.status_code == 200, path
            form = success(operation)["application/json"]["schema"]
            body = json.loads(answer.content)
            assert violations(form, body) == [], path
            lists[path] = body.get("results", [])
    for path, rows in lists.items():
        one = described()["paths"].get(f"{path}{{id}}/", {}).get("get")
        if one is not None and rows:
            answer = shop.get(f"{path}{rows[0]['id']}/".removeprefix(BASE))
            form = success(one)["application/json"]["schema"]
            assert violations(form, json.loads(answer.content)) == [], path
    assert sum(bool(rows) for rows in lists.values()) > 20
    assert Receipt.objects.exists()
