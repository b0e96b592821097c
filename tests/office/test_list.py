"""The receipts list, the first page and actions on several receipts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from history.models import Event
from polishing.models import PolishingBatch
from receipts.models import Receipt
from receipts.services.deadlines import change_deadline
from receipts.services.facts import set_urgent
from receipts.services.intake import take_in
from receipts.services.returns import ItemInput, return_watch
from tests.cast import (
    Cast,
    make_in_work,
    make_order,
    make_ready,
    make_receipt,
    make_submitted,
    reason_id,
    type_id,
)
from tests.office.forms import initial
from workshop.lib import admin, clock

pytestmark = pytest.mark.django_db
LIST = "/admin/receipts/receipt/"


def numbers(client: Client, **query: Any) -> list[str]:
    page = client.get(LIST, query)
    assert page.status_code == 200
    return [row.number for row in page.context["cl"].result_list]


def many(count: int) -> None:
    now = clock.now()
    Receipt.objects.bulk_create(
        Receipt(
            number=f"B{index}",
            number_key=f"b{index}",
            similar_key=f"b{index}",
            status="received",
            status_since=now,
            received_at=now,
        )
        for index in range(count)
    )


def test_the_list_asks_as_often_for_ten_rows_as_for_a_thousand(manager: Client, cast: Cast) -> None:
    counts = []
    for extra in (10, 990):
        many_from = Receipt.objects.count()
        now = clock.now()
        Receipt.objects.bulk_create(
            Receipt(
                number=f"B{many_from + index}",
                number_key=f"b{many_from + index}",
                similar_key=f"b{many_from + index}",
                status_since=now,
                received_at=now,
            )
            for index in range(extra)
        )
        make_order(cast, make_in_work(cast))
        manager.get(LIST)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert manager.get(LIST).status_code == 200
        counts.append(len(queries))
        whole = [q["sql"] for q in queries if q["sql"].startswith("SELECT COUNT(*) AS")]
        assert whole == [], "no count of the whole table"
    assert counts[0] == counts[1], counts
    assert counts[0] <= 25, counts


def test_counts_end_at_the_bound(
    manager: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "EXACT_TO", 60)
    many(100)
    page = manager.get(LIST, {"status": "received"})
    assert page.context["cl"].paginator.told.startswith("больше")
    assert page.context["cl"].paginator.num_pages == 2
    page = manager.get(LIST)
    assert page.context["cl"].paginator.told.startswith("около")
    assert manager.get(LIST, {"p": "2"}).status_code == 200
    assert manager.get(LIST, {"p": "99"}).status_code == 400


def test_filters(manager: Client, cast: Cast) -> None:
    igor = cast.actor("igor")
    now = clock.now()
    late = take_in(
        number="1",
        deadline=now - timedelta(days=1),
        actor=igor,
        watch={"brand": "Omega", "serial": "S1"},
        at=now - timedelta(days=5),
    ).object
    urgent = make_in_work(cast, number="2")
    set_urgent(receipt_id=urgent.pk, urgent=True, actor=igor)
    back = make_submitted(cast)
    item = ItemInput(reason_id("dirt_inside"), "person", cast.maxim.pk)
    return_watch(receipt_id=back.pk, items=[item], actor=igor)
    make_order(cast, urgent)
    assert numbers(manager, due="overdue") == [late.number]
    assert numbers(manager, urgent="1") == ["2"]
    assert numbers(manager, returned="1") == [back.number]
    assert numbers(manager, polisher=cast.pavel.pk) == ["2"]
    assert numbers(manager, polisher="any") == ["2"]
    assert numbers(manager, brand="Omega") == ["1"]
    assert numbers(manager, work=type_id("assembly")) == [back.number]
    assert numbers(manager, master=cast.maxim.pk) == [back.number, "2"]
    day = clock.today().isoformat()
    assert numbers(manager, received_at_from=day) == [back.number, "2"]
    assert numbers(manager, received_at_to="01.01.2020") == []
    assert numbers(manager, received_at_to="nonsense") == []
    for name in ("status", "due", "master", "polisher", "work", "urgent", "returned", "void"):
        assert numbers(manager, **{name: "9" * 30}) is not None
        assert numbers(manager, **{name: "x' OR 1=1"}) is not None


@pytest.mark.parametrize(
    "text", ["00777", "777", "№ 777", "s-77", "S77", "8 916 777-77-77", "omega", "Spee", "mega spe"]
)
def test_search(manager: Client, cast: Cast, text: str) -> None:
    igor = cast.actor("igor")
    take_in(
        number="777",
        customer={"name": "Пётр", "phone": "+79167777777"},
        watch={"brand": "Omega", "model": "Speedmaster", "serial": "S77"},
        actor=igor,
    )
    make_receipt(cast, "888")
    assert numbers(manager, q=text) == ["777"]


def test_search_in_russian_and_by_a_part(manager: Client, cast: Cast) -> None:
    take_in(number="А-12345", watch={"brand": "Полёт"}, actor=cast.actor("igor"))
    assert numbers(manager, q="ПОЛЕТ") == ["А-12345"]
    assert numbers(manager, q="полёт") == ["А-12345"]
    assert numbers(manager, q="234") == ["А-12345"]
    assert numbers(manager, q="a-12345") == ["А-12345"], "Latin A is the same letter"


def test_every_number_of_the_first_page_is_that_of_its_list(manager: Client, cast: Cast) -> None:
    igor, now = cast.actor("igor"), clock.now()
    make_ready(cast)
    late = make_receipt(cast, at=now - timedelta(days=3))
    change_deadline(
        receipt_id=late.pk,
        deadline=now - timedelta(days=1),
        actor=igor,
        at=now - timedelta(days=2),
    )
    back = make_submitted(cast)
    item = ItemInput(reason_id("dirt_inside"), "undecided")
    return_watch(receipt_id=back.pk, items=[item], actor=igor)
    page = manager.get("/admin/")
    cards = [*page.context["now_cards"], *page.context["today_cards"]]
    assert sum(card.count for card in cards) > 8
    for card in cards:
        behind = manager.get(card.url)
        assert behind.context["cl"].result_count == card.count, card.label


def test_the_first_page_of_an_empty_workshop(manager: Client, owner: Client) -> None:
    assert manager.get("/admin/").context["is_empty"]
    page = owner.get("/admin/")
    assert page.status_code == 200
    assert not page.context["may_register"]


# --- several at once ------------------------------------------------------------------------------


def send(client: Client, slug: str, receipts: list[Receipt], **typed: Any) -> Any:
    ids = [row.pk for row in receipts]
    page = client.post(LIST, {"action": slug, "_selected_action": ids})
    assert page.status_code == 200
    data = initial(page.context["form"]) | typed | {"ids": ids}
    return client.post(page.context["action"], data), data


def test_assigning_several(manager: Client, cast: Cast) -> None:
    rows = [make_receipt(cast), make_ready(cast)]
    answer, data = send(manager, "assign_selected", rows, master=cast.maxim.pk)
    assert [row.ok for row in answer.context["rows"]] == [True, False]
    rows[0].refresh_from_db()
    assert rows[0].master == cast.maxim
    events = Event.objects.count()
    manager.post(answer.wsgi_request.path, data)
    assert Event.objects.count() == events, "the same form twice has one effect"


def test_urgent_for_several(manager: Client, cast: Cast) -> None:
    rows = [make_receipt(cast), make_receipt(cast)]
    send(manager, "urgent_on", rows)
    assert Receipt.objects.filter(urgent=True).count() == 2
    send(manager, "urgent_off", rows)
    assert not Receipt.objects.filter(urgent=True).exists()


def test_a_batch_for_several(manager: Client, cast: Cast) -> None:
    rows = [make_receipt(cast), make_receipt(cast)]
    answer, data = send(manager, "polishing_selected", rows, polisher=cast.pavel.pk, case="on")
    assert all(row.ok for row in answer.context["rows"])
    manager.post(answer.wsgi_request.path, data)
    assert PolishingBatch.objects.get().orders.count() == 2


def test_the_owner_has_no_actions(owner: Client, cast: Cast) -> None:
    row = make_receipt(cast)
    owner.post(LIST, {"action": "urgent_on", "_selected_action": [row.pk]})
    url = reverse("admin:receipts_receipt_bulk", args=["urgent_on"])
    assert owner.post(url, {"ids": [row.pk]}).status_code == 403
    row.refresh_from_db()
    assert not row.urgent
