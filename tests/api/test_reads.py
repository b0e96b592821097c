"""Lists and single rows: pages, filters, order, sparse fields, expansions, ETag, query counts."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.urls import get_resolver

from integrations import scopes
from receipts.models import Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.quality import pass_check
from receipts.services.registration import renumber_receipt, void_receipt
from tests.api.callers import BASE, SYSTEM, Caller, make_returned
from tests.cast import Cast, make_in_work, make_receipt, make_submitted
from workshop.lib import clock

pytestmark = pytest.mark.django_db
LISTS = [
    "/receipts/", "/operations/", "/assignments/", "/checks/", "/returns/", "/photos/",
    "/reminders/", "/customers/", "/watches/", "/operation-types/", "/return-reasons/",
    "/hold-reasons/", "/refusal-reasons/", "/waiver-reasons/", "/deadline-causes/", "/metals/",
    "/checklist-items/",
]  # fmt: skip


# Proves by its token who may sign up.
OPEN_TO_THE_WORLD = {"register"}


LAST_MOMENT = "9999-12-31T23:59:59-14:00"


def cursor(*place: Any) -> str:
    """A cursor as somebody writes it who has read one."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def follow(caller: Caller, url: str) -> Any:
    """The page that a link of an answer leads to."""
    parts = urlsplit(url)
    return caller.get(parts.path.removeprefix(BASE), **dict(parse_qsl(parts.query))).json()


@pytest.fixture
def sample(cast: Cast) -> list[Receipt]:
    """Seven receipts in different states, the oldest first."""
    at = clock.now() - timedelta(days=20)
    made = [make_receipt(cast, f"A-{n}", at=at + timedelta(hours=n)) for n in range(4)]
    return [*made, make_in_work(cast), make_submitted(cast), make_returned(cast)]


