"""Lists of the API as files: one answer for short ones, a job for long ones."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.urls import get_resolver

from integrations import data_jobs
from integrations.models import DataJob
from integrations.services import data_jobs as services
from integrations.services.clients import change_client
from receipts.services.facts import edit_facts
from staff.models import Employee
from tests.api.callers import BASE, SYSTEM, Caller
from tests.cast import Cast, make_in_work, make_receipt
from workshop.lib.api.views import ListView, RowView

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


def rows_of(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200, answer.content
    text = b"".join(answer.streaming_content).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def lists(patterns: Any = None, before: str = "/") -> Iterator[str]:
    """Addresses of all lists without a number in them."""
    for one in patterns or get_resolver().url_patterns:
        address = f"{before}{one.pattern}"
        if hasattr(one, "url_patterns"):
            yield from lists(one.url_patterns, address)
        elif address.startswith(BASE) and "<" not in address:
            view = getattr(one.callback, "cls", object)
            if issubclass(view, ListView) and not issubclass(view, RowView):
                yield address.removeprefix(BASE)


def test_every_list_is_a_file(cast: Cast, shop: Caller) -> None:
    make_in_work(cast, number="Т-1")
    found = list(lists())
    assert len(found) > 25
    for address in found:
        answer = shop.get(address, format="csv")
        assert answer.status_code == 200, (address, answer.content)
        header, *rows = rows_of(answer)
        page = shop.get(address, count=1, limit=100).json()
        assert len(rows) == page["count"], address
        if page["results"]:
            assert {name.partition(".")[0] for name in header} == set(page["results"][0]), address


def test_filters_order_and_fields_hold_for_the_file(cast: Cast, shop: Caller) -> None:
    for number in ("Т-1", "Т-2"):
        make_receipt(cast, number)
    work = make_in_work(cast, number="Т-3")
    edit_facts(
        receipt_id=work.pk, facts={"complaint": "=1+1", "agreed_price": "10.50"},
        actor=cast.actor("igor"),
    )  # fmt: skip
    found = rows_of(shop.get("/receipts/", format="csv", status="received", ordering="id",
                             fields="number,status"))  # fmt: skip
    assert found[0] == ["id", "number", "status"]
    assert [row[1:] for row in found[1:]] == [["Т-1", "received"], ["Т-2", "received"]]

    asked = {"fields": "number,complaint,agreed_price,master,received_at", "status": "in_work"}
    header, values = rows_of(shop.get("/receipts/", format="csv", **asked))
    row = dict(zip(header, values, strict=True))
    assert (row["complaint"], row["agreed_price"], row["master.name"]) == (
        "'=1+1", "10.50", "Максим М.",
    )  # fmt: skip
    assert row["received_at"].endswith("Z")
    answer = shop.get("/receipts/", format="xlsx", **asked)
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    header, values = (list(line) for line in book.active.values)
    assert values[header.index("complaint")] == "=1+1"
    assert book.active.cell(2, header.index("complaint") + 1).data_type == "s"
    assert values[header.index("agreed_price")] == 10.5


def test_wrong_and_too_long_ones_are_refused(
    cast: Cast, shop: Caller, caller: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_receipt(cast)
    make_receipt(cast)
    assert shop.get("/receipts/", format="exe").json()["field_errors"]["format"]
    assert shop.get("/receipts/", format="csv", limit=5).status_code == 422
    assert shop.get("/receipts/", format="csv", nonsense=1).status_code == 400
    reader = caller("reader", held=("receipts:read",))
    assert reader.get("/customers/", format="csv").status_code == 403
    monkeypatch.setattr("workshop.lib.api.files.MOST", 1)
    answer = shop.get("/receipts/", format="csv")
    assert (answer.status_code, answer.json()["code"]) == (422, "exports.too_long")


def test_a_long_list_is_asked_for_watched_and_fetched(
    cast: Cast, shop: Caller, caller: Callable[..., Caller]
) -> None:
    make_receipt(cast, "Т-1")
    make_in_work(cast, number="Т-2")
    asked = {"list": "receipts", "query": {"status": "in_work"}, "format": "csv"}
    made = shop.once("one", "/exports/", asked)
    assert made.status_code == 201, made.content
    job = made.json()["result"]
    assert (job["list"], job["state"]) == ("receipts", "waiting")
    again = shop.once("one", "/exports/", asked)
    assert (again.json()["result"]["id"], again["Idempotent-Replayed"]) == (job["id"], "true")
    address = f"/exports/{job['id']}/"
    assert shop.get(f"{address}file/").status_code == 404

    data_jobs.run_waiting()
    read = shop.get(address).json()
    assert (read["state"], read["done"], read["error"]) == ("done", 1, "")
    assert rows_of(shop.get(f"{address}file/"))[1][1] == "Т-2"
    other = caller("other")
    for path in (address, f"{address}file/"):
        assert other.get(path).status_code == 404
    assert other.get("/exports/").json()["results"] == []
    assert other.post(f"{address}cancel/").status_code == 404


def test_only_lists_that_one_may_read_can_be_asked_for(
    cast: Cast, shop: Caller, caller: Callable[..., Caller]
) -> None:
    for name in ("nonsense", "receipts/1", "receipts/1/events", "me", "../admin", "exports/1/file"):
        assert shop.post("/exports/", {"list": name}).status_code == 404, name
    for query in (
        {"status": "lost"},
        {"ordering": "password"},
        {"limit": "1"},
        {"expand": "photos"},
    ):
        wrong = shop.post("/exports/", {"list": "receipts", "query": query})
        assert wrong.status_code in {400, 422}, query
        assert DataJob.objects.count() == 0, query
    poor = caller("poor", held=("data:manage", "receipts:read"))
    assert poor.post("/exports/", {"list": "customers"}).status_code == 403
    reader = caller("reader", held=("receipts:read",))
    assert reader.post("/exports/", {"list": "receipts"}).status_code == 403
    asked = poor.post("/exports/", {"list": "receipts"}).json()["result"]["id"]
    change_client(client_id=poor.client.pk, values={"scopes": ["data:manage"]}, actor=SYSTEM)
    data_jobs.run_waiting()
    assert DataJob.objects.get(pk=asked).state == "failed"

    stopped = shop.post("/exports/", {"list": "receipts"}).json()["result"]["id"]
    answer = shop.post(f"/exports/{stopped}/cancel/")
    assert (answer.status_code, answer.json()["result"]["state"]) == (200, "cancelled")


@pytest.mark.django_db(transaction=True)
def test_people_go_on_writing_while_a_long_list_is_written(
    cast: Cast, shop: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite: what a job writes between two steps must not meet a query of its own that is open."""
    monkeypatch.setattr("workshop.lib.export.AT_ONCE", 2)
    for number in range(5):
        make_receipt(cast, f"Т-{number}")
    tell = services.progress

    languages = cycle(("en", "ru"))  # what is so already changes no page of the file

    def somebody_writes() -> None:
        Employee.objects.update(language=next(languages))
        connection.close()

    def beside(job: DataJob, **told: Any) -> None:
        other = threading.Thread(target=somebody_writes)
        other.start()
        other.join()
        tell(job, **told)

    monkeypatch.setattr(services, "progress", beside)
    asked = shop.post("/exports/", {"list": "receipts"})
    assert asked.status_code == 201, asked.content
    data_jobs.run_waiting()

    job = DataJob.objects.get()
    assert (job.state, job.done, job.total) == (DataJob.State.DONE, 5, 5)
