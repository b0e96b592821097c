"""🔥 means the same in the bot and in the office: the mark of a number, and what the list holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from analytics.admin.home.cards import now_cards
from botapp.screens import words
from receipts.models import Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.facts import set_urgent
from tests.cast import Cast, make_in_work, make_ready, make_receipt
from workshop.lib import clock

pytestmark = pytest.mark.django_db
LIST = "/admin/receipts/receipt/"


@pytest.fixture
def lists(cast: Cast) -> set[str]:
    """The numbers that belong to the urgent list, beside others."""
    igor, soon = cast.actor("igor"), clock.now() + timedelta(days=3)
    flagged, due, both = (make_in_work(cast, number=number) for number in ("F1", "D1", "B1"))
    finished = make_ready(cast)
    make_receipt(cast, "N1")
    for row in (flagged, both, finished):
        set_urgent(receipt_id=row.pk, urgent=True, actor=igor)
    for row in (due, both):
        change_deadline(receipt_id=row.pk, deadline=soon, actor=igor)
    return {"F1", "D1", "B1"}


def test_the_office_lists_what_the_bot_lists(manager: Client, lists: set[str]) -> None:
    assert {row.number for row in Receipt.objects.urgent_list()} == lists
    page = manager.get(LIST, {"urgent": "list"})
    assert {row.number for row in page.context["cl"].result_list} == lists
    card = next(one for one in now_cards(clock.now()) if "🔥" in str(one.label))
    assert (card.count, card.url) == (len(lists), f"{LIST}?urgent=list")


def test_the_mark_is_the_flag_in_both(manager: Client, lists: set[str]) -> None:
    text = manager.get(LIST).content.decode()
    for row in Receipt.objects.all():
        marked = row.number not in {"D1", "N1"}
        assert words.number(row) == (f"🔥 №{row.number}" if marked else f"№{row.number}")
        assert (f"🔥 №{row.number}<" in text) is marked
        page = manager.get(f"{LIST}{row.pk}/change/").content.decode()
        assert ('office-danger">🔥 ' in page) is marked