class TestLists:
    @pytest.mark.parametrize("path", LISTS)
    def test_an_empty_workshop_says_so(self, shop: Caller, path: str) -> None:
        answer = shop.get(path)
        assert answer.status_code == 200, answer.content
        body = answer.json()
        assert body["next"] is None
        catalogue = path.endswith(("types/", "reasons/", "causes/", "metals/", "items/"))
        assert catalogue or body["results"] == []

    def test_a_receipt_in_the_list_and_alone_is_the_same(
        self, shop: Caller, sample: list[Receipt]
    ) -> None:
        listed = shop.get("/receipts/").json()["results"]
        assert [row["id"] for row in listed] == [one.pk for one in reversed(sample)]
        for row in listed:
            assert shop.get(f"/receipts/{row['id']}/").json() == row
            assert shop.get(f"/receipts/by-number/{row['number']}/").json() == row

    def test_what_a_receipt_shows(self, shop: Caller, cast: Cast) -> None:
        receipt = make_in_work(cast, number="D-77")
        row = shop.get(f"/receipts/{receipt.pk}/").json()
        assert row["number"] == "D-77"
        assert row["status"] == "in_work"
        assert row["master"] == {"id": cast.maxim.pk, "name": cast.maxim.short_name}
        assert row["watch"] is None
        assert row["version"] == 2
        assert row["received_at"] == clock.iso(receipt.received_at).replace("+00:00", "Z")  # type: ignore[union-attr]

    @pytest.mark.parametrize("ordering", ["-id", "id", "deadline", "-deadline", "received_at"])
    @pytest.mark.parametrize("limit", [1, 3, 100])
    def test_pages_show_every_row_once_in_order(
        self, shop: Caller, cast: Cast, sample: list[Receipt], ordering: str, limit: int
    ) -> None:
        soon = clock.now() + timedelta(days=1)
        for number in (1, 3):
            change_deadline(receipt_id=sample[number].pk, deadline=soon, actor=SYSTEM)
        whole = shop.get("/receipts/", ordering=ordering, limit=100).json()["results"]
        page, seen = shop.get("/receipts/", ordering=ordering, limit=limit).json(), []
        while True:
            seen += page["results"]
            if page["next"] is None:
                break
            page = follow(shop, page["next"])
        assert seen == whole
        assert len(seen) == len(sample)
        if ordering == "deadline":
            assert [row["id"] for row in seen[:2]] == [sample[1].pk, sample[3].pk]

    def test_a_row_added_meanwhile_moves_no_page(
        self, shop: Caller, cast: Cast, sample: list[Receipt]
    ) -> None:
        first = shop.get("/receipts/", limit=3).json()
        make_receipt(cast)
        second = follow(shop, first["next"])
        assert {row["id"] for row in first["results"]} & {
            row["id"] for row in second["results"]
        } == set()

    def test_the_total_only_when_asked(self, shop: Caller, sample: list[Receipt]) -> None:
        assert "count" not in shop.get("/receipts/").json()
        assert shop.get("/receipts/", count=1, limit=2).json()["count"] == len(sample)
        page = shop.get("/receipts/", offset=2, limit=2).json()
        assert page["count"] == len(sample)
        assert (
            follow(shop, page["previous"])["results"] + page["results"]
            == (shop.get("/receipts/", limit=4).json()["results"])
        )

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ({"status": "in_work"}, 1),
            ({"status": "in_work,returned"}, 2),
            ({"in_workshop": "true"}, 7),
            ({"returned": "true"}, 1),
            ({"returned": "false"}, 6),
            ({"search": "A-2"}, 1),
            ({"overdue": "true"}, 0),
            ({"voided": "true"}, 0),
        ],
    )
    def test_filters(
        self, shop: Caller, sample: list[Receipt], query: dict[str, str], numbers: int
    ) -> None:
        body = shop.get("/receipts/", count=1, **query).json()
        assert (body["count"], len(body["results"])) == (numbers, numbers)

    def test_by_person_and_time(self, shop: Caller, cast: Cast, sample: list[Receipt]) -> None:
        mine = shop.get("/receipts/", master=cast.maxim.pk).json()["results"]
        assert {row["master"]["id"] for row in mine} == {cast.maxim.pk}
        until = clock.iso(sample[2].received_at)
        early = shop.get("/receipts/", received_to=until).json()["results"]
        assert [row["number"] for row in early] == ["A-1", "A-0"]

    def test_late_is_said_as_soon_as_it_is(self, shop: Caller, cast: Cast) -> None:
        receipt = make_receipt(cast)
        soon = clock.now() + timedelta(hours=1)
        change_deadline(receipt_id=receipt.pk, deadline=soon, actor=SYSTEM)
        first = shop.get(f"/receipts/{receipt.pk}/")
        assert first.json()["overdue"] is False
        with time_machine.travel(soon + timedelta(minutes=1), tick=False):
            again = shop.get(f"/receipts/{receipt.pk}/", headers={"If-None-Match": first["ETag"]})
            assert again.status_code == 200
            assert again.json()["overdue"] is True

    def test_voided_ones_are_out_of_the_list(self, shop: Caller, cast: Cast) -> None:
        receipt = make_receipt(cast)
        void_receipt(receipt_id=receipt.pk, reason="mistake", actor=cast.actor("anna"))
        assert shop.get("/receipts/").json()["results"] == []
        assert shop.get("/receipts/", voided="true").json()["results"][0]["id"] == receipt.pk

    def test_a_corrected_number_is_found(self, shop: Caller, cast: Cast) -> None:
        receipt = make_receipt(cast, "OLD-1")
        renumber_receipt(
            receipt_id=receipt.pk, number="NEW-1", reason="typo", actor=cast.actor("anna")
        )
        assert shop.get("/receipts/by-number/OLD-1/").json()["number"] == "NEW-1"


