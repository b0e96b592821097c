"""Questions that are asked again: what was worked out once gives what is worked out anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.dateparse import parse_datetime

from integrations import proofs, scopes
from integrations.models import ApiKey
from integrations.services.clients import change_client, revoke_key
from receipts.api.serializers import ReceiptForm
from receipts.api.views import Receipts, receipts
from receipts.models import Receipt
from receipts.services.deadlines import change_deadline
from tests.api.callers import BASE, SYSTEM, Caller, make_returned
from tests.cast import Cast, make_in_work, make_receipt, make_submitted
from workshop.lib import clock
from workshop.lib.api import rows as plain
from workshop.lib.api import views

pytestmark = pytest.mark.django_db
QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"limit": 2},
    {"ordering": "deadline", "limit": 2},
    {"ordering": "-status_since", "limit": 1},
    {"status": "in_work,returned"},
    {"status": "issued"},
    {"in_workshop": "true", "voided": "false", "returned": "true"},
    {"overdue": "true"},
    {"search": "ST-1"},
    {"received_from": "2020-01-01", "urgent": "false"},
    {"fields": "number,master,overdue", "limit": 3},
    {"expand": "operations,possible", "limit": 2, "count": 1},
    {"offset": 1, "limit": 2},
)

EMPTY = ({"status": "issued"}, {"overdue": "true"})


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    views._plans.clear()


@pytest.fixture
def sample(cast: Cast) -> list[Receipt]:
    """Seven in different states, two with a deadline that comes in an hour."""
    made = [make_receipt(cast, f"ST-{n}") for n in range(4)]
    for receipt in made[:2]:
        soon = clock.now() + timedelta(hours=1)
        change_deadline(receipt_id=receipt.pk, deadline=soon, actor=SYSTEM)
    return [*made, make_in_work(cast), make_submitted(cast), make_returned(cast)]


def pages(shop: Caller, question: dict[str, Any]) -> list[Any]:
    """The answers of all pages; the second is reached by the cursor of the first."""
    found = [shop.get("/receipts/", **question).json()]
    while cursor := found[-1].get("next_cursor"):
        found.append(shop.get("/receipts/", **question, cursor=cursor).json())
    return found


def test_a_kept_question_is_answered_as_a_new_one(shop: Caller, sample: list[Receipt]) -> None:
    for question in QUESTIONS:
        fresh = pages(shop, question)
        again = pages(shop, question)
        views._plans.clear()
        assert fresh == again == pages(shop, question), question
        some = any(page["results"] for page in fresh)
        assert some or question in EMPTY, question


def test_a_page_holds_what_the_serializer_shows(shop: Caller, sample: list[Receipt]) -> None:
    """The form declares the fields once; the framework's own way of filling it gives the same."""
    listed = {row["id"]: row for row in shop.get("/receipts/").json()["results"]}
    for row in receipts(clock.now()).select_related("master", "watch"):
        wanted = dict(ReceiptForm(row).data)
        found = listed[row.pk]
        for name, value in wanted.items():
            moment = isinstance(value, str) and parse_datetime(value)
            same = parse_datetime(found[name]) == moment if moment else found[name] == value
            assert same, name
        assert set(found) == set(wanted)


def test_the_moment_is_that_of_the_question(shop: Caller, sample: list[Receipt]) -> None:
    def late() -> int:
        return sum(row["overdue"] for row in shop.get("/receipts/").json()["results"])

    assert late() == 0
    with time_machine.travel(clock.now() + timedelta(hours=2), tick=False):
        assert late() == 2
        assert len(shop.get("/receipts/", overdue="true").json()["results"]) == 2
    assert late() == 0


def test_what_depends_on_who_asks_is_not_kept(shop: Caller, caller: Any, cast: Cast) -> None:
    for question in ({"search": "+7 999 000-00-01"}, {"overdue": "true"}):
        shop.get("/receipts/", **question)
        assert not views._plans
    shop.get("/receipts/", status="in_work")
    assert len(views._plans) == 1
    assert Receipts.filters is not None
    known = {name for name, one in Receipts.filters.base_filters.items() if one.method}
    assert Receipts.filters.steady < known


