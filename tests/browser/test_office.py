"""The way of a watch through the office, by mouse and keyboard, on a desktop and on a phone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from history.models import Event
from receipts.models import Receipt, ReturnItem
from receipts.services.deadlines import change_deadline
from receipts.services.facts import edit_facts
from receipts.services.works import WorkInput, record_work
from tests.browser.conftest import Office
from tests.cast import Cast, make_in_work, make_order, reason_id, type_id
from workshop.lib import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_way_of_a_watch(office: Office, cast: Cast, photo: Path, media: Any) -> None:
    page = office.page
    office.sign_in()
    office.go("/admin/receipts/receipt/add/")
    page.fill("#id_number", "№ 2001")
    page.fill("#id_deadline", "завтра 12:00")
    page.wait_for_function("document.querySelector('[data-office-told]').textContent.length > 5")
    assert "12:00" in page.inner_text("[data-office-told]")
    page.fill("#id_phone", "8 916 123-45-67")
    page.fill("#id_customer_name", "Пётр")
    page.fill("#id_brand", "Omega")
    office.confirm()
    receipt = Receipt.objects.get()
    assert receipt.deadline
    assert office.status() == "Приняты"

    office.verb("assign")
    page.select_option("#id_master", str(cast.maxim.pk))
    office.confirm()
    assert office.status() == "В работе"

    office.verb("record_work")
    page.check(f"#id_work_{type_id('assembly')}")
    office.confirm()

    office.verb("polishing_send")
    page.select_option("#id_polisher", str(cast.pavel.pk))
    office.confirm()
    office.verb("polishing_take_back")
    office.confirm()

    office.verb("photo")
    page.set_input_files("#id_photo", str(photo))
    office.confirm()
    page.click("[data-office-photo]")
    page.wait_for_selector("dialog[data-office-lightbox]", state="visible")
    page.click("[data-office-close]")

    office.verb("submit")
    office.confirm()
    assert office.status() == "На ОТК"

    office.verb("reading")
    page.fill("#id_rate", "4,5")
    page.fill("#id_amplitude", "285")
    office.confirm()

    office.verb("return")
    page.check(f"#id_reason_{reason_id('dirt_inside')}")
    page.check(f"#id_reason_{reason_id('polishing')}")
    page.click(".office-form button[type=submit]")
    page.wait_for_selector(".text-red-600 >> nth=0")  # polishing asks who it was
    page.select_option(f"#id_who_{reason_id('polishing')}", "undecided")
    page.select_option("#id_hand_to", str(cast.mark.pk))
    office.confirm()
    assert ReturnItem.objects.count() == 2
    assert office.status() == "В работе"

    office.verb("pass")
    office.confirm()
    assert office.status() == "Готовы к выдаче"
    with page.expect_navigation():
        page.click(".office-undo button")
    assert office.status() == "В работе"
    office.verb("pass")
    office.confirm()

    office.verb("issue")
    page.check("#id_as_taken_in")
    office.confirm()
    assert office.status() == "Выданы клиенту"
    channels = set(Event.objects.filter(stream=receipt.stream).values_list("channel", flat=True))
    assert channels == {"admin"}


def test_lists_forms_and_people(office: Office, cast: Cast) -> None:
    page = office.page
    receipt = make_in_work(cast, number="77")
    office.sign_in()
    pages = (
        "/admin/",
        "/admin/receipts/receipt/",
        f"/admin/receipts/receipt/{receipt.pk}/change/",
        f"/admin/receipts/receipt/{receipt.pk}/do/facts/",
        f"/admin/receipts/receipt/{receipt.pk}/do/measure/",
        "/admin/history/event/",
        "/admin/staff/employee/",
        f"/admin/staff/employee/{cast.mark.pk}/change/",
        "/admin/receipts/operationtype/",
        "/admin/receipts/servicelimit/add/",
        "/admin/receipts/workcalendar/add/",
        "/admin/auth/user/add/",
        "/admin/receipts/operation/",
    )
    for path in pages:
        office.go(path)
    office.go("/admin/")
    page.fill("#office-find", "77")
    page.keyboard.press("Enter")
    page.wait_for_url("**/receipt/?q=77")
    page.click("#result_list a[href*='/change/'] >> nth=0")
    page.wait_for_url("**/change/**")
    office.looks_right()


def test_no_column_of_a_list_is_cut(office: Office, cast: Cast) -> None:
    """As wide as in a workshop at work: two places, a deadline, a long watch, several works."""
    igor = cast.actor("igor")
    receipt = make_in_work(cast, number="АВ-1397")
    make_order(cast, receipt)
    soon = clock.now() + timedelta(days=3)
    change_deadline(receipt_id=receipt.pk, deadline=soon, actor=igor)
    told = {"description": "Jaeger-LeCoultre Reverso Classic DEMO0000396"}
    edit_facts(receipt_id=receipt.pk, facts=told, actor=igor)
    works = [WorkInput(type_id(code), cast.maxim.pk) for code in ("assembly", "mechanism")]
    record_work(receipt_id=receipt.pk, works=works, actor=igor)
    office.sign_in()
    for path in ("/admin/receipts/receipt/", "/admin/history/job/"):
        office.go(path)
        cut = office.page.evaluate(
            """() => { const table = document.querySelector("#result_list");
            let frame = table.parentElement;
            while (getComputedStyle(frame).overflowX === "visible") frame = frame.parentElement;
            return Math.max(frame.scrollWidth - frame.clientWidth, table.scrollWidth
                - frame.clientWidth); }"""
        )
        assert cut <= 1, path


def test_a_hold_by_keyboard_alone(office: Office, cast: Cast) -> None:
    receipt = make_in_work(cast)
    office.sign_in()
    office.go(f"/admin/receipts/receipt/{receipt.pk}/do/comment/")
    page = office.page
    page.focus("#id_comment")
    page.keyboard.type("Звонили клиенту")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/")
    office.looks_right()
    assert "Звонили клиенту" in page.inner_text("#timeline")


def test_several_receipts_from_the_list(office: Office, cast: Cast) -> None:
    receipt = make_in_work(cast)
    office.sign_in()
    office.go("/admin/receipts/receipt/")
    page = office.page
    page.check("#result_list input.action-select >> nth=0")
    page.select_option("select[name=action]", "urgent_on")
    page.click("#changelist-actions-wrapper button[type=submit] >> nth=0")
    page.wait_for_selector(".office-form")
    page.click(".office-form button[type=submit]")
    page.wait_for_selector(".office-table")
    office.looks_right()
    receipt.refresh_from_db()
    assert receipt.urgent