class TestSparse:
    def test_fields(self, shop: Caller, sample: list[Receipt]) -> None:
        rows = shop.get("/receipts/", fields="number,status").json()["results"]
        assert {frozenset(row) for row in rows} == {frozenset({"id", "number", "status"})}

    @pytest.mark.parametrize("name", ["fields", "expand"])
    def test_nothing_named_is_refused(self, shop: Caller, sample: list[Receipt], name: str) -> None:
        for path in ("/receipts/", f"/receipts/{sample[0].pk}/"):
            answer = shop.get(path, **{name: " , "})
            assert answer.status_code == 400
            assert list(answer.json()["field_errors"]) == [name]

    @pytest.mark.parametrize(
        "path", ["/receipts/", "/metals/", "/analytics/quality/", "/receipts/by-number/1/"]
    )
    def test_what_stands_there_twice_is_refused(self, shop: Caller, path: str) -> None:
        name = "period" if "analytics" in path else "fields"
        answer = shop.http.get(f"{BASE}{path}?{name}=id&{name}=number")
        assert answer.status_code == 400
        assert answer.json()["field_errors"][name][0]["code"] == "repeated"

    def test_expansions(self, shop: Caller, cast: Cast) -> None:
        receipt = make_returned(cast)
        row = shop.get(
            f"/receipts/{receipt.pk}/",
            expand="operations,assignments,checks,returns,possible,holds,waivers,photos,customer",
        ).json()
        assert [work["employee"]["id"] for work in row["operations"]] == [cast.maxim.pk]
        assert "receipt_id" not in row["operations"][0]
        assert len(row["assignments"]) == len(row["checks"]) == len(row["returns"]) == 1
        assert "assign" in row["possible"]
        assert (row["holds"], row["photos"], row["customer"]) == ([], [], None)
        case = shop.get(f"/returns/{row['returns'][0]['id']}/", expand="items").json()
        assert case["items"][0]["reason"]

    def test_a_customer_needs_a_scope_of_its_own(self, caller: Any, cast: Cast) -> None:
        customer = {"name": "Иванов", "phone": "+79161234567"}
        shop = caller(held=scopes.ALL, employee_id=cast.igor.pk)
        made = shop.post("/receipts/", {"number": "C-1", "customer": customer}).json()["result"]
        path = f"/receipts/{made['id']}/"
        assert shop.get(path, expand="customer").json()["customer"]["name"] == "Иванов"
        assert made["customer_id"]
        reader = caller("reader", held=(scopes.RECEIPTS_READ,))
        assert reader.get(path, expand="customer").status_code == 403
        assert "Иванов" not in reader.get(path).content.decode()
        assert reader.get("/customers/").status_code == 403

    def test_a_phone_tells_only_who_may_know_whose_watch_it_is(
        self, shop: Caller, caller: Any
    ) -> None:
        customer = {"name": "Иванов", "phone": "+79161234567"}
        shop.post("/receipts/", {"number": "B-1", "customer": customer})
        reader = caller("reader", held=(scopes.RECEIPTS_READ,))
        asked = {"search": "8 916 123-45-67"}
        assert len(shop.get("/receipts/", **asked).json()["results"]) == 1
        assert reader.get("/receipts/", **asked).json()["results"] == []
        assert len(reader.get("/receipts/", search="b-1").json()["results"]) == 1


