"""Query counts do not grow with the rows: every list with all that hangs on it, every row."""

from __future__ import annotations

import re
from copy import copy
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Event
from receipts.models import Assignment, Customer, Operation, Receipt, Watch
from receipts.services.customers import create_customer
from receipts.services.watches import create_watch
from tests.api.bed import BASE, ELSEWHERE, described, request_for, writing
from tests.api.callers import SYSTEM, Caller
from tests.cast import Cast, make_worked

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


# --- ten rows and a thousand ----------------------------------------------------------------------

HOT = {
    "/receipts/": {"expand": "operations,assignments,returns,polishing,possible,customer"},
    "/receipts/?status=in_work&overdue=false&ordering=deadline": {},
    "/operations/": {},
    "/assignments/": {},
    "/customers/": {},
    "/watches/": {},
    "/events/": {"expand": "words"},
}


def multiply(model: Any, count: int, **unique: Any) -> list[Any]:
    """So many more rows like the first one; ``unique``: what each of them has for itself."""
    first = model._base_manager.order_by("pk").first()
    rows = []
    for number in range(count):
        row = copy(first)
        row.pk = None
        for name, make in unique.items():
            setattr(row, name, make(number))
        rows.append(row)
    found: list[Any] = model._base_manager.bulk_create(rows)
    return found


def more(count: int, mark: str) -> None:
    """Receipts with customer, watch, work, master and history."""

    def word(number: int) -> str:
        return f"{mark}{number}"

    customers = multiply(Customer, count)
    watches = multiply(Watch, count)
    own = dict.fromkeys(
        ("number", "number_key", "similar_key", "public_token", "label_token"), word
    )
    rows = multiply(
        Receipt,
        count,
        **own,
        customer_id=lambda number: customers[number].pk,
        watch_id=lambda number: watches[number].pk,
    )
    of_each = {"receipt_id": lambda number: rows[number].pk}
    for model in (Operation, Assignment):
        multiply(model, count, **of_each)
    begin = Event.objects.count()
    multiply(
        Event,
        count,
        stream=lambda number: rows[number].stream,
        hash=word,
        ordinal=lambda number: begin + number,
    )


@pytest.mark.django_db
def test_the_same_at_ten_and_a_thousand(shop: Caller, cast: Cast) -> None:
    receipt = make_worked(cast)
    customer = create_customer(name="Иванов", actor=SYSTEM).object
    watch = create_watch(values={"brand": "Tissot"}, actor=SYSTEM).object
    Receipt.objects.filter(pk=receipt.pk).update(customer=customer, watch=watch)

    def asked() -> dict[str, int]:
        told = {}
        for path, query in HOT.items():
            for more_words in ({"limit": 100}, {"limit": 100, "offset": 5}, {"count": 1}):
                shop.get(path, **query, **more_words)
                with CaptureQueriesContext(connection) as queries:
                    answer = shop.get(path, **query, **more_words)
                assert answer.status_code == 200, answer.content
                told[f"{path} {sorted(more_words)}"] = len(queries)
        return told

    more(9, "a")
    ten = asked()
    more(990, "b")
    assert Receipt.objects.count() == 1_000
    assert asked() == ten
    assert max(ten.values()) <= 6 + 2 * 6
