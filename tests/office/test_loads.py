"""The pages of the present: every number opens exactly its rows, for those who may see them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from polishing.services.orders import take_back
from receipts.models import HoldReason, Metal, WaiverReason
from receipts.services.assignment import assign
from receipts.services.deadlines import change_deadline
from receipts.services.flow import hold, submit
from receipts.services.intake import take_in
from receipts.services.returns import ItemInput, return_watch
from receipts.services.works import void_work, waive_work
from staff import roles
from tests.cast import (
    Cast,
    make_in_work,
    make_order,
    make_polished,
    make_ready,
    make_receipt,
    make_submitted,
    make_worked,
    reason_id,
    type_id,
)
from tests.office.conftest import make_user, signed_in
from workshop.lib import clock

pytestmark = pytest.mark.django_db
PAGES = [
    reverse(f"numbers-{name}") for name in ("workshop", "masters", "polishing", "accountability")
]
LISTS = [reverse(f"numbers-{name}") for name in ("here", "handed", "rounds", "deeds")]
ALL = {"period": "all"}


def fill(cast: Cast, times: int = 1) -> None:
    """A bit of everything that the pages count."""
    igor, now = cast.actor("igor"), clock.now()
    for _time in range(times):
        make_receipt(cast)
        make_ready(cast)
        make_submitted(cast)
        make_order(cast, make_in_work(cast, master="mark"))
        make_polished(cast, make_in_work(cast))
        again = make_order(cast, make_receipt(cast))
        take_back(order_id=again.pk, done=False, reason="не нужно", actor=igor)
        late = make_in_work(cast, at=now - timedelta(days=9))
        change_deadline(
            receipt_id=late.pk, deadline=now - timedelta(days=1), actor=igor,
            at=now - timedelta(days=8),
        )  # fmt: skip
        waits = make_in_work(cast, at=now - timedelta(days=40))
        reason = HoldReason.objects.get(code="parts")
        hold(receipt_id=waits.pk, reason_id=reason.pk, actor=igor)
        back = make_submitted(cast)
        item = ItemInput(reason_id("dirt_inside"), "undecided")
        return_watch(receipt_id=back.pk, items=[item], actor=igor)
        wrong = make_worked(cast)
        operation = wrong.operations.get()
        void_work(receipt_id=wrong.pk, operation_id=operation.pk, reason="не то", actor=igor)
        waiver = WaiverReason.objects.get(code="polishing_only")
        waive_work(
            receipt_id=wrong.pk, type_id=type_id("assembly"), reason_id=waiver.pk, actor=igor
        )
        submit(receipt_id=wrong.pk, actor=igor)


def numbers(html: str) -> list[tuple[int, str]]:
    """Every number of a page that leads to a list: (number, address)."""
    pattern = r'<a class="office-link[^"]*" href="([^"]+)">(\d+)</a>'
    return [(int(count), unescape(url)) for url, count in re.findall(pattern, html)]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("narrowed", ["", "person", "brand", "type", "metal"])
def test_every_number_opens_exactly_its_rows(
    manager: Client, cast: Cast, page: str, narrowed: str
) -> None:
    fill(cast)
    metal = Metal.objects.all()[0]
    watch = {"brand": "Omega", "metal": metal.pk}
    omega = take_in(watch=watch, number="777", actor=cast.actor("igor")).object
    assign(
        receipt_id=omega.pk, master_id=cast.maxim.pk, purpose_id=type_id("assembly"),
        actor=cast.actor("igor"),
    )  # fmt: skip
    asked = {
        "person": {"person": str(cast.igor.pk if "account" in page else cast.maxim.pk)},
        "brand": {"brand": "Omega"},
        "type": {"type": str(type_id("assembly"))},
        "metal": {"metal": str(metal.pk)},
    }.get(narrowed, {})
    answer = manager.get(page, {**ALL, **asked})
    found = numbers(answer.content.decode())
    fits = narrowed in answer.context["asked"].fields
    least = 1 if fits and "polishing" not in page else 0 if fits else 7
    assert len(found) >= least
    for count, url in found:
        behind = manager.get(url).context["page"].paginator
        assert behind.count == count, url


def test_the_lists_say_what_they_show(manager: Client, cast: Cast) -> None:
    fill(cast)
    hold_reason = HoldReason.objects.get(code="parts")
    asked = {"place": "hold", "hold": str(hold_reason.pk), "age": "4"}
    answer = manager.get(reverse("numbers-here"), asked)
    assert answer.context["chosen"] == ["30–60 д", "Ожидание", hold_reason.name]
    assert answer.context["page"].paginator.count == 1
    asked = {"who": str(cast.mark.pk), "place": "polisher"}
    answer = manager.get(reverse("numbers-handed"), asked)
    assert answer.context["chosen"] == [cast.mark.short_name, "У полировщиков"]
    assert "Марк С." in answer.content.decode()
    answer = manager.get(reverse("numbers-rounds"), {"what": "out", "parts": "case"})
    assert answer.context["page"].paginator.count == 1
    deed = {"what": "voided", "who": f"employee:{cast.igor.pk}", **ALL}
    text = manager.get(reverse("numbers-deeds"), deed).content.decode()
    assert "Аннулировано: Сборка, Максим М. (не то)" in text


def test_not_accepted_with_self_service(manager: Client, cast: Cast, settings: Any) -> None:
    settings.WORKSHOP_SELF_SERVICE = True
    make_in_work(cast)
    answer = manager.get(PAGES[1])
    assert answer.context["total"]["waiting"].count == 1
    behind = manager.get(answer.context["total"]["waiting"].url)
    assert behind.context["page"].paginator.count == 1
    assert behind.context["chosen"] == ["мастер не принял"]


@pytest.mark.parametrize("page", PAGES + LISTS)
def test_an_empty_workshop_has_no_data(manager: Client, page: str) -> None:
    assert "нет данных" in manager.get(page).content.decode().lower()


@pytest.mark.parametrize("page", PAGES + LISTS)
def test_they_are_for_managers_and_owners(owner: Client, cast: Cast, page: str) -> None:
    assert owner.get(page).status_code == 200
    cast.igor.user = make_user("igor", *roles.OFFICE_GROUPS[:2])
    cast.igor.save(update_fields=["user"])
    assert signed_in(cast.igor.user).get(page).status_code == 403
    assert Client().get(page).status_code == 302


@pytest.mark.parametrize("page", LISTS)
@pytest.mark.parametrize(
    "asked",
    [
        {"place": "<b>", "age": "77", "hold": "0", "late": "x", "who": "9" * 30, "what": "\x00"},
        {"who": "employee:\x00", "kind": "\x00", "what": "undecided", "parts": "\x00"},
        {"who": "0", "purpose": "0", "metal": "0", "page": "-1", "period": "for ever"},
        {"what": "rework", "period": "custom", "from": "01.02.2026", "to": "32.13.2026"},
        {"what": "done", "who": "١٢", "age": "٣"},
    ],
)
def test_a_wrong_question_is_answered(
    manager: Client, cast: Cast, page: str, asked: dict[str, str]
) -> None:
    fill(cast)
    assert manager.get(page, asked).status_code == 200


@pytest.mark.parametrize("page", LISTS)
@pytest.mark.parametrize(("form", "begins"), [("xlsx", b"PK"), ("pdf", b"%PDF")])
def test_the_lists_are_files_too(
    manager: Client, cast: Cast, page: str, form: str, begins: bytes
) -> None:
    fill(cast)
    answer = manager.get(page, {**ALL, "file": form})
    assert answer.getvalue().startswith(begins)


@pytest.mark.parametrize("page", PAGES + LISTS)
def test_more_rows_ask_no_more_questions(
    manager: Client, cast: Cast, page: str, django_assert_num_queries: Any
) -> None:
    fill(cast)
    manager.get(page, ALL)
    with CaptureQueriesContext(connection) as few:
        manager.get(page, ALL)
    fill(cast, times=3)
    with django_assert_num_queries(len(few)):
        manager.get(page, ALL)