class TestRefused:
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"limit": "0"}, "limit"),
            ({"limit": "101"}, "limit"),
            ({"limit": "x"}, "limit"),
            ({"limit": "٣"}, "limit"),
            ({"offset": "-1"}, "offset"),
            ({"offset": "99999999999999999999"}, "offset"),
            ({"cursor": "!!"}, "cursor"),
            ({"cursor": "WzEsIDk5OTk5OTk5OTk5OTk5OTk5OTk5OTldCg=="}, "cursor"),
            ({"cursor": cursor("abc", 5), "ordering": "deadline"}, "cursor"),
            ({"cursor": cursor(5, 5), "ordering": "deadline"}, "cursor"),
            ({"cursor": cursor({"when": 5}, 5), "ordering": "deadline"}, "cursor"),
            (
                {"cursor": cursor({"at": "2026-01-01T00:00:00"}, 5), "ordering": "deadline"},
                "cursor",
            ),
            ({"cursor": cursor({"at": LAST_MOMENT}, 5), "ordering": "deadline"}, "cursor"),
            ({"cursor": cursor("x", 5)}, "cursor"),
            ({"cursor": cursor(5, True)}, "cursor"),
            ({"ordering": "password"}, "ordering"),
            ({"fields": "nothing"}, "fields"),
            ({"expand": "nothing"}, "expand"),
            ({"master": "1e400"}, "master"),
            ({"master": "99999999999999999999999"}, "master"),
            ({"status": "lost"}, "status"),
            ({"received_from": "yesterday"}, "received_from"),
            ({"received_from": "0001-01-01T00:00:00+14:00"}, "received_from"),
            ({"deadline_to": LAST_MOMENT}, "deadline_to"),
            ({"deadline_from": "0001-01-01"}, "deadline_from"),
            ({"search": "\x00"}, "search"),
            ({"colour": "red"}, "query"),
        ],
    )
    def test_a_wrong_question_is_named(
        self, shop: Caller, query: dict[str, str], field: str
    ) -> None:
        answer = shop.get("/receipts/", **query)
        body = answer.json()
        assert (answer.status_code, body["code"]) == (400, "request.invalid"), body
        assert list(body["field_errors"]) == [field]
        assert body["request_id"]

    @pytest.mark.parametrize(
        "path",
        ["/receipts/999999/", "/receipts/by-number/nobody/", "/watches/9223372036854775807/"],
    )
    def test_what_is_not_there(self, shop: Caller, path: str) -> None:
        answer = shop.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")

    @pytest.mark.parametrize("path", ["/receipts/99999999999999999999999/", "/nothing/"])
    def test_an_address_that_cannot_be(self, shop: Caller, path: str) -> None:
        answer = shop.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")

    @pytest.mark.parametrize("number", [2**63, 10**30])
    def test_nothing_is_done_to_what_cannot_be(self, shop: Caller, number: int) -> None:
        for verb in ("submit", "comments", "operations/1/void"):
            answer = shop.post(f"/receipts/{number}/{verb}/", {})
            assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")
        answer = shop.post(f"/polishing-orders/{number}/void/", {"reason": "x"})
        assert answer.status_code == 404

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_nothing_is_overwritten_or_deleted(self, shop: Caller, cast: Cast, method: str) -> None:
        receipt = make_receipt(cast)
        for path in ("/receipts/", f"/receipts/{receipt.pk}/"):
            answer = getattr(shop.http, method)(BASE + path)
            assert answer.status_code == 405
            assert answer.json()["code"] == "request.method_not_allowed"
            assert "GET" in answer["Allow"]
        receipt.refresh_from_db()
        assert receipt.version == 1


class TestFreshness:
    def test_not_modified(self, shop: Caller, cast: Cast) -> None:
        receipt = make_receipt(cast)
        path = f"/receipts/{receipt.pk}/"
        first = shop.get(path)
        assert first["ETag"] == '"v1"'
        again = shop.get(path, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        shop.post(f"{path}comments/", {"text": "hello"})
        assert shop.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200

    def test_sparse_answers_have_tags_of_their_own(self, shop: Caller, cast: Cast) -> None:
        path = f"/receipts/{make_receipt(cast).pk}/"
        tags = {shop.get(path)["ETag"], shop.get(path, fields="number")["ETag"]}
        assert len(tags) == 2

    def test_private_answers_are_kept_nowhere(self, shop: Caller) -> None:
        answer = shop.get("/receipts/")
        assert "private" in answer["Cache-Control"]
        assert "Authorization" in answer["Vary"]


def test_who_decided(shop: Caller, cast: Cast) -> None:
    receipt = make_submitted(cast)
    pass_check(receipt_id=receipt.pk, actor=cast.actor("igor"))
    assert shop.get("/checks/", decision="passed").json()["results"][0]["decided_by"] == {
        "id": cast.igor.pk,
        "name": cast.igor.short_name,
    }


def test_every_address_of_the_api_is_closed_without_a_key(client: Any) -> None:
    """A view that forgot its scopes fails here."""
    found = 0
    for name, (possible, *_rest) in get_resolver("workshop.api_urls").reverse_dict.items():
        if not isinstance(name, str) or name in OPEN_TO_THE_WORLD:
            continue
        template = possible[0][0]
        url = f"{BASE}/{re.sub('%[(][a-z_]+[)]s', '1', template)}"
        for method in ("get", "post"):
            answer = getattr(client, method)(url)
            assert answer.status_code in {401, 405}, (method, url, answer.status_code)
        found += 1
    assert found > 45


@pytest.mark.django_db
def test_a_row_refuses_questions_that_it_does_not_know(shop: Caller, cast: Cast) -> None:
    path = f"/receipts/{make_receipt(cast).pk}/"
    assert shop.get(path, fields="number").status_code == 200
    answer = shop.get(path, field="number")
    assert (answer.status_code, list(answer.json()["field_errors"])) == (400, ["query"])
