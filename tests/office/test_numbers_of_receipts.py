"""The pages of whole watches: their numbers, and the receipts behind every one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from analytics.models import Mark
from analytics.receipt_facts.services import refresh
from analytics.tests.golden import AT, golden
from receipts.models import Receipt
from staff import roles
from tests.office.conftest import make_user, signed_in
from workshop.lib import clock

pytestmark = pytest.mark.django_db
NAMES = ("lead-time", "deadlines", "first-pass", "flow")
PAGES = [reverse(f"numbers-{name}") for name in NAMES]
LIST = reverse("numbers-receipts")
MARCH = {"period": "custom", "from": "01.03.2026", "to": "31.03.2026"}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The golden workshop, played once for all tests of this module."""
    with django_db_blocker.unblock(), transaction.atomic():
        golden()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def client(world: None, db: None, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(clock, "now", lambda: AT)
    return signed_in(make_user("anna", roles.GROUPS[roles.MANAGER]))


def store_half() -> None:
    """As after a turn of the refresher in which half of the changes were not there yet."""
    ids = list(Receipt.objects.order_by("pk").values_list("pk", flat=True))[::2]
    refresh(ids)
    Mark.objects.filter(receipt__in=ids).delete()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("brand", ["", "Ракета"])
def test_every_linked_number_is_as_long_as_its_list(
    client: Client, page: str, stored: bool, brand: str
) -> None:
    if stored:
        store_half()
    text = client.get(page, {**MARCH, "brand": brand}).content.decode()
    links = re.findall(rf'<a class="[^"]*" href="{LIST}\?([^"]+)">(?:<span[^>]*>)?(\d+)<', text)
    assert len(links) > (2 if brand else 5)
    assert all(("brand=" in query) == bool(brand) for query, _number in links)
    for query, number in links:
        listed = client.get(f"{LIST}?{unescape(query)}")
        assert listed.context["page"].paginator.count == int(number), query
        assert len(listed.context["rows"]) == min(int(number), 50)


def test_lists_have_pages_and_keep_the_question(client: Client) -> None:
    first = client.get(LIST, {**MARCH, "what": "received"})
    assert len(first.context["rows"]) == 49
    listed = client.get(LIST, {"period": "all", "what": "received"})
    page = listed.context["page"]
    assert (page.paginator.count, page.paginator.num_pages) == (55, 2)
    second = client.get(LIST, {"period": "all", "what": "received", "page": "2"})
    both = [receipt.pk for receipt, _cells in (*listed.context["rows"], *second.context["rows"])]
    assert len(set(both)) == 55


@pytest.mark.parametrize("page", [*PAGES, LIST])
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"period": "custom", "from": "01.02.2026", "to": "32.13.2026"}, "to"),
        (
            {"period": "\x00", "what": "status", "status": "<b>", "reason": "9" * 30, "page": "-1"},
            "period",
        ),
        ({"period": "for ever", "what": "type_hit", "type": "x"}, "period"),
    ],
)
def test_a_wrong_question_is_kept_and_answered(
    client: Client, page: str, asked: dict[str, str], field: str
) -> None:
    answer = client.get(page, asked)
    assert answer.status_code == 200
    assert list(answer.context["asked"].errors) == [field]