def test_no_more_is_kept_than_is_bounded(
    shop: Caller, sample: list[Receipt], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_PLANS", 3)
    for limit in range(1, 8):
        assert len(shop.get("/receipts/", limit=limit).json()["results"]) == limit
        assert len(views._plans) <= 3


def test_a_wrong_question_is_never_kept(shop: Caller) -> None:
    for question in ({"status": "nonsense"}, {"limit": 1000}, {"ordering": "x"}, {"x": "1"}):
        assert [shop.get("/receipts/", **question).status_code for _ in range(2)] == [400, 400]
    assert not views._plans


def test_a_form_of_one_column() -> None:
    shape = plain.shape_of(ReceiptForm, ["id"])
    assert shape.build_all([(5,), (6,)]) == [{"id": 5}, {"id": 6}]


class TestBelief:
    """A key that was proven is believed for a second, and not longer."""

    @pytest.fixture(autouse=True)
    def _believed(self, _many_requests: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(proofs, "BELIEVED", timedelta(seconds=1))

    @pytest.mark.parametrize("how", ["revoked", "switched off", "without the scope"])
    def test_what_is_taken_away_is_gone_within_a_second(self, shop: Caller, how: str) -> None:
        path = "/operation-types/"
        with time_machine.travel(clock.now(), tick=False) as moving:
            assert shop.get(path).status_code == 200
            if how == "revoked":
                revoke_key(key_id=ApiKey.objects.get().pk, actor=SYSTEM)
            else:
                off = (
                    {"active": False} if how == "switched off" else {"scopes": [scopes.STAFF_READ]}
                )
                change_client(client_id=shop.client.pk, values=off, actor=SYSTEM)
            moving.shift(1)
            assert shop.get(path).status_code == (403 if "scope" in how else 401)

    def test_within_the_second_the_database_is_not_asked_for_it(self, shop: Caller) -> None:
        with time_machine.travel(clock.now(), tick=False):
            shop.get("/metals/")
            with CaptureQueriesContext(connection) as queries:
                assert shop.get("/metals/").status_code == 200
        assert not [one for one in queries if "integrations_apikey" in one["sql"]]

    def test_the_end_of_a_key_and_its_networks_hold_at_once(self, shop: Caller) -> None:
        with time_machine.travel(clock.now(), tick=False) as moving:
            end = clock.now() + timedelta(milliseconds=500)
            ApiKey.objects.update(expires_at=end)
            assert shop.get("/metals/").status_code == 200
            moving.shift(0.5)
            assert shop.get("/metals/").status_code == 401

    def test_only_the_whole_key_is_believed(self, shop: Caller) -> None:
        assert shop.get("/metals/").status_code == 200
        for wrong in (shop.key[:-1], shop.key + "a", shop.key.swapcase(), shop.key[:9]):
            answer = Client().get(f"{BASE}/metals/", headers={"X-API-Key": wrong})
            assert answer.status_code == 401
        assert shop.key not in repr(proofs._kept)


class TestShorterWay:
    """A request with a key passes by what only pages need; it gains nothing by that."""

    def test_an_office_session_counts_for_nothing_beside_a_key(
        self, shop: Caller, cast: Cast, admin_client: Client
    ) -> None:
        path = f"{BASE}/metals/"
        assert admin_client.get(path, headers={"X-API-Key": "wrong"}).status_code == 401
        assert admin_client.get(path, headers={"Authorization": "Bearer x"}).status_code == 401
        assert Client().post(path, headers={"X-API-Key": ""}).status_code == 401

    def test_no_cookie_comes_back_and_other_pages_are_guarded(self, shop: Caller) -> None:
        answer = shop.get("/metals/")
        assert not answer.cookies
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        with_key = Client().get("/admin/login/", headers={"X-API-Key": shop.key})
        assert "Content-Security-Policy" in with_key
        assert with_key.wsgi_request.session is not None
