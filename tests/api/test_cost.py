"""Query counts do not grow with the rows: every list with all that hangs on it, every row."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.bed import BASE, ELSEWHERE, described, request_for, writing
from tests.api.callers import Caller
from tests.cast import Cast

MORE = 4  # times everything that the API can write about


def addresses() -> dict[str, dict[str, str]]:
    """Every list and row, with the words that bring what hangs on it."""
    found = {}
    for path, methods in described()["paths"].items():
        own = path.removeprefix(BASE)
        if "get" not in methods or own.strip("/").startswith(ELSEWHERE):
            continue
        named = {one["name"]: one for one in methods["get"].get("parameters", [])}
        if "fields" in named:
            values = named.get("expand", {}).get("schema", {}).get("items", {}).get("enum", [])
            found[own] = {"expand": ",".join(values)} if values else {}
    return found


def counts(shop: Caller) -> dict[str, int]:
    told = {}
    for path, query in addresses().items():
        number = shop.get("/receipts/", limit=1).json()["results"][0]
        listed = re.sub(r"[{]id[}]/$", "", path)
        rows = shop.get(listed).json().get("results") if listed in addresses() else None
        pk = rows[0]["id"] if rows else number["id"]
        url = path.replace("{id}", str(pk)).replace("{number}", number["number"])
        shop.get(url, **query)  # what is kept of a question the first time
        with CaptureQueriesContext(connection) as queries:
            answer = shop.get(url, **query)
        if answer.status_code == 200:
            told[path] = len(queries)
    return told


@pytest.mark.django_db
def test_the_same_at_few_and_many(shop: Caller, cast: Cast, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.WORKSHOP_SELF_SERVICE = True
    paths = list(writing())
    for path in paths:
        request_for(path, cast)
    few = counts(shop)
    for _time in range(MORE):
        for path in paths:
            request_for(path, cast)
    many = counts(shop)
    assert len(few) > 45
    assert {path: count for path, count in many.items() if count != few.get(path, count)} == {}
    # counting of requests, the key, the page; and at most two for each that hangs on it
    hanging = {path: query.get("expand", "").count(",") + 1 for path, query in addresses().items()}
    assert {path: n for path, n in many.items() if n > 6 + 2 * hanging[path]} == {}
